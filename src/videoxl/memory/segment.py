"""One segment of a memory: consecutive rows that came from the same text, or from the same interval of a video."""

import math
from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "interval"]


@dataclass(frozen=True, slots=True)
class Segment:
    """What `num_rows` consecutive memory rows stand for.

    A field that makes no sense raises ValueError and not an assertion: segments are also read from files of strangers.
    """

    kind: Kind
    num_rows: int
    token_ids: tuple[int, ...] = ()
    """The text, one token a row; empty for an interval."""
    first_frame: int = 0
    """Index of the first frame among the frames read from its source."""
    num_frames: int = 0
    start_seconds: float = 0.0
    stop_seconds: float = 0.0
    ratio: int = 1
    """Visual tokens for one row; 1 where the visual tokens themselves are kept, and for text."""
    frame_seconds: tuple[float, ...] = ()
    """Presentation time of each frame of the interval, or nothing."""
    similarities: tuple[float, ...] = ()
    """Cosine similarity of each frame to its predecessor, for replaying a planner; 0 for the first of all."""
    source: int = 0
    """Which of the memory's sources the interval belongs to."""

    def __post_init__(self) -> None:
        if self.num_rows < 1:
            raise ValueError(f"a segment keeps 1 row or more, got {self.num_rows}")
        fault = self._text_fault() if self.kind == "text" else self._interval_fault()
        if fault:
            raise ValueError(fault)

    @property
    def stop_frame(self) -> int:
        """Index after the last frame."""
        return self.first_frame + self.num_frames

    @property
    def num_seconds(self) -> float:
        return self.stop_seconds - self.start_seconds

    def _text_fault(self) -> str:
        if len(self.token_ids) != self.num_rows:
            return f"a text segment keeps one row a token, got {self.num_rows} rows for {len(self.token_ids)} tokens"
        if self.num_frames or self.frame_seconds or self.similarities:
            return f"a text segment has no frames, got {self.num_frames}"
        return ""

    def _interval_fault(self) -> str:
        if self.kind != "interval":
            return f"a segment is of kind text or interval, got {self.kind!r}"
        if self.token_ids:
            return f"an interval segment has no text tokens, got {len(self.token_ids)}"
        if self.num_frames < 1 or self.first_frame < 0 or self.source < 0 or self.ratio < 1:
            return (
                f"an interval has 1 frame or more, a ratio from 1 on, and counts frames and sources from 0, "
                f"got {self.num_frames} frames from {self.first_frame} on of source {self.source} at ratio {self.ratio}"
            )
        times = (self.start_seconds, self.stop_seconds, *self.frame_seconds, *self.similarities)
        if not all(map(math.isfinite, times)) or self.start_seconds > self.stop_seconds:
            return f"times are finite and in order, got {self.start_seconds} to {self.stop_seconds} seconds"
        if len(self.frame_seconds) not in (0, self.num_frames):
            return f"every frame has a time or none has, got {len(self.frame_seconds)} for {self.num_frames} frames"
        if len(self.similarities) not in (0, self.num_frames):
            return (
                f"every frame has a similarity or none has, got {len(self.similarities)} for {self.num_frames} frames"
            )
        return ""
