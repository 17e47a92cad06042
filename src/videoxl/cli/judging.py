"""Whether an answer is right, by the facts of the film; strict, so that the demo cannot flatter itself."""

import re
from typing import TYPE_CHECKING

from videoxl.cli.duration import seconds_of

if TYPE_CHECKING:
    from videoxl.engine import Answer
    from videoxl.synth.questions import Question

ARTICLES = ("a", "an", "the")
SLACK_SECONDS = 1.0  # a frame a second is looked at, so a time may be off by as much
_CLOCK = re.compile(r"\d+:\d\d(?::\d\d)?(?:\.\d+)?")


def is_right(question: "Question", answer: "Answer") -> bool:
    """Whether the answer says just what the facts say; for a time, whether it meets the time that is true."""
    if question.kind.startswith("when"):
        return _meets(_said_range(answer), question.spans)
    said, true = _parts(answer.text), _parts(question.answer)
    return said[:1] == true if question.kind == "is_there" else said == true


def is_first_moment_right(question: "Question", answer: "Answer") -> bool | None:
    """Whether the best evidence shows what was asked for; None where nothing is there to be shown."""
    if not question.spans:
        return None
    return _meets(_best_range(answer), question.spans)


def _said_range(answer: "Answer") -> tuple[float, float] | None:
    """The time that the words say, else the best evidence."""
    said = [seconds for text in _CLOCK.findall(answer.text) if (seconds := seconds_of(text)) is not None]
    if said:
        return min(said), max(said)
    return _best_range(answer)


def _best_range(answer: "Answer") -> tuple[float, float] | None:
    return (answer.evidence[0].start_seconds, answer.evidence[0].stop_seconds) if answer.evidence else None


def _meets(said: tuple[float, float] | None, spans: tuple[tuple[float, float], ...]) -> bool:
    if said is None:
        return False
    return any(said[0] <= stop + SLACK_SECONDS and start - SLACK_SECONDS <= said[1] for start, stop in spans)


def _parts(text: str) -> list[str]:
    """What a text names, in order: "A drum, then an apple." is ["drum", "apple"]."""
    parts = re.split(r",|\band\b|\bthen\b|[.;\n]", text.lower())
    named = (" ".join(word for word in re.findall(r"[\w']+", part) if word not in ARTICLES) for part in parts)
    return [name for name in named if name]
