"""How questions are worded: templates of two groups, and the little English they need.

The noun that a question asks about is its last word. The test split asks in sentences that training never saw, made of
words that it did see.
"""

from __future__ import annotations

from typing import Literal, get_args

from videoxl.synth.splits import Split

BasicKind = Literal["what", "is_there", "when", "when_it", "list", "count", "first", "last"]
OrderKind = Literal["after", "before", "is_before", "how_often"]
SceneKind = Literal["scene", "scenes", "is_scene"]
EventKind = Literal["read", "unusual", "when_unusual", "advert", "when_advert"]
QuestionKind = Literal[BasicKind, OrderKind, SceneKind, EventKind]
BASIC_KINDS: tuple[QuestionKind, ...] = get_args(BasicKind)
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
        (
            "Does the film show {a}?",
            "{Is} there {a}?",
            "Can you see {a}?",
            "Does the film have a picture of {a}?",
            "Does the film have {a}?",
            "Does it show {a}?",
            "Does it have {a}?",
        ),
        ("Is there a picture of {a}?", "Does the film show a picture of {a}?", "Can you see a picture of {a}?"),
    ),
    "when": (
        ("When does the film show {a}?", "When {is} there {a}?", "When can you see {a}?"),
        ("When does the film have {a}?", "When is there a picture of {a}?"),
    ),
    "when_it": (
        (
            "When does it appear?",
            "When was it inserted?",
            "When is it shown?",
            "When was the picture inserted?",
            "When does the picture appear?",
            "When was it inserted into the film?",
            "When is the picture shown?",
            "When does it appear in the film?",
        ),
        ("When does the picture appear in the film?", "When is it inserted?", "When was the picture shown?"),
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
    "after": (
        (
            "What comes right after {a}?",
            "What comes after {a}?",
            "What appears right after {a}?",
            "Which picture comes right after {a}?",
            "What was inserted right after {a}?",
            "What is shown after {a}?",
        ),
        ("Which picture appears right after {a}?", "What is shown right after {a}?", "What was inserted after {a}?"),
    ),
    "before": (
        (
            "What comes right before {a}?",
            "What comes before {a}?",
            "What appears right before {a}?",
            "Which picture comes right before {a}?",
            "What was inserted right before {a}?",
            "What is shown before {a}?",
        ),
        ("Which picture appears right before {a}?", "What is shown right before {a}?", "What was inserted before {a}?"),
    ),
    "is_before": (
        (
            "Does the film show {a} before {b}?",
            "{Is} there {a} before {b}?",
            "Can you see {a} before {b}?",
            "{Is} {a} shown before {b}?",
        ),
        ("Does the film have {a} before {b}?", "Is there a picture of {a} before {b}?"),
    ),
    "how_often": (
        (
            "How many times does the film show {a}?",
            "How often does the film show {a}?",
            "How many times can you see {a}?",
            "How many times is there a picture of {a}?",
        ),
        ("How often can you see {a}?", "How many times does the film have {a}?"),
    ),
    "scene": (
        ("Where does the film show {a}?", "Where can you see {a}?", "What scene is behind {a}?"),
        ("Where is there a picture of {a}?", "Which scene is behind {a}?"),
    ),
    "scenes": (
        ("What scenes does the film show, in order?", "List every scene in order.", "What scenes are there, in order?"),
        ("List every scene in the film in order.", "What scenes are there in the film, in order?"),
    ),
    "is_scene": (
        ("Does the film have a scene of {a}?", "Is there a scene of {a}?", "Does the film show a scene of {a}?"),
        ("Can you see a scene of {a}?", "Can you see the scene of {a}?"),
    ),
    "read": (
        (
            "What does the card say?",
            "Which word is on the card?",
            "Which word does the card show?",
            "What is written on the card?",
        ),
        ("Which word is written on the card?", "What word does the card say?"),
    ),
    "unusual": (
        (
            "What is unusual in the film?",
            "What unusual picture is there?",
            "What does not belong in the film?",
            "What is strange in the film?",
        ),
        ("What unusual picture appears in the film?", "What does not belong?", "What is strange?"),
    ),
    "when_unusual": (
        (
            "When is there something unusual?",
            "When does something unusual appear?",
            "When does the film show something strange?",
        ),
        ("When does something strange appear?", "When does the film show something unusual?"),
    ),
    "advert": (
        (
            "What is advertised?",
            "What does the advertisement show?",
            "Which picture is in the advertisement?",
            "What is advertised in the film?",
        ),
        ("Which picture does the advertisement show?", "What is in the advertisement?"),
    ),
    "when_advert": (
        ("When is there an advertisement?", "When does the advertisement appear?", "When is the advertisement shown?"),
        ("When can you see the advertisement?", "When does the film show the advertisement?"),
    ),
}

UNCOUNTED = frozenset(
    {
        *(
            "bacon",
            "beer",
            "bowling",
            "bread",
            "broccoli",
            "butter",
            "cheese",
            "coffee",
            "coral",
            "corn",
            "dna",
            "garlic",
        ),
        *("honey", "luggage", "popcorn", "spaghetti", "soap", "sushi", "wine", "yarn"),
        *("graffiti", "space"),
    }
)
PLURALS = frozenset(["dice"])
SINGULARS_IN_S = ("ss", "us", "os", "is", "as")
CONSONANT_STARTS = ("uni", "ufo", "uku", "eu")
SILENT_STARTS = ("hour",)


def templates(kind: QuestionKind, split: Split) -> tuple[str, ...]:
    """The wordings of a kind that one split uses."""
    return TEMPLATES[kind][1 if split == "test" else 0]


def phrase(wording: str, name: str = "", other: str = "") -> str:
    """A wording about a name, or about a name and then another one, in English."""
    if not name:
        return wording
    verb = "are" if is_plural(name) else "is"
    words = {"a": with_article(name), "is": verb, "Is": verb.capitalize(), "b": with_article(other) if other else ""}
    return wording.format_map(words)


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
