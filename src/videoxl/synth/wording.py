"""How questions are worded: templates of two groups, and the little English they need.

The noun that a question asks about is its last word. The test split asks in sentences that training never saw, made of
words that it did see.
"""

from __future__ import annotations

from typing import Literal, get_args

from videoxl.synth.splits import Split

QuestionKind = Literal["what", "is_there", "when", "when_it", "list", "count", "first", "last"]
KINDS: tuple[QuestionKind, ...] = get_args(QuestionKind)

# kind -> (training and validation, test)
TEMPLATES: dict[QuestionKind, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "what": (
        (
            "What appears in the film?",
            "What was inserted?",
            "What is shown in the film?",
            "What picture is shown?",
            "Which picture was inserted into the film?",
        ),
        ("Which picture appears in the film?", "What was inserted into the film?", "What picture was inserted?"),
    ),
    "is_there": (
        ("Does the film show {a}?", "{Is} there {a}?", "Can you see {a}?", "Does the film have a picture of {a}?"),
        ("Is there a picture of {a}?", "Does the film have {a}?"),
    ),
    "when": (
        ("When does the film show {a}?", "When {is} there {a}?", "When can you see {a}?"),
        ("When does the film have {a}?", "When is there a picture of {a}?"),
    ),
    "when_it": (
        ("When does it appear?", "When was it inserted?", "When is it shown?", "When was the picture inserted?"),
        ("When does the picture appear?", "When was it inserted into the film?"),
    ),
    "list": (
        ("What appears in the film, in order?", "List every picture in order.", "List what was inserted, in order."),
        ("List what appears in the film, in order.", "List every picture in the film in order."),
    ),
    "count": (
        (
            "How many pictures were inserted?",
            "How many pictures appear in the film?",
            "How many different pictures are there?",
        ),
        ("How many different pictures appear in the film?", "How many pictures are there in the film?"),
    ),
    "first": (
        ("What appears first?", "Which picture comes first?", "What was inserted first?"),
        ("Which picture appears first?", "What comes first?"),
    ),
    "last": (
        ("What appears last?", "Which picture comes last?", "What was inserted last?"),
        ("Which picture appears last?", "What comes last?"),
    ),
}

UNCOUNTED = frozenset(
    {
        *("beer", "bread", "broccoli", "cheese", "coffee", "corn", "garlic"),
        *("honey", "luggage", "popcorn", "spaghetti", "sushi", "wine", "yarn"),
    }
)
PLURALS = frozenset(["dice"])
SINGULARS_IN_S = ("ss", "us", "os", "is", "as")
CONSONANT_STARTS = ("uni", "ufo", "uku", "eu")
SILENT_STARTS = ("hour",)


def templates(kind: QuestionKind, split: Split) -> tuple[str, ...]:
    """The wordings of a kind that one split uses."""
    return TEMPLATES[kind][1 if split == "test" else 0]


def phrase(wording: str, name: str = "") -> str:
    """A wording about a name, in English."""
    if not name:
        return wording
    verb = "are" if is_plural(name) else "is"
    return wording.format_map({"a": with_article(name), "is": verb, "Is": verb.capitalize()})


def is_plural(name: str) -> bool:
    """Whether English says "are there" before the name."""
    return name in PLURALS or (name.endswith("s") and not name.endswith(SINGULARS_IN_S))


def with_article(name: str) -> str:
    """ "a drum", "an apple", "scissors", "corn"."""
    if is_plural(name) or name in UNCOUNTED:
        return name
    vowel = (name[0] in "aeiou" and not name.startswith(CONSONANT_STARTS)) or name.startswith(SILENT_STARTS)
    return f"{'an' if vowel else 'a'} {name}"


def clock(seconds: float) -> str:
    """ "1:05", or "1:01:05" from an hour on; rounded down."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
