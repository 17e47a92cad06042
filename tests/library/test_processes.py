"""Real processes that share the work of one library, and one that is killed in the middle of it."""

import signal
import subprocess
import sys

import pytest

from videoxl.library import Library

from .conftest import SECONDS, files_of

# Copies what another has watched instead of watching: what is tested is who does what, not how.
COPY = """
import shutil, sys, threading
from videoxl.library import Library
from videoxl.memory import inspect

folder, memory, name, seconds = sys.argv[1:]
library, pause = Library(folder), threading.Event()
while any(entry.state in ("queued", "watching") for entry in library.entries()):
    job = library.lease(name, float(seconds))
    if job is None:
        pause.wait(0.05)
        continue
    print("took", job.entry.id, flush=True)
    if name == "victim":
        sys.stdin.read()
    shutil.copytree(memory, job.path, dirs_exist_ok=True)
    job.done(inspect(job.path))
    print("ready", job.entry.id, flush=True)
"""

WATCH = """
import sys, threading
from videoxl.engine import load
from videoxl.library import Library
from videoxl.library.worker import work_on

folder, model, name, seconds = sys.argv[1:]
library, vxl, pause = Library(folder), load(model, device="cpu"), threading.Event()

def between(memory):
    print("kept", flush=True)

while any(entry.state in ("queued", "watching") for entry in library.entries()):
    job = library.lease(name, float(seconds), model_fingerprint=vxl.fingerprint)
    if job is None:
        pause.wait(0.1)
        continue
    print("took", job.entry.id, flush=True)
    print(work_on(job, library, vxl, between=between).state, job.entry.id, flush=True)
"""


@pytest.fixture
def library(tmp_path):
    """A library on the clock of the machine."""
    library = Library(tmp_path / "library")
    yield library
    library.close()


@pytest.fixture
def start(library):
    """Starts a process that works on the library until nothing is left."""
    started = []

    def start_one(code, source, name, *, lease_seconds):
        process = subprocess.Popen(
            [sys.executable, "-c", code, library.folder, source, name, str(lease_seconds)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        started.append(process)
        return process

    yield start_one
    for process in started:
        process.kill()
        process.communicate()


def ids(output, word):
    """Ids behind a word in what a process has printed, in order."""
    return [line.split()[1] for line in output.splitlines() if line.startswith(word)]


def test_processes_share_the_work_and_outlive_one_another(library, start, vxl, watch, add, make_film):
    """Every job is done by one process; the one that a SIGKILLed worker held is done by another."""
    watched = watch(make_film(12))
    entries = [add(f"{number}.mp4") for number in range(20)]
    with library.reading(watched.id) as memory:
        victim = start(COPY, memory, "victim", lease_seconds=0.5)
        took = ids(victim.stdout.readline(), "took")
        victim.send_signal(signal.SIGKILL)
        victim.communicate()
        others = [start(COPY, memory, name, lease_seconds=SECONDS) for name in ("one", "two")]
        outputs = [process.communicate() for process in others]
    assert [process.returncode for process in others] == [0, 0], outputs
    done = [entry_id for out, _ in outputs for entry_id in ids(out, "ready")]
    assert sorted(done) == sorted(entry.id for entry in entries)
    assert took[0] in done
    assert {entry.state for entry in library.entries()} == {"ready"}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_killed_watching_is_gone_on_with(library, start, make_model, processor, make_film, tmp_path):
    """Of two processes with a model one is SIGKILLed while it watches; the other finishes all, with the right bytes."""
    from videoxl.engine import load

    from .conftest import settings

    model = tmp_path / "model"
    make_model(evidence_layers=[1, 2]).save_pretrained(model)
    processor.save_pretrained(model)
    vxl = load(model, device="cpu")
    films = [make_film(25, seed=seed) for seed in range(3)]
    for film in films:
        library.add(film, settings(), model_name=vxl.name, model_fingerprint=vxl.fingerprint)
    victim = start(WATCH, model, "victim", lease_seconds=10)
    survivor = start(WATCH, model, "survivor", lease_seconds=10)
    lines = [victim.stdout.readline(), victim.stdout.readline()]
    victim.send_signal(signal.SIGKILL)
    rest, _ = victim.communicate()
    out, errors = survivor.communicate()
    assert survivor.returncode == 0, errors
    assert "kept\n" in lines or out.count("ready") == len(films)  # the other may have been quicker with all of them
    done = [*ids(rest, "ready"), *ids(out, "ready")]
    assert sorted(done) == sorted(entry.id for entry in library.entries())
    for film, entry in zip(reversed(films), library.entries(), strict=True):
        vxl.watch(film, out=tmp_path / f"{entry.id}.vxl", ratio=4, interval_frames=10)
        with library.reading(entry.id) as path:
            assert files_of(path) == files_of(tmp_path / f"{entry.id}.vxl")
