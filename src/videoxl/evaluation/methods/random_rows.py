"""Random rows: each interval is gone through without VSTs, and a random choice of its rows is kept.

Later intervals read what was kept, as they do with VSTs, so memory is bounded. The choice is of the generator given.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import torch

from videoxl.evaluation.methods.raw import chosen_rows, raw_rows
from videoxl.memory.cache import MemoryCache
from videoxl.memory.segment import Segment
from videoxl.model import VideoXLForConditionalGeneration

if TYPE_CHECKING:
    import numpy as np

    from videoxl.engine.keeper import Keeper


class RandomRows:
    """As many rows of each interval as it would have VSTs."""

    name: ClassVar[str] = "random-rows"
    title: ClassVar[str] = "a random choice of each interval's raw rows"

    def ratio(self, ratio: int) -> int:
        """See `Method.ratio`."""
        return ratio

    def keeper(self, generator: "np.random.Generator") -> "Keeper | None":
        """See `Method.keeper`."""
        return RandomRowsKeeper(generator)


class RandomRowsKeeper:
    """Draws once an interval."""

    name = RandomRows.name

    def __init__(self, generator: "np.random.Generator") -> None:
        self._generator = generator

    def keep(
        self, model: VideoXLForConditionalGeneration, cache: MemoryCache, visual_BND: torch.Tensor, segment: Segment
    ) -> None:
        """See `Keeper.keep`."""
        chosen = self._generator.choice(visual_BND.shape[1], size=segment.num_rows, replace=False)
        chosen.sort()
        rows = chosen_rows(raw_rows(model, cache, visual_BND), torch.from_numpy(chosen))
        cache.append(replace(segment, ratio=1), rows)

    def finish(self, model: VideoXLForConditionalGeneration, cache: MemoryCache) -> None:
        """See `Keeper.finish`."""
