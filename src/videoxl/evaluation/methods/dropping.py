"""Frame dropping: of every so many frames the middle one is kept, with all its visual tokens, as raw rows.

Which frames, follows from the budget alone: frames earn the rows that VSTs would be, and whenever a whole frame is
earned one is kept. What is left over at the end is spent on an even choice of the last tokens seen, so that rows are
equal to the row.

F frames, M visual tokens per frame, N rows, D hidden width.
"""

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, ClassVar

import torch

from videoxl.memory.cache import MemoryCache
from videoxl.memory.segment import Segment
from videoxl.model import VideoXLForConditionalGeneration

if TYPE_CHECKING:
    import numpy as np

    from videoxl.engine.keeper import Keeper


class Dropping:
    """Fewer frames, each of them whole: the memory of a video that was looked at less often."""

    name: ClassVar[str] = "dropping"
    title: ClassVar[str] = "the raw rows of evenly spread frames"

    def ratio(self, ratio: int) -> int:
        """See `Method.ratio`."""
        return ratio

    def keeper(self, generator: "np.random.Generator") -> "Keeper | None":
        """See `Method.keeper`."""
        return DroppingKeeper()


class DroppingKeeper:
    """Holds one frame, the middle one of those that have come since the last that was kept."""

    name = Dropping.name

    def __init__(self) -> None:
        self._earned_rows = Fraction(0)
        """Rows that may be kept and were not yet."""
        self._middle_MD: torch.Tensor | None = None
        self._passed: list[Segment] = []
        """The frames since the last that was kept, one segment each."""
        self._last: tuple[torch.Tensor, Segment] | None = None

    def keep(
        self, model: VideoXLForConditionalGeneration, cache: MemoryCache, visual_BND: torch.Tensor, segment: Segment
    ) -> None:
        """See `Keeper.keep`."""
        visual_FMD = visual_BND[0].unflatten(0, (segment.num_frames, -1))
        num_tokens = visual_FMD.shape[1]
        for place, visual_MD in enumerate(visual_FMD):
            self._last = visual_MD, frame_of(segment, place)
            self._passed.append(self._last[1])
            if self._middle_MD is None or 2 * self._earned_rows < num_tokens:
                self._middle_MD = visual_MD
            self._earned_rows += Fraction(segment.num_rows, segment.num_frames)
            if self._earned_rows >= num_tokens:
                self._remember(model, cache, self._middle_MD)

    def finish(self, model: VideoXLForConditionalGeneration, cache: MemoryCache) -> None:
        """See `Keeper.finish`."""
        num_left = int(self._earned_rows)
        if not num_left or self._last is None:
            return
        if not self._passed:
            self._passed.append(self._last[1])
        visual_MD = self._last[0] if self._middle_MD is None else self._middle_MD
        spread_N = torch.arange(num_left, device=visual_MD.device) * len(visual_MD) // num_left
        self._remember(model, cache, visual_MD[spread_N])

    def _remember(self, model: VideoXLForConditionalGeneration, cache: MemoryCache, visual_ND: torch.Tensor) -> None:
        """Keep these tokens for all frames since the last that was kept."""
        model.remember_interval(cache, visual_ND[None], _joined(self._passed, num_rows=len(visual_ND)))
        self._earned_rows -= len(visual_ND)
        self._middle_MD = None
        self._passed = []


def frame_of(segment: Segment, place: int) -> Segment:
    """One frame of an interval, as an interval of its own; frames of an interval are spread evenly."""
    seconds = segment.num_seconds / segment.num_frames
    start = segment.start_seconds + place * seconds
    return replace(
        segment,
        num_rows=1,
        first_frame=segment.first_frame + place,
        num_frames=1,
        start_seconds=start,
        stop_seconds=segment.stop_seconds if place + 1 == segment.num_frames else start + seconds,
        ratio=1,
        frame_seconds=segment.frame_seconds[place : place + 1],
        similarities=segment.similarities[place : place + 1],
    )


def _joined(frames: list[Segment], *, num_rows: int) -> Segment:
    first, last = frames[0], frames[-1]
    return replace(
        first,
        num_rows=num_rows,
        num_frames=len(frames),
        stop_seconds=max(first.start_seconds, last.stop_seconds),
        frame_seconds=tuple(seconds for frame in frames for seconds in frame.frame_seconds),
        similarities=tuple(similarity for frame in frames for similarity in frame.similarities),
    )
