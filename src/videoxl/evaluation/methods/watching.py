"""A video watched by a method: its memory, and every frame that was looked at."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from videoxl.engine import VideoXL
from videoxl.engine.keeper import Keeper
from videoxl.engine.progress import ProgressListener
from videoxl.errors import MemoryFormatError
from videoxl.evaluation.methods.method import Method
from videoxl.memory import CompressedMemory, Segment, inspect
from videoxl.memory.cache import MemoryCache
from videoxl.model import VideoXLForConditionalGeneration
from videoxl.video import VideoSource


@dataclass(frozen=True, slots=True)
class Seen:
    """What a method made of a video."""

    memory: CompressedMemory
    frame_seconds: tuple[float, ...]
    """Of every frame that was looked at, kept or not."""


def watch_by(
    vxl: VideoXL,
    video: VideoSource,
    method: Method,
    *,
    ratio: int,
    generator: np.random.Generator,
    scratch: Path | None = None,
    progress: ProgressListener | None = None,
    **options: Any,
) -> Seen:
    """Watch a video and keep as many rows of it as VSTs at `ratio` are; `options` are those of `VideoXL.watch`.

    Args:
        scratch: Where VSTs are kept while they are made, and gone on with; other methods begin anew.
    """
    keeper = method.keeper(generator)
    if keeper is None:
        own = method.ratio(ratio)
        out = scratch if own > 1 else None  # raw rows of an hour are tens of gigabytes
        if out is not None:
            _drop_if_foreign(out)
        memory = vxl.watch(video, ratio=own, out=out, progress=progress, **options)
        return Seen(memory, tuple(seconds for each in memory.intervals for seconds in each.frame_seconds))
    witness = _Witness(keeper)
    memory = vxl.watch(video, ratio=method.ratio(ratio), keeper=witness, progress=progress, **options)
    return Seen(memory, tuple(witness.frame_seconds))


def _drop_if_foreign(path: Path) -> None:
    """What cannot be read is made anew; whether it is of this video and these settings, `watch` finds out."""
    if not path.exists():
        return
    try:
        inspect(path)
    except MemoryFormatError:
        shutil.rmtree(path)


@dataclass(slots=True)
class _Witness:
    """A keeper that also notes which frames came by."""

    keeper: Keeper
    frame_seconds: list[float] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.keeper.name

    def keep(
        self, model: VideoXLForConditionalGeneration, cache: MemoryCache, visual_BND: torch.Tensor, segment: Segment
    ) -> None:
        self.frame_seconds.extend(segment.frame_seconds)
        self.keeper.keep(model, cache, visual_BND, segment)

    def finish(self, model: VideoXLForConditionalGeneration, cache: MemoryCache) -> None:
        self.keeper.finish(model, cache)
