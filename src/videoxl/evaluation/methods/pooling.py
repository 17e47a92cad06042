"""Average pooling: the visual tokens that one VST would stand for are averaged, and the averages are kept as raw rows.

N visual tokens of an interval, D hidden width.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import torch

from videoxl.compression.layout import Layout
from videoxl.memory.cache import MemoryCache
from videoxl.memory.segment import Segment
from videoxl.model import VideoXLForConditionalGeneration

if TYPE_CHECKING:
    import numpy as np

    from videoxl.engine.keeper import Keeper


class Pooling:
    """Averages of neighbouring visual tokens, in the order in which a frame is read."""

    name: ClassVar[str] = "pooling"
    title: ClassVar[str] = "averages of as many visual tokens as the ratio says"

    def ratio(self, ratio: int) -> int:
        """See `Method.ratio`."""
        return ratio

    def keeper(self, generator: "np.random.Generator") -> "Keeper | None":
        """See `Method.keeper`."""
        return PoolingKeeper()


class PoolingKeeper:
    """Pools one interval at a time."""

    name = Pooling.name

    def keep(
        self, model: VideoXLForConditionalGeneration, cache: MemoryCache, visual_BND: torch.Tensor, segment: Segment
    ) -> None:
        """See `Keeper.keep`."""
        layout = Layout(visual_BND.shape[1], segment.ratio, model.config.layout_rule)
        runs = visual_BND[0, : layout.num_raw].split(segment.ratio)
        pooled_ND = torch.stack([run_ND.mean(dim=0) for run_ND in runs])
        model.remember_interval(cache, pooled_ND[None], replace(segment, ratio=1))

    def finish(self, model: VideoXLForConditionalGeneration, cache: MemoryCache) -> None:
        """See `Keeper.finish`."""
