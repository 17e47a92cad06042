"""What becomes of an interval that was seen: its VSTs, or whatever else shall be remembered of it.

Comparisons bring keepers of their own (`evaluation/methods/`); what a person watches is kept as VSTs.
"""

from typing import Protocol

import torch

from videoxl.memory.cache import MemoryCache
from videoxl.memory.segment import Segment
from videoxl.model import VideoXLForConditionalGeneration


class Keeper(Protocol):
    """Takes the intervals of one video in order; it may hold on to some of them, so each video has its own."""

    @property
    def name(self) -> str:
        """What a memory says it was made by."""

    def keep(
        self, model: VideoXLForConditionalGeneration, cache: MemoryCache, visual_BND: torch.Tensor, segment: Segment
    ) -> None:
        """Remember what is wanted of an interval, given as visual tokens (1, N, D).

        Args:
            segment: What the interval would be as VSTs: its frames, times, ratio and number of rows.
        """

    def finish(self, model: VideoXLForConditionalGeneration, cache: MemoryCache) -> None:
        """The video ends here; remember what was held on to."""


class VSTKeeper:
    """Each interval is condensed into its VSTs; at ratio 1 its raw rows are kept."""

    name = "vst"

    def keep(
        self, model: VideoXLForConditionalGeneration, cache: MemoryCache, visual_BND: torch.Tensor, segment: Segment
    ) -> None:
        """See `Keeper.keep`."""
        model.remember_interval(cache, visual_BND, segment)

    def finish(self, model: VideoXLForConditionalGeneration, cache: MemoryCache) -> None:
        """See `Keeper.finish`."""
