"""Memories of kept visual tokens: as `watch` makes them, and three that are as small without VSTs.

    8x           VSTs at that ratio (1x: every raw row is kept)
    pooling      each run of 16 visual tokens is averaged, and the averages are kept as raw rows
    dropping     one frame of 16, from their middle, is kept as raw rows
    random rows  the whole film is gone through at 1x, and of each interval a random sixteenth of the rows is kept

The last three are the same weights at the same number of rows; those were trained on raw rows, and not on averages.

F frames, M visual tokens per frame, D hidden width, N visual tokens of an interval.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import numpy as np
import torch

from videoxl.compression.planner import FixedPlanner
from videoxl.engine import VideoXL
from videoxl.memory import CompressedMemory, MemoryAbout, Segment
from videoxl.memory.cache import MemoryCache

Form = Literal["1x", "2x", "4x", "8x", "16x", "pooling", "dropping", "random rows"]
VST_FORMS: tuple[Form, ...] = ("1x", "2x", "4x", "8x", "16x")
BASELINES: tuple[Form, ...] = ("pooling", "dropping", "random rows")
BASELINE_RATIO = 16


@torch.no_grad()
def remember(vxl: VideoXL, visual_FMD: torch.Tensor, form: Form, *, seed: int = 0) -> CompressedMemory:
    """The memory of a film, given as visual tokens of one frame a second; `seed` is for random rows only."""
    if form == "random rows":
        return _random_rows(vxl, remember(vxl, visual_FMD, "1x"), np.random.default_rng(seed))
    memory = CompressedMemory(_about(vxl))
    cache = vxl.model.cache(memory)
    vxl.model.remember_text(cache, torch.tensor([vxl.processor.before_video()]))
    if form == "pooling":
        _pool(vxl, cache, visual_FMD)
    elif form == "dropping":
        _drop(vxl, cache, visual_FMD)
    else:
        planner = FixedPlanner(int(form.removesuffix("x")), interval_frames=vxl.model.config.interval_frames)
        intervals = [*planner.feed(np.zeros((len(visual_FMD), 1))), *planner.flush()]
        vxl.model.remember_video(cache, visual_FMD, intervals)
    return memory


def _pool(vxl: VideoXL, cache: MemoryCache, visual_FMD: torch.Tensor) -> None:
    for start, stop in _spans(len(visual_FMD), vxl.model.config.interval_frames):
        runs = visual_FMD[start:stop].flatten(0, 1).split(BASELINE_RATIO)
        _remember_raw(vxl, cache, torch.stack([run_ND.mean(0) for run_ND in runs]), start, stop)


def _drop(vxl: VideoXL, cache: MemoryCache, visual_FMD: torch.Tensor) -> None:
    for start, stop in _spans(len(visual_FMD), BASELINE_RATIO):
        _remember_raw(vxl, cache, visual_FMD[(start + stop) // 2], start, stop)


def _random_rows(vxl: VideoXL, whole: CompressedMemory, generator: np.random.Generator) -> CompressedMemory:
    memory = CompressedMemory(_about(vxl))
    for index, segment in enumerate(whole.segments):
        rows = np.array(whole.row_range(index))
        if segment.kind == "interval":
            rows = np.sort(generator.choice(rows, size=-(-len(rows) // BASELINE_RATIO), replace=False))
        chosen = torch.from_numpy(rows)
        memory.append(replace(segment, num_rows=len(rows)), whole.keys[:, :, chosen], whole.values[:, :, chosen])
    return memory


def _remember_raw(vxl: VideoXL, cache: MemoryCache, visual_ND: torch.Tensor, start: int, stop: int) -> None:
    """Keep these rows for frames start to stop - 1."""
    segment = Segment(
        kind="interval", num_rows=len(visual_ND), first_frame=start, num_frames=stop - start,
        start_seconds=float(start), stop_seconds=float(stop),
    )  # fmt: skip
    vxl.model.remember_interval(cache, visual_ND[None], segment)


def _spans(num_frames: int, size: int) -> Iterator[tuple[int, int]]:
    return ((start, min(start + size, num_frames)) for start in range(0, num_frames, size))


def _about(vxl: VideoXL) -> MemoryAbout:
    return MemoryAbout(model_fingerprint=vxl.fingerprint)
