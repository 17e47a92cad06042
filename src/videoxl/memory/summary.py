"""What a memory keeps of what it saw, in counts, bytes and seconds."""

from collections.abc import Sequence
from dataclasses import dataclass

from videoxl.memory.about import MemoryAbout
from videoxl.memory.segment import Segment


@dataclass(frozen=True, slots=True)
class MemorySummary:
    """Counts for people: frames and visual tokens that went in, rows and bytes that stayed."""

    num_sources: int
    num_intervals: int
    num_frames: int
    num_visual_tokens: int
    num_visual_rows: int
    num_text_rows: int
    num_bytes: int
    duration_seconds: float

    @property
    def num_rows(self) -> int:
        return self.num_visual_rows + self.num_text_rows

    @property
    def compression_ratio(self) -> float:
        """Visual tokens for one kept row; 0 where no video was seen."""
        return self.num_visual_tokens / self.num_visual_rows if self.num_visual_rows else 0.0


def summarise(about: MemoryAbout, segments: Sequence[Segment], *, num_bytes: int) -> MemorySummary:
    """Count over `segments`; `num_bytes` is what their rows take."""
    intervals = [segment for segment in segments if segment.kind == "interval"]
    num_frames = sum(segment.num_frames for segment in intervals)
    return MemorySummary(
        num_sources=len({segment.source for segment in intervals}),
        num_intervals=len(intervals),
        num_frames=num_frames,
        num_visual_tokens=num_frames * about.tokens_per_frame,
        num_visual_rows=sum(segment.num_rows for segment in intervals),
        num_text_rows=sum(segment.num_rows for segment in segments if segment.kind == "text"),
        num_bytes=num_bytes,
        duration_seconds=sum(segment.num_seconds for segment in intervals),
    )
