"""Killed outright at random, ten times over, and gone on with each time: a run has the bytes of one left in peace.

The kills are real (SIGKILL): a process that holds a model forks, its child asks, and it kills the child somewhere
behind a random report of progress, wherever the child then is. Or the child kills itself in the middle of a batch.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from videoxl.engine import load
from videoxl.evaluation.model_asker import ModelAsker
from videoxl.evaluation.run_folder import ANSWERS, HEADER, ITEMS, VIDEOS
from videoxl.evaluation.run_settings import RunSettings
from videoxl.evaluation.runner import run_task

from .colours import ColourTask

NUM_KILLS = 10
MOST_REPORTS = 7  # where a child that is not killed yet waits for it; ten of them do not get to the end
TASK = {"videos": tuple(f"film{number}" for number in range(12)), "questions": 4, "seconds": 20}
SETTINGS = {"ratio": 4, "fps": 1}
BATCH = 3  # of the four questions about a film: one batch of three, and one that is asked alone
ASK = f"""
import os, random, signal, sys
from pathlib import Path

import torch

sys.path.insert(0, sys.argv[1])
from colours import ColourTask
from videoxl.engine import load
from videoxl.evaluation import model_asker
from videoxl.evaluation.run_settings import RunSettings
from videoxl.evaluation.runner import run_task

torch.set_num_threads(1)
model_asker.NUM_FRAMES_LONG = 10  # so that memories are written, too
task, settings = ColourTask(**{TASK}), RunSettings(**{SETTINGS}, batch=int(sys.argv[4]))
vxl = load(sys.argv[2], device="cpu")


def ask(listener):
    asker = model_asker.ModelAsker(vxl, settings, name="tiny")
    run_task(task, task.load(None), asker, Path(sys.argv[3]), settings=settings, listener=listener)
    os._exit(0)


def is_killed(child):
    assert os.waitpid(child, 0)[1] == signal.SIGKILL, "the run had ended before it was killed"
"""
AT_RANDOM = f"""{ASK}
drawn = random.Random(int(sys.argv[5]))
for number in range({NUM_KILLS}):
    heard, reports = os.pipe()
    child = os.fork()
    if not child:
        os.close(heard)
        said = []

        def report(progress):
            said.append(os.write(reports, b"."))
            if len(said) == {MOST_REPORTS}:
                signal.pause()

        ask(report)
    os.close(reports)
    for _ in range(drawn.randint(1, {MOST_REPORTS})):
        os.read(heard, 1)
    os.kill(child, signal.SIGKILL)
    is_killed(child)
    os.close(heard)
"""
BEHIND_EVERY_ITEM = f"""{ASK}
for number in range(1, {NUM_KILLS} + 1):
    child = os.fork()
    if not child:
        ask(lambda progress: progress.num_items == number and os.kill(os.getpid(), signal.SIGKILL))
    is_killed(child)
"""


@pytest.fixture(scope="module")
def model(make_model, processor, tmp_path_factory):
    """A tiny model in a folder."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    make_model(evidence_layers=[1, 2]).save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def check_killed(model, tmp_path_factory):
    """Kills a run by a script, finishes it, holds it against one left in peace; gives how many items were resumed."""
    whole = {}

    def finish(path, batch):
        task, settings = ColourTask(**TASK), RunSettings(**SETTINGS, batch=batch)
        asker = ModelAsker(load(model, device="cpu"), settings, name="tiny")
        return run_task(task, task.load(None), asker, path, settings=settings)

    def check(script, batch, *arguments):
        folder = tmp_path_factory.mktemp("killed") / "run"
        command = [sys.executable, "-c", script, Path(__file__).parent, model, folder, str(batch), *arguments]
        killed = subprocess.run(command, capture_output=True, text=True)
        assert killed.returncode == 0, f"{arguments}: {killed.stderr}"
        summary = finish(folder, batch)
        if batch not in whole:
            whole[batch] = tmp_path_factory.mktemp("whole") / "run"
            finish(whole[batch], batch)
        for name in (HEADER, ITEMS, ANSWERS, VIDEOS):
            assert (folder / name).read_bytes() == (whole[batch] / name).read_bytes(), arguments
        assert not list(folder.glob("*.vxl"))
        assert summary.num_resumed < summary.num_items
        return summary.num_resumed

    return check


forking = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")


@forking
@pytest.mark.timeout(300)  # a process of its own loads torch, which takes its time on a busy machine
@pytest.mark.parametrize("batch", [1, BATCH])
def test_ten_kills_do_not_show(check_killed, batch):
    """Ten kills at random moments of watching, asking and writing leave the bytes of an uninterrupted run."""
    seed = int.from_bytes(os.urandom(4), "big")  # said where it fails, so that a failure can be had again
    assert check_killed(AT_RANDOM, batch, str(seed)) > 0, f"seed {seed}"


@forking
@pytest.mark.timeout(300)
def test_batches_that_were_half_written_are_finished(check_killed):
    """Killed behind each of its first answers, a run writes what is missing of a batch, and that alone, to the byte."""
    assert check_killed(BEHIND_EVERY_ITEM, BATCH) == NUM_KILLS
