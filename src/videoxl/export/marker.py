"""A moment of a video with words to it, and words that have no moment."""

import math
from dataclasses import dataclass

from videoxl.errors import UsageError
from videoxl.export.plain_text import one_line, plain_text


@dataclass(frozen=True, slots=True)
class Marker:
    """A stretch of a video, or a point of it where it starts and stops at once, with what is to be said of it."""

    start_seconds: float
    stop_seconds: float
    text: str
    score: float | None = None
    """How much speaks for it, 0 to 1; None where nothing was measured."""
    label: str = ""
    """What the text belongs to: the question that it answers, or what kind of moment it is."""
    source: int = 0
    """Which of the document's videos it lies in."""

    def __post_init__(self) -> None:
        times = (self.start_seconds, self.stop_seconds)
        if not all(map(math.isfinite, times)) or not 0 <= self.start_seconds <= self.stop_seconds:
            raise UsageError(f"a moment lasts from {times[0]} to {times[1]} s, expected times from 0 on, in order.")
        if self.score is not None and not math.isfinite(self.score):
            raise UsageError(f"the score of the moment at {times[0]} s is {self.score}, expected a number.")
        object.__setattr__(self, "start_seconds", float(self.start_seconds))
        object.__setattr__(self, "stop_seconds", float(self.stop_seconds))
        object.__setattr__(self, "text", plain_text(self.text))
        object.__setattr__(self, "label", one_line(self.label))


@dataclass(frozen=True, slots=True)
class Remark:
    """Something said of the whole: a summary, or an answer that rests on no moment."""

    text: str
    label: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", plain_text(self.text))
        object.__setattr__(self, "label", one_line(self.label))
