"""How far a long piece of work is, at what rate, and how long it will still take."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """Frames watched so far, of how many, and since when."""

    num_frames: int
    total_frames: int
    num_rows: int
    elapsed_seconds: float
    num_resumed: int = 0
    """Frames that an earlier, interrupted run had watched."""

    @property
    def frames_per_second(self) -> float:
        watched = self.num_frames - self.num_resumed
        return watched / self.elapsed_seconds if self.elapsed_seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """None until a rate is known."""
        rate = self.frames_per_second
        return (self.total_frames - self.num_frames) / rate if rate > 0 else None


ProgressListener = Callable[[Progress], None]


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._start = time.perf_counter()

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._start
