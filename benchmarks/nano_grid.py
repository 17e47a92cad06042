"""The table of the embedded model: accuracy by task, ratio and length, beside memories as small without VSTs.

    python -m benchmarks.nano_grid [--quick] [--model nano] [--work runs/nano-grid]        or: make eval [QUICK=1]

synthbench and niah at 32, 128, 512 and 3600 frames, one a second, each asked at 1x to 32x, by four other methods at the
same number of rows, and blind. These are runs of `videoxl evaluate`: each has a folder with its raw answers,
WORK/GRID-FINGERPRINT/TASK-LENGTH/METHOD-RATIO, which `videoxl evaluate score` and `report` read. What was stopped goes
on by the same command. Each film is read and encoded once for all its runs; two processes of one thread each share the
films. Written is results/nano_grid.json, which docs/generate.py makes docs/explanation/nano-table.md of.
"""

import argparse
import os
import signal
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from importlib.metadata import version
from multiprocessing import active_children, get_context
from pathlib import Path
from types import FrameType
from typing import Any

import torch

import videoxl
from benchmarks.grid_numbers import grid_numbers
from benchmarks.measurement import progress, write
from videoxl.engine import VideoXL
from videoxl.evaluation.eyes import Eyes
from videoxl.evaluation.model_asker import ModelAsker
from videoxl.evaluation.registry import find_task
from videoxl.evaluation.run_progress import RunProgress
from videoxl.evaluation.run_settings import RunSettings
from videoxl.evaluation.runner import PlannedRun, run_side_by_side

TASKS = ("synthbench", "niah")
RATIOS = (1, 2, 4, 8, 16, 32)
BASELINES = ("pooling", "dropping", "random-rows", "recent-rows")  # the fifth, `none`, is VSTs at ratio 1: raw rows
NUM_PROCESSES = 2
INTERRUPTED = 130
SECONDS_BETWEEN_NOTES = 60.0
PACKAGES = ("videoxl", "torch", "transformers", "tokenizers", "numpy")


@dataclass(frozen=True, slots=True)
class Grid:
    """How many films are watched, and at which ratios there are baselines."""

    name: str
    films: Mapping[int, int]
    """By length: of each group and kind of needle of synthbench (nine in all), and of each depth of niah."""
    depths: int = 5
    baseline_ratios: tuple[int, ...] = (16,)
    ratios: tuple[int, ...] = RATIOS
    seed: int = 0

    def parts(self) -> "list[Part]":
        """What is done by one process in one go; those with the most frames first, so that both end together."""
        parts = [Part(self, task, length) for length in self.films for task in TASKS]
        return sorted(parts, key=lambda part: part.num_frames, reverse=True)

    def settings(self) -> dict[str, RunSettings]:
        """Every run of a part, by the name of its folder."""
        found = {f"vst-{ratio}": RunSettings(ratio=ratio) for ratio in self.ratios}
        for method in BASELINES:
            found |= {f"{method}-{ratio}": RunSettings(ratio=ratio, method=method) for ratio in self.baseline_ratios}
        return found | {"blind": RunSettings(blind=True)}


@dataclass(frozen=True, slots=True)
class Part:
    """One task at one length."""

    grid: Grid
    task: str
    length: int

    @property
    def name(self) -> str:
        """As its folder is called."""
        return f"{self.task}-{self.length}"

    @property
    def options(self) -> dict[str, Any]:
        """Of the task."""
        given = {"films": self.grid.films[self.length], "seed": self.grid.seed, "split": "test"}
        if self.task == "niah":
            return given | {"frames": (self.length,), "depths": self.grid.depths}
        return given | {"seconds": (self.length,)}

    @property
    def num_frames(self) -> int:
        """Of all its films."""
        num_kinds = self.grid.depths if self.task == "niah" else 9
        return num_kinds * self.grid.films[self.length] * self.length


QUICK = Grid("quick", films={32: 6, 128: 4, 512: 2, 3600: 1})
WHOLE = Grid("whole", films={32: 24, 128: 24, 512: 12, 3600: 6}, baseline_ratios=(8, 16, 32))


def main() -> None:
    """Ask what is left to be asked, count, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer films: well under an hour on two cores")
    parser.add_argument("--model", default="nano", help="a model's name or folder")
    parser.add_argument("--work", type=Path, default=Path("runs/nano-grid"), help="where the run folders are")
    options = parser.parse_args()
    grid = QUICK if options.quick else WHOLE
    torch.set_num_threads(1)
    signal.signal(signal.SIGTERM, _leave)
    vxl = videoxl.load(options.model, device="cpu")
    folder = options.work / f"{grid.name}-{vxl.fingerprint[:8]}"
    ask_all(grid, folder, options.model)
    write("nano_grid", about(grid, vxl) | grid_numbers(folder))
    progress(f"raw answers: {folder}; all of it as a page: videoxl evaluate report {folder}/*/* -o grid.html")


def ask_all(grid: Grid, folder: Path, model: str) -> None:
    """Every run that is not done yet, in processes of one thread; one that fails, or an interruption, ends all."""
    began = time.monotonic()
    os.environ["OMP_NUM_THREADS"] = "1"  # read by the processes when they import torch
    with ProcessPoolExecutor(NUM_PROCESSES, get_context("spawn"), initializer=_leave_interrupts) as pool:
        try:
            for done in as_completed([pool.submit(ask_part, part, folder, model) for part in grid.parts()]):
                progress(f"{done.result()}: done, {time.monotonic() - began:.0f} s in all")
        except BaseException as error:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in active_children():
                process.terminate()  # what is written is whole but for a last line, which is asked again
            if not isinstance(error, KeyboardInterrupt):
                raise
            progress("stopped; the same command goes on from here.")
            raise SystemExit(INTERRUPTED) from None


def _leave(number: int, frame: FrameType | None) -> None:
    """Asked to end, as an interruption: the processes that were started end, too."""
    raise SystemExit(128 + number)


def _leave_interrupts() -> None:
    """To the first process, which ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def ask_part(part: Part, folder: Path, model: "str | VideoXL") -> str:
    """All runs of one part, side by side; returns its name."""
    torch.set_num_threads(1)
    vxl = model if isinstance(model, VideoXL) else videoxl.load(model, device="cpu")
    task, eyes = find_task(part.task, part.options), Eyes(vxl)
    planned = [
        PlannedRun(ModelAsker(vxl, settings, name=vxl.name, eyes=eyes), folder / part.name / name, settings)
        for name, settings in part.grid.settings().items()
    ]
    run_side_by_side(task, task.load(None), planned, listener=_Notes(part.name))
    return part.name


class _Notes:
    """A line a minute on stderr."""

    def __init__(self, name: str) -> None:
        self._name, self._told = name, time.monotonic()

    def __call__(self, done: RunProgress) -> None:
        if time.monotonic() - self._told < SECONDS_BETWEEN_NOTES:
            return
        self._told = time.monotonic()
        looking = done.watching and f", {done.watching.num_frames} of {done.watching.total_frames} frames of the next"
        told = f"{done.num_videos} of {done.total_videos} films, {done.num_items} of {done.total_items} answers"
        progress(f"{self._name}: {told}{looking or ''}")


def about(grid: Grid, vxl: VideoXL) -> dict[str, Any]:
    """What was measured, with what."""
    return {
        "grid": grid.name,
        "make": "make eval QUICK=1" if grid.name == QUICK.name else "make eval",
        "processes": NUM_PROCESSES,
        "versions": {package: version(package) for package in PACKAGES},
        "model": {"name": vxl.name, "fingerprint": vxl.fingerprint},
        "seed": grid.seed,
        "films": {part.name: dict(_counted(part)) for part in grid.parts()},
    }


def _counted(part: Part) -> Iterator[tuple[str, int]]:
    yield "films", part.num_frames // part.length
    yield "frames", part.num_frames


if __name__ == "__main__":
    main()
