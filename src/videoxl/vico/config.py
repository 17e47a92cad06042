"""What a person may choose about building VICO, checked at the door; and how far the work is."""

from collections.abc import Callable
from dataclasses import dataclass

from videoxl.errors import UsageError
from videoxl.vico.clip import CLIP_SECONDS

MIN_EVENTS = 3  # fewer have no order that is worth a question
NUM_QUESTIONS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class VicoConfig:
    """What is built of each film."""

    clip_seconds: float = CLIP_SECONDS
    part_seconds: float | None = None
    """Cut films into parts of this length, an example each; None makes one example of a whole film."""
    num_questions: int = NUM_QUESTIONS
    """At most so many of each example."""
    max_bad_films: int | None = None
    """More bad films than this end the run; None allows a tenth."""
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.clip_seconds > 0:
            raise UsageError(f"clip_seconds is {self.clip_seconds:g}, expected more than zero.")
        if self.part_seconds is not None and self.part_seconds < MIN_EVENTS * self.clip_seconds:
            raise UsageError(
                f"part_seconds is {self.part_seconds:g} and clip_seconds is {self.clip_seconds:g}: "
                f"a part needs {MIN_EVENTS} clips or more. Take longer parts or shorter clips."
            )
        for name, least in (("num_questions", 1), ("max_bad_films", 0), ("seed", 0)):
            if (getattr(self, name) or 0) < least and getattr(self, name) is not None:
                raise UsageError(f"{name} is {getattr(self, name)}, expected {least} or more.")


@dataclass(frozen=True, slots=True)
class VicoProgress:
    """Clips done of a part, and films done before it."""

    name: str
    num_clips: int
    total_clips: int
    num_films: int
    total_films: int


ProgressListener = Callable[[VicoProgress], None]
