"""A run folder that is gone on with is the same run, or it is refused; nothing in it is changed then."""

import errno
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from videoxl.errors import EvaluationError, UsageError
from videoxl.evaluation.asker import Said
from videoxl.evaluation.run_folder import ANSWERS, COSTS, VIDEOS, open_run, write_json
from videoxl.evaluation.run_settings import RunSettings
from videoxl.evaluation.run_writer import RunWriter
from videoxl.evaluation.runner import run_task
from videoxl.evaluation.task import Loaded

from .colours import ColourTask, Echo

BEGUN = {"ratio": 8, "limit": None}
ONE_BY_ONE = RunSettings(batch=1)
FULL = Path("/dev/full")


def run(path, *, task=None, items=None, **asker):
    task = task or ColourTask()
    loaded = task.load(None) if items is None else Loaded(items)
    return run_task(task, loaded, Echo(**{"chosen": BEGUN, **asker}), path, settings=ONE_BY_ONE)


class OtherTask(ColourTask):
    """The same items by another name."""

    name = "others"


def changed_items():
    first, *rest = ColourTask().load(None).items
    return (first, replace(rest[0], question="what else ?"), *rest[1:])


@pytest.mark.parametrize(
    ("difference", "named"),
    [
        ({"task": OtherTask()}, "its task is colours, this one's others"),
        ({"task": ColourTask(seconds=12)}, "its option seconds is 13, this one's 12"),
        ({"task": ColourTask(videos=("red",))}, "its option videos is"),
        ({"fingerprint": "f" * 64, "name": "nano"}, "its model is echo (eeeeeeeeeeee), this one's nano (ffffffffffff)"),
        ({"chosen": {"ratio": 4, "limit": None}}, "its ratio is 8, this one's 4"),
        ({"chosen": {**BEGUN, "blind": True}}, "its blind is None, this one's True"),
        ({"items": ColourTask().load(None).items[:8]}, "it has 9 items, this one 8"),
        ({"items": changed_items()}, "of item 2, green-0, the question is what appears cat ?, this one's what else ?"),
    ],
)
def test_another_run_is_refused_by_its_first_difference(tmp_path, difference, named):
    """Task, options, model, settings and items of a run are those that it was begun with; what differs is named."""
    run(tmp_path / "run")
    before = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    with pytest.raises(UsageError) as refused:
        run(tmp_path / "run", **difference)
    assert named in str(refused.value)
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()} == before


def test_the_same_weights_elsewhere_are_the_same_model(tmp_path):
    """A model that was moved goes on with its runs: weights count, not the name of a folder."""
    run(tmp_path / "run")
    assert run(tmp_path / "run", name="moved/echo").num_resumed == 9


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    """A folder with other things in it, or a file, is refused by name."""
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.png").touch()
    with pytest.raises(UsageError, match=r"photos holds cat\.png"):
        run(tmp_path / "photos")
    assert [path.name for path in (tmp_path / "photos").iterdir()] == ["cat.png"]
    with pytest.raises(UsageError, match="is a file"):
        run(tmp_path / "photos" / "cat.png")


def test_answers_in_another_order_are_refused(tmp_path):
    """Lines that were moved or taken out are found, by their number, before anything is asked."""
    run(tmp_path / "run")
    first, second, *rest = (tmp_path / "run" / ANSWERS).read_bytes().splitlines(keepends=True)
    (tmp_path / "run" / ANSWERS).write_bytes(b"".join([second, first, *rest]))
    with pytest.raises(EvaluationError, match="line 1 answers red-1, expected red-0"):
        run(tmp_path / "run")


def test_a_video_that_changed_is_refused(tmp_path):
    """A video whose frames are not those of the run's beginning ends the run: its answers would be of two videos."""
    run(tmp_path / "run")
    answers = tmp_path / "run" / ANSWERS
    answers.write_bytes(b"".join(answers.read_bytes().splitlines(keepends=True)[:4]))
    videos = tmp_path / "run" / VIDEOS
    videos.write_text(videos.read_text().replace("[0.0, 1.0]", "[0.0, 0.5, 1.0]"))
    with pytest.raises(EvaluationError, match=r"green was watched with 3 frames .* now it is 2 frames"):
        run(tmp_path / "run")


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has a device that is always full")
@pytest.mark.parametrize("name", [ANSWERS, VIDEOS, COSTS])
def test_a_full_disk_is_said_and_nothing_is_lost(tmp_path, monkeypatch, name):
    """Where the disk fills up, the file is named, the folder is let go, and the run goes on to the same bytes."""
    run(tmp_path / "whole")
    num_asked = 0

    class UntilFull(Echo):
        def ask(self, *args, **options):
            nonlocal num_asked
            num_asked += 1
            if num_asked == 4:
                [writer] = writers
                writer._files[name].close()
                writer._files[name] = FULL.open("a", encoding="utf-8")
            return super().ask(*args, **options)

    writers, begin = [], RunWriter.__init__

    def remembered(writer, *args, **options):
        begin(writer, *args, **options)
        writers.append(writer)

    with monkeypatch.context() as patch:
        patch.setattr(RunWriter, "__init__", remembered)
        task = ColourTask()
        with pytest.raises(OSError, match=re.escape(str(tmp_path / "run" / name))) as caught:
            run_task(task, task.load(None), UntilFull(chosen=BEGUN), tmp_path / "run", settings=ONE_BY_ONE)
    assert caught.value.errno == errno.ENOSPC
    with pytest.raises(EvaluationError, match="is not finished"):
        open_run(tmp_path / "run")
    assert run(tmp_path / "run").num_resumed >= 3
    for each in (ANSWERS, VIDEOS):
        assert (tmp_path / "run" / each).read_bytes() == (tmp_path / "whole" / each).read_bytes()


def test_a_file_that_could_not_be_written_leaves_nothing(tmp_path, monkeypatch):
    """A file that is there at once or not at all leaves no part of itself, and says its own name."""

    def full(*args, **options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "kept.json").write_text("before")
    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(OSError, match=r"kept\.json"):
        write_json(tmp_path / "kept.json", {})
    assert [path.name for path in tmp_path.iterdir()] == ["kept.json"]
    assert (tmp_path / "kept.json").read_text() == "before"


def test_half_a_character_does_not_end_a_run(tmp_path):
    """A model that ends within a character is kept word for word, and what is written goes on as ever."""

    class Half(Echo):
        def ask(self, watched, prompts, **options):
            return [Said("B \ud83d") for _ in prompts]

    task = ColourTask()
    asked = (Half(chosen=BEGUN), tmp_path / "run")
    run_task(task, task.load(None), *asked, settings=ONE_BY_ONE)
    assert {record.raw for record in open_run(tmp_path / "run").records} == {"B \ud83d"}
    before = (tmp_path / "run" / ANSWERS).read_bytes()
    assert run_task(task, task.load(None), *asked, settings=ONE_BY_ONE).num_resumed == 9
    assert (tmp_path / "run" / ANSWERS).read_bytes() == before


def test_two_runs_do_not_write_one_folder(tmp_path):
    """A second run on a folder that is being written is refused at once."""

    class Second(Echo):
        def ask(self, *args, **options):
            with pytest.raises(UsageError, match="being written by another run"):
                run(tmp_path / "run")
            return super().ask(*args, **options)

    task = ColourTask(videos=("red",), questions=1)
    run_task(task, task.load(None), Second(), tmp_path / "run", settings=ONE_BY_ONE)
