"""How far a run is: items asked, videos watched, at what rate, and how long it will still take."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from videoxl.engine.progress import Progress


@dataclass(frozen=True, slots=True)
class RunProgress:
    """Items that have a record so far, of how many."""

    num_items: int
    total_items: int
    num_videos: int
    """Videos whose items all have one."""
    total_videos: int
    elapsed_seconds: float
    num_resumed: int = 0
    """Items that an earlier, interrupted run had asked."""
    video: str = ""
    """The one at hand."""
    watching: "Progress | None" = None
    """How far its watching is, while it lasts."""

    @property
    def items_per_second(self) -> float:
        """Of this run, watching included."""
        asked = self.num_items - self.num_resumed
        return asked / self.elapsed_seconds if self.elapsed_seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """None until a rate is known."""
        rate = self.items_per_second
        return (self.total_items - self.num_items) / rate if rate > 0 else None


RunListener = Callable[[RunProgress], None]
