"""Killed outright at random, ten times over, and gone on with each time: a run has the bytes of one left in peace.

The kills are real (SIGKILL): a process that holds a model forks, its child asks, and it kills the child somewhere
behind a random report of progress, wherever the child then is.
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
MOST_REPORTS = 5  # ten children hear of fifty at the most; the run has more
TASK = {"videos": tuple(f"film{number}" for number in range(12)), "questions": 4, "seconds": 20}
SETTINGS = {"ratio": 4, "fps": 1}
KILL = f"""
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
task, settings, drawn = ColourTask(**{TASK}), RunSettings(**{SETTINGS}), random.Random(int(sys.argv[4]))
vxl = load(sys.argv[2], device="cpu")


def ask(reports):
    asker = model_asker.ModelAsker(vxl, settings, name="tiny")
    say = lambda _: os.write(reports, b".")
    run_task(task, task.load(None), asker, Path(sys.argv[3]), settings=settings, listener=say)


for number in range({NUM_KILLS}):
    heard, reports = os.pipe()
    child = os.fork()
    if not child:
        os.close(heard)
        ask(reports)
        os._exit(0)
    os.close(reports)
    for _ in range(drawn.randint(1, {MOST_REPORTS})):
        os.read(heard, 1)
    os.kill(child, signal.SIGKILL)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL, "the run had ended before it was killed"
    os.close(heard)
"""


@pytest.fixture(scope="module")
def model(make_model, processor, tmp_path_factory):
    """A tiny model in a folder."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    make_model(evidence_layers=[1, 2]).save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
@pytest.mark.timeout(300)  # a process of its own loads torch, which takes its time on a busy machine
def test_ten_kills_do_not_show(model, tmp_path):
    """Ten kills at random moments of watching, asking and writing leave the bytes of an uninterrupted run."""
    seed = int.from_bytes(os.urandom(4), "big")  # printed below, so that a failure can be had again
    command = [sys.executable, "-c", KILL, Path(__file__).parent, model, tmp_path / "run", str(seed)]
    killed = subprocess.run(command, capture_output=True, text=True)
    assert killed.returncode == 0, f"seed {seed}: {killed.stderr}"
    task, settings, vxl = ColourTask(**TASK), RunSettings(**SETTINGS), load(model, device="cpu")

    def finish(name):
        asker = ModelAsker(vxl, settings, name="tiny")
        return run_task(task, task.load(None), asker, tmp_path / name, settings=settings)

    assert 0 < finish("run").num_resumed < finish("whole").num_items, f"seed {seed}"
    for name in (HEADER, ITEMS, ANSWERS, VIDEOS):
        assert (tmp_path / "run" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), f"seed {seed}"
    assert not list((tmp_path / "run").glob("*.vxl"))
