"""A video as a document knows it: its name, how long it is, and how fast its frames follow."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from videoxl.errors import UsageError
from videoxl.export.plain_text import one_line

if TYPE_CHECKING:
    from videoxl.memory import MemorySource


@dataclass(frozen=True, slots=True)
class Video:
    """What moments lie in."""

    name: str
    duration_seconds: float = 0.0
    """0 where it is not known."""
    fps: float | None = None
    """Frames per second; None where it is not known, or of pictures."""

    def __post_init__(self) -> None:
        if not math.isfinite(self.duration_seconds) or self.duration_seconds < 0:
            raise UsageError(f"{self.name} lasts {self.duration_seconds} s, expected a time from 0 on.")
        if self.fps is not None and not (math.isfinite(self.fps) and self.fps > 0):
            raise UsageError(f"{self.name} has {self.fps} frames a second, expected a number above 0, or none.")
        object.__setattr__(self, "name", one_line(self.name) or "video")
        object.__setattr__(self, "duration_seconds", float(self.duration_seconds))

    @staticmethod
    def of(sources: "Iterable[MemorySource]") -> "tuple[Video, ...]":
        """The videos of a memory."""
        return tuple(
            Video(source.name, max(source.duration_seconds, 0.0), _rate(source.details.get("fps")))
            for source in sources
        )


def _rate(fps: object) -> float | None:
    """A frame rate that a memory's manifest says, which may be a stranger's."""
    is_rate = isinstance(fps, int | float) and not isinstance(fps, bool) and math.isfinite(fps) and fps > 0
    return float(fps) if is_rate else None  # type: ignore[arg-type]
