"""Looking on while a video is watched, and what a kill in the middle costs."""

import pytest

from videoxl.engine import watch
from videoxl.memory import inspect


def files_of(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_each_kept_interval_is_told_once(vxl, make_film):
    """The listener sees the memory grow by one interval a call, with the visual tokens that it was made of."""
    seen = []

    def look(memory, segment, visual_ND):
        assert memory.intervals[-1] == segment
        assert len(visual_ND) == segment.num_frames * memory.about.tokens_per_frame
        seen.append((len(memory.intervals), segment.start_seconds, segment.stop_seconds))

    memory = vxl.watch(make_film(25), ratio=4, interval_frames=10, on_interval=look)
    assert seen == [(1, 0.0, 10.0), (2, 10.0, 20.0), (3, 20.0, 25.0)]
    vxl.append(memory, make_film(12), ratio=4, interval_frames=10, on_interval=look)
    assert [number for number, _, _ in seen] == [1, 2, 3, 4, 5]


def test_rows_are_saved_now_and_then(vxl, make_film, tmp_path, monkeypatch):
    """A folder holds what was kept before its shard is full, and ends with the bytes of one that was saved once."""
    monkeypatch.setattr(watch, "SECONDS_BETWEEN_SAVES", 0.0)
    often, once = tmp_path / "often.vxl", tmp_path / "once.vxl"
    saved = []
    vxl.watch(
        make_film(45), ratio=4, interval_frames=10, out=often,
        progress=lambda progress: saved.append(inspect(often).manifest.num_rows),
    )  # fmt: skip
    assert saved[0] < saved[-1]
    monkeypatch.setattr(watch, "SECONDS_BETWEEN_SAVES", float("inf"))
    vxl.watch(make_film(45), ratio=4, interval_frames=10, out=once)
    assert files_of(often) == files_of(once)


def test_what_a_listener_raises_ends_the_watching(vxl, make_film, tmp_path):
    """Rows so far are saved, and the same call goes on behind them."""

    def stop(memory, segment, visual_ND):
        if len(memory.intervals) == 2:
            raise LookupError("enough")

    path = tmp_path / "film.vxl"
    with pytest.raises(LookupError, match="enough"):
        vxl.watch(make_film(45), ratio=4, interval_frames=10, out=path, on_interval=stop)
    assert inspect(path).summary().num_frames == 20
    resumed = []
    vxl.watch(make_film(45), ratio=4, interval_frames=10, out=path, progress=resumed.append)
    assert {progress.num_resumed for progress in resumed} == {20}
