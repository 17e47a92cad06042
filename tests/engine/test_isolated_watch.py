"""Watching a stranger's video leaves the memory that watching one's own leaves."""

import torch

from videoxl.video.isolated import IsolatedSource


def test_a_video_behind_a_wall_gives_the_same_memory(vxl, make_film):
    """Rows, intervals and the source's digest are those of direct watching, so answers are too."""
    path = make_film(6)
    own = vxl.watch(path, fps=2, ratio=4)
    with IsolatedSource(path) as source:
        strange = vxl.watch(source, fps=2, ratio=4)
    assert torch.equal(own.keys, strange.keys)
    assert torch.equal(own.values, strange.values)
    assert own.intervals == strange.intervals
    assert own.about.sources[0].sha256 == strange.about.sources[0].sha256


def test_a_run_that_was_stopped_goes_on_behind_a_wall(vxl, make_film, tmp_path):
    """The memory of a path is gone on with from an isolated source of the same file."""
    path, out = make_film(6), tmp_path / "film.vxl"
    whole = vxl.watch(path, fps=2, ratio=4, out=out)
    with IsolatedSource(path) as source:
        again = vxl.watch(source, fps=2, ratio=4, out=out)
    assert again.num_rows == whole.num_rows
