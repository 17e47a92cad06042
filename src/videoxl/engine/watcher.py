"""Frames in, memory out: one video on its way through tower, planner and decoder.

A file is a stream that ends: `feed` takes frames as they come, in any portions, and `finish` closes what is open.
What was interrupted goes on at the beginning of a chunk of the tower's (`seeing.py`), so it computes the very same
numbers as a run that was not. Frames that were seen already come in by `take`.

F frames, M visual tokens per frame, D hidden width.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch

from videoxl.compression.interval import Interval
from videoxl.compression.layout import Layout
from videoxl.compression.planner import Planner
from videoxl.engine.keeper import Keeper, VSTKeeper
from videoxl.engine.seeing import SeenFrames, Seer
from videoxl.memory.cache import MemoryCache
from videoxl.memory.memory import CompressedMemory
from videoxl.memory.segment import Segment
from videoxl.memory.writer import MemoryWriter
from videoxl.model import VideoXLForConditionalGeneration, VideoXLProcessor
from videoxl.model.modeling_videoxl import FRAMES_AT_ONCE

IntervalListener = Callable[[CompressedMemory, Segment, torch.Tensor], None]
"""Told of each kept interval, in the watching thread: the growing memory, the segment, its visual tokens (N, D)."""


class Watcher:
    """Condenses one video of a memory, interval by interval."""

    def __init__(
        self,
        model: VideoXLForConditionalGeneration,
        processor: VideoXLProcessor,
        cache: MemoryCache,
        planner: Planner,
        *,
        times: Sequence[float],
        source: int = 0,
        writer: MemoryWriter | None = None,
        keeper: Keeper | None = None,
        on_interval: IntervalListener | None = None,
    ) -> None:
        """Go on behind the intervals that the memory already holds of `source`.

        Args:
            times: When each frame begins, in order, and when the last one ends; one more than there are frames.
            keeper: What is remembered of each interval; its VSTs where none is given.
        """
        self._model, self._cache, self._planner = model, cache, planner
        self._seer = Seer(model, processor)
        self._times, self._source, self._writer = times, source, writer
        self._keeper = VSTKeeper() if keeper is None else keeper
        self._on_interval = on_interval
        kept = [segment for segment in cache.memory.intervals if segment.source == source]
        self.num_kept = kept[-1].stop_frame if kept else 0
        """Frames whose intervals are in memory."""
        self._replay = [similarity for segment in kept for similarity in segment.similarities]
        self.first_needed = max(0, self.num_kept - 1) // FRAMES_AT_ONCE * FRAMES_AT_ONCE
        """The first frame that `feed` must be given: the beginning of the chunk before the first new one."""
        self._num_encoded = self.first_needed
        self._visual: list[torch.Tensor] = []  # (M, D) each, of frames from num_kept on
        self._seconds: list[float] = []

    def feed(self, frames_FCHW: np.ndarray, seconds_F: Sequence[float]) -> None:
        """Take the next frames, uint8 RGB, with the time at which each is shown."""
        for seen in self._seer.feed(frames_FCHW, seconds_F):
            self.take(seen)

    def finish(self) -> None:
        """Close the last interval; the video ends here."""
        for seen in self._seer.finish():
            self.take(seen)
        for interval in self._planner.flush():
            self._condense(interval)
        self._keeper.finish(self._model, self._cache)

    @torch.no_grad()
    def take(self, seen: SeenFrames) -> None:
        """Take the next chunk of frames as the model sees them."""
        embeddings_FD, visual_FMD, seconds = seen
        num_frames = len(seconds)
        num_old = max(0, self.num_kept - self._num_encoded) if self._replay else 0
        self._num_encoded += num_frames
        if num_old:
            for interval in self._planner.replay(self._replay, embeddings_FD[num_old - 1]):
                assert interval.stop <= self.num_kept, "a replay closes no interval that was not closed before"
            self._replay = []
        self._visual.extend(visual_FMD[num_old:].to(self._model.lm_head.weight.device))
        self._seconds.extend(seconds[num_old:])
        if num_old < num_frames:
            for interval in self._planner.feed(embeddings_FD[num_old:]):
                self._condense(interval)

    def _condense(self, interval: Interval) -> None:
        if interval.stop <= self.num_kept:
            return  # closed, and kept, before the run was interrupted
        assert interval.start == self.num_kept, "intervals follow each other without a gap"
        visual_BND = torch.cat(self._visual[: interval.num_frames])[None]
        seconds = self._seconds[: interval.num_frames]
        del self._visual[: interval.num_frames], self._seconds[: interval.num_frames]
        layout = Layout(visual_BND.shape[1], interval.ratio, self._model.config.layout_rule)
        self.num_kept = interval.stop
        if layout.num_rows_kept:
            self._keep(visual_BND, self._segment(interval, layout, seconds))

    def _keep(self, visual_BND: torch.Tensor, segment: Segment) -> None:
        self._keeper.keep(self._model, self._cache, visual_BND, segment)
        if self._writer is not None:
            memory = self._cache.memory
            new = slice(memory.num_rows - segment.num_rows, memory.num_rows)
            self._writer.append(segment, memory.keys[:, :, new], memory.values[:, :, new])
        if self._on_interval is not None:
            self._on_interval(self._cache.memory, segment, visual_BND[0])

    def _segment(self, interval: Interval, layout: Layout, seconds: Sequence[float]) -> Segment:
        similarities = self._planner.similarities[interval.start : interval.stop]
        return Segment(
            kind="interval",
            num_rows=layout.num_rows_kept,
            first_frame=interval.start,
            num_frames=interval.num_frames,
            start_seconds=float(self._times[interval.start]),
            stop_seconds=float(self._times[interval.stop]),
            ratio=interval.ratio,
            frame_seconds=tuple(seconds),
            similarities=tuple(float(similarity) for similarity in similarities),
            source=self._source,
        )
