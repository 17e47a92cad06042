"""A question that needs several clues in order, and the rules that write some without a language model.

A rule only asks what the timeline says beyond doubt: an event is named only if no other event of the film has its
words, "right after" only where nothing overlaps and nothing in between went undescribed.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import numpy as np

from videoxl.vico.event import Event, Timeline, plain

Kind = Literal["order", "earliest", "latest", "claim", "after", "before", "between", "second"]
KINDS: tuple[Kind, ...] = get_args(Kind)
OPTIONS = (3, 4, 5)  # events that a question about their order names
LETTERS = "ABCDE"
TRIES = 3  # rounds over all kinds before a film is taken to have no further question

WORDINGS: dict[Kind, tuple[str, ...]] = {
    "order": (
        "In which order do these things happen? {options}. Answer with the letters.",
        "Put these in the order in which the video shows them: {options}. Answer with the letters.",
        "Sort what happens in the video by time, earliest first: {options}. Answer with the letters.",
    ),
    "earliest": (
        "Which of these happens first? {options}.",
        "What does the video show before the others: {options}?",
    ),
    "latest": (
        "Which of these happens last? {options}.",
        "What does the video show after the others: {options}?",
    ),
    "claim": (
        "Does the video show this order: {chain}? Answer yes or no.",
        "Is this the order in which things happen: {chain}? Answer yes or no.",
    ),
    "after": (
        'What happens right after "{first}"?',
        'Which thing comes next once the video has shown this: "{first}"?',
    ),
    "before": (
        'What happens right before "{first}"?',
        'Which thing comes last before the video shows this: "{first}"?',
    ),
    "between": (
        'What happens after "{first}" and before "{last}"?',
        'Between "{first}" and "{last}", what does the video show?',
    ),
    "second": (
        'What is the second thing to happen after "{first}"?',
        'Starting from "{first}", what comes after the next thing?',
    ),
}


@dataclass(frozen=True, slots=True)
class VicoQuestion:
    """A question, its answer, and the events, in order, that one must have seen to know it."""

    kind: str
    text: str
    answer: str
    clues: tuple[Event, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(about: dict[str, Any]) -> "VicoQuestion":
        """Read back what to_json wrote."""
        clues = tuple(Event(**clue) for clue in about["clues"])
        return VicoQuestion(str(about["kind"]), str(about["text"]), str(about["answer"]), clues)


def rule_questions(timeline: Timeline, number: int, generator: np.random.Generator) -> list[VicoQuestion]:
    """At most so many different questions, their kinds mixed; fewer where the film has no more to ask for."""
    found: list[VicoQuestion] = []
    for _ in range(TRIES * max(1, -(-number // len(KINDS)))):
        for index in generator.permutation(len(KINDS)):
            question = _MAKERS[KINDS[int(index)]](timeline, generator)
            is_new = question is not None and plain(question.text) not in {plain(other.text) for other in found}
            if question is not None and is_new:
                found.append(question)
            if len(found) == number:
                return found
    return found


def _order(timeline: Timeline, generator: np.random.Generator) -> VicoQuestion | None:
    number = int(generator.choice(OPTIONS))
    events = _in_order(timeline, number, generator)
    if len(events) < min(OPTIONS):
        return None
    shown, options = _options(events, generator)
    answer = ", ".join(LETTERS[shown.index(event)] for event in events)
    return _question("order", generator, answer, events, options=options)


def _earliest(timeline: Timeline, generator: np.random.Generator) -> VicoQuestion | None:
    return _end("earliest", 0, timeline, generator)


def _latest(timeline: Timeline, generator: np.random.Generator) -> VicoQuestion | None:
    return _end("latest", -1, timeline, generator)


def _end(kind: Kind, index: int, timeline: Timeline, generator: np.random.Generator) -> VicoQuestion | None:
    events = _in_order(timeline, min(OPTIONS), generator)
    if len(events) < min(OPTIONS):
        return None
    _, options = _options(events, generator)
    return _question(kind, generator, events[index].text, events, options=options)


def _claim(timeline: Timeline, generator: np.random.Generator) -> VicoQuestion | None:
    events = _in_order(timeline, min(OPTIONS), generator)
    if len(events) < min(OPTIONS):
        return None
    is_right = bool(generator.random() < 0.5)
    others = [(0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)]
    told = (0, 1, 2) if is_right else others[int(generator.integers(len(others)))]
    chain = ", then ".join(f'"{events[index].text}"' for index in told)
    return _question("claim", generator, "yes" if is_right else "no", events, chain=chain)


def _after(timeline: Timeline, generator: np.random.Generator) -> VicoQuestion | None:
    return _beside("after", timeline, generator, steps=1, named=(0,), answer=1)


def _before(timeline: Timeline, generator: np.random.Generator) -> VicoQuestion | None:
    return _beside("before", timeline, generator, steps=1, named=(1,), answer=0)


def _between(timeline: Timeline, generator: np.random.Generator) -> VicoQuestion | None:
    return _beside("between", timeline, generator, steps=2, named=(0, 2), answer=1)


def _second(timeline: Timeline, generator: np.random.Generator) -> VicoQuestion | None:
    return _beside("second", timeline, generator, steps=2, named=(0,), answer=2)


def _beside(
    kind: Kind, timeline: Timeline, generator: np.random.Generator, *, steps: int, named: tuple[int, ...], answer: int
) -> VicoQuestion | None:
    """A question about neighbours: events `named` by their place in a run of `steps` are told, another is asked for."""
    runs = [
        timeline.events[start : start + steps + 1]
        for start in range(len(timeline.events) - steps)
        if all(timeline.follows(start + step) for step in range(steps))
    ]
    clear = [run for run in runs if all(timeline.is_unique(run[place]) for place in named)]
    if not clear:
        return None
    run = clear[int(generator.integers(len(clear)))]
    told = {"first": run[named[0]].text, "last": run[named[-1]].text}
    return _question(kind, generator, run[answer].text, run, **told)


def _in_order(timeline: Timeline, number: int, generator: np.random.Generator) -> tuple[Event, ...]:
    """At most so many events drawn at random, each over before the next one begins, none named like another."""
    chosen: list[Event] = []
    for index in generator.permutation(len(timeline.events)):
        event = timeline.events[int(index)]
        if timeline.is_unique(event) and all(event.is_before(other) or other.is_before(event) for other in chosen):
            chosen.append(event)
        if len(chosen) == number:
            break
    return tuple(sorted(chosen, key=lambda event: event.start_seconds))


def _options(events: Sequence[Event], generator: np.random.Generator) -> tuple[list[Event], str]:
    shown = [events[int(index)] for index in generator.permutation(len(events))]
    return shown, "; ".join(f"({LETTERS[index]}) {event.text}" for index, event in enumerate(shown))


def _question(
    kind: Kind, generator: np.random.Generator, answer: str, clues: tuple[Event, ...], **told: str
) -> VicoQuestion:
    wording = WORDINGS[kind][int(generator.integers(len(WORDINGS[kind])))]
    return VicoQuestion(kind, wording.format_map(told), answer, clues)


_Maker = Callable[[Timeline, np.random.Generator], VicoQuestion | None]
_MAKERS: dict[Kind, _Maker] = {
    "order": _order,
    "earliest": _earliest,
    "latest": _latest,
    "claim": _claim,
    "after": _after,
    "before": _before,
    "between": _between,
    "second": _second,
}
