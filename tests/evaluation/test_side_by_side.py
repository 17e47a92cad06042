"""Runs side by side: each as if it went alone, and each video read and encoded once for all of them."""

import pytest

from videoxl.engine import VideoXL
from videoxl.engine.seen_video import SeenVideo
from videoxl.evaluation.eyes import Eyes
from videoxl.evaluation.model_asker import ModelAsker
from videoxl.evaluation.run_folder import ANSWERS, HEADER, ITEMS, VIDEOS
from videoxl.evaluation.run_settings import RunSettings
from videoxl.evaluation.run_writer import RunWriter
from videoxl.evaluation.runner import PlannedRun, run_side_by_side, run_task
from videoxl.video import SampleConfig

from .colours import ColourSource, ColourTask, Echo

SETTINGS = {
    "ratio-1": RunSettings(ratio=1),
    "ratio-4": RunSettings(ratio=4),
    "pooling": RunSettings(ratio=4, method="pooling"),
    "random-rows": RunSettings(ratio=4, method="random-rows"),
    "dropping": RunSettings(ratio=4, method="dropping"),
    "recent-rows": RunSettings(ratio=4, method="recent-rows"),
    "dynamic": RunSettings(ratio=2, planner="dynamic"),
    "fewer": RunSettings(ratio=4, num_frames=5),
    "blind": RunSettings(blind=True),
}


@pytest.fixture(scope="module")
def vxl(make_model, processor) -> VideoXL:
    return VideoXL(make_model(evidence_layers=[1, 2]), processor, name="tiny")


@pytest.fixture
def num_encoded(monkeypatch, vxl):
    """Frames that went through the tower, in portions."""
    portions, kind = [], type(vxl.model.model)
    encode = kind.get_frame_features

    def counted(model, pixels):
        portions.append(len(pixels))
        return encode(model, pixels)

    monkeypatch.setattr(kind, "get_frame_features", counted)
    return portions


def plan(vxl, folder, *, names=tuple(SETTINGS), eyes=None):
    return [PlannedRun(ModelAsker(vxl, SETTINGS[name], eyes=eyes), folder / name, SETTINGS[name]) for name in names]


def files_of(folder):
    found = [path for path in folder.rglob("*") if path.name in (HEADER, ITEMS, ANSWERS, VIDEOS)]
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def test_runs_side_by_side_write_what_each_would_alone(vxl, tmp_path):
    """Whatever is kept, at whatever ratio, from whatever frames: the folders have the bytes of runs by themselves."""
    task = ColourTask()
    for alone in plan(vxl, tmp_path / "alone"):
        run_task(task, task.load(None), alone.asker, alone.path, settings=alone.settings)
    summaries = run_side_by_side(task, task.load(None), plan(vxl, tmp_path / "together", eyes=Eyes(vxl)))
    assert files_of(tmp_path / "together") == files_of(tmp_path / "alone")
    assert [(each.num_items, each.num_failed) for each in summaries] == [(9, 0)] * len(SETTINGS)


def test_each_video_is_encoded_once_for_all(vxl, tmp_path, num_encoded):
    """However many runs ask about the same frames of a video, these go through the tower once."""
    task = ColourTask(seconds=13)
    names = ("ratio-1", "ratio-4", "pooling", "random-rows", "dropping", "recent-rows", "dynamic", "blind")
    run_side_by_side(task, task.load(None), plan(vxl, tmp_path, names=names, eyes=Eyes(vxl)))
    assert num_encoded == [13, 13, 13]


def test_a_video_that_is_too_much_to_hold_is_watched_by_each(vxl, tmp_path, num_encoded):
    """Beyond the bound nothing is held, and the answers are the same."""
    task, names = ColourTask(videos=("red",)), ("ratio-1", "ratio-4")
    run_side_by_side(task, task.load(None), plan(vxl, tmp_path / "held", names=names, eyes=Eyes(vxl)))
    small = Eyes(vxl, max_bytes=1000)
    run_side_by_side(task, task.load(None), plan(vxl, tmp_path / "not", names=names, eyes=small))
    assert num_encoded == [13, 13, 13]
    assert files_of(tmp_path / "held") == files_of(tmp_path / "not")


@pytest.mark.parametrize("place", [0, 3, 7, 12, 18, 23])
def test_a_kill_anywhere_does_not_show(vxl, tmp_path, monkeypatch, place):
    """Killed in the middle of any line of any folder, all runs go on and end with the bytes of uninterrupted ones."""
    task, names = ColourTask(videos=("red", "green"), questions=2), ("ratio-4", "pooling", "blind")
    run_side_by_side(task, task.load(None), plan(vxl, tmp_path / "whole", names=names, eyes=Eyes(vxl)))
    append, num_appended = RunWriter._append, 0

    def killed(writer, name, document):
        nonlocal num_appended
        if num_appended == place:
            writer._files[name].write('{"item": "cut')
            raise KeyboardInterrupt
        num_appended += 1
        append(writer, name, document)

    with monkeypatch.context() as patch:
        patch.setattr(RunWriter, "_append", killed)
        with pytest.raises(KeyboardInterrupt):
            run_side_by_side(task, task.load(None), plan(vxl, tmp_path / "run", names=names, eyes=Eyes(vxl)))
    run_side_by_side(task, task.load(None), plan(vxl, tmp_path / "run", names=names, eyes=Eyes(vxl)))
    assert files_of(tmp_path / "run") == files_of(tmp_path / "whole")


def test_finished_runs_watch_nothing(vxl, tmp_path, num_encoded):
    """Given again, runs that are done read and encode nothing."""
    task = ColourTask(videos=("red",))
    for _ in range(2):
        run_side_by_side(task, task.load(None), plan(vxl, tmp_path, names=("ratio-1", "ratio-4"), eyes=Eyes(vxl)))
    assert num_encoded == [13]


def test_progress_counts_all_runs(tmp_path):
    """What a listener hears of goes up to the items of all runs, and to the videos of the task."""
    task, heard, settings = ColourTask(), [], RunSettings()
    planned = [PlannedRun(Echo(), tmp_path / name, settings) for name in ("a", "b")]
    run_side_by_side(task, task.load(None), planned, listener=heard.append)
    last = heard[-1]
    assert (last.num_items, last.total_items, last.num_videos, last.total_videos) == (18, 18, 3, 3)
    assert [each.num_items for each in heard] == sorted(each.num_items for each in heard)
    again = [PlannedRun(Echo(), tmp_path / name, settings) for name in ("a", "b")]
    run_side_by_side(task, task.load(None), again, listener=heard.append)
    assert heard[-1].num_resumed == 18


def test_videos_of_one_content_keep_their_names(vxl):
    """Two videos that show the same are two videos; one that is held is not shown for the other."""
    eyes, sample = Eyes(vxl), SampleConfig(fps=1)
    first, second = (eyes.see(ColourSource(name, seconds=5, seed=3), sample) for name in ("one", "two"))
    assert isinstance(first, SeenVideo)
    assert [str(each.info.path) for each in (first, second)] == ["one", "two"]
