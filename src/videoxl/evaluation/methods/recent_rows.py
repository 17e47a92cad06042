"""Recent rows and a sink: the first rows of the video and its last ones are kept, all between is forgotten.

The budget grows with the video as that of VSTs does: whenever an interval has come in, the oldest rows behind the sink
go until as many are left as VSTs would be. The prompt before the video stays, as always. (StreamingLLM,
arXiv 2309.17453: rows have the positions that they have in memory, so keys are rotated again when rows go.)

L layers, K key/value heads, S memory rows, N rows of a segment, E head width.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import torch

from videoxl.evaluation.methods.raw import raw_rows
from videoxl.memory.cache import MemoryCache
from videoxl.memory.key_values import KeyValues
from videoxl.memory.memory import CompressedMemory
from videoxl.memory.segment import Segment
from videoxl.model import VideoXLForConditionalGeneration

if TYPE_CHECKING:
    import numpy as np

    from videoxl.engine.keeper import Keeper

NUM_SINK_ROWS = 4  # of the video, as in StreamingLLM; the prompt before it is a sink by itself


class RecentRows:
    """A window on the end of the video."""

    name: ClassVar[str] = "recent-rows"
    title: ClassVar[str] = f"the first {NUM_SINK_ROWS} raw rows of the video and the latest ones"

    def ratio(self, ratio: int) -> int:
        """See `Method.ratio`."""
        return ratio

    def keeper(self, generator: "np.random.Generator") -> "Keeper | None":
        """See `Method.keeper`."""
        return RecentRowsKeeper()


class RecentRowsKeeper:
    """Knows how many rows VSTs would be by now; the rows themselves are in memory."""

    name = RecentRows.name

    def __init__(self) -> None:
        self._budget_rows = 0

    def keep(
        self, model: VideoXLForConditionalGeneration, cache: MemoryCache, visual_BND: torch.Tensor, segment: Segment
    ) -> None:
        """See `Keeper.keep`."""
        self._budget_rows += segment.num_rows
        rows = raw_rows(model, cache, visual_BND)
        cache.append(replace(segment, num_rows=rows.keys.shape[3], ratio=1), rows)
        _forget_all_but(cache, self._budget_rows)

    def finish(self, model: VideoXLForConditionalGeneration, cache: MemoryCache) -> None:
        """See `Keeper.finish`."""


def _forget_all_but(cache: MemoryCache, num_rows: int) -> None:
    """Leave so many rows of video: the first ones and the last ones."""
    kept = _kept_rows(cache.memory, num_rows)
    segments, keys_LKSE, values_LKSE = cache.memory.segments, cache.memory.keys, cache.memory.values
    losing = [index for index, segment in enumerate(segments) if len(kept[index]) < segment.num_rows]
    if not losing:
        return
    cache.rewind(losing[0])  # what was read from the memory before stays as it was
    for index in range(losing[0], len(segments)):
        if kept[index]:
            rows = torch.tensor(kept[index], device=keys_LKSE.device)
            own = KeyValues(*(part.index_select(2, rows)[:, None] for part in (keys_LKSE, values_LKSE)))
            cache.append(replace(segments[index], num_rows=len(rows)), own)


def _kept_rows(memory: CompressedMemory, num_rows: int) -> list[list[int]]:
    """The rows that stay, for each segment of the memory: all of text, the ends of the video."""
    is_video = [segment.kind == "interval" for segment in memory.segments]
    video_rows = [row for index, is_one in enumerate(is_video) if is_one for row in memory.row_range(index)]
    num_first = min(NUM_SINK_ROWS, num_rows)
    staying = {*video_rows[:num_first], *video_rows[len(video_rows) - (num_rows - num_first) :]}
    return [
        [row for row in memory.row_range(index) if not is_one or row in staying]
        for index, is_one in enumerate(is_video)
    ]
