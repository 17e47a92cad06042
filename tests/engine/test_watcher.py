"""The stream from frames to rows, where its parts must agree to the bit."""

import pytest

from videoxl.compression.planner import FixedPlanner
from videoxl.engine.watcher import Watcher
from videoxl.model.modeling_videoxl import FRAMES_AT_ONCE


@pytest.mark.parametrize("num_kept", [0, 5, 15, 20, 35])
def test_a_resumed_run_encodes_the_chunks_of_an_uninterrupted_one(vxl, make_film, num_kept):
    """It begins at a chunk's first frame, at or before the last frame that is kept: towers may depend on the chunk."""
    memory = vxl.watch(make_film(35), ratio=4, interval_frames=5)
    memory.truncate(1 + num_kept // 5)
    cache = vxl.model.cache(memory)
    watcher = Watcher(vxl.model, vxl.processor, cache, FixedPlanner(4, interval_frames=5), times=range(36))
    assert watcher.num_kept == num_kept
    assert watcher.first_needed % FRAMES_AT_ONCE == 0
    assert 0 <= max(0, num_kept - 1) - watcher.first_needed < FRAMES_AT_ONCE
