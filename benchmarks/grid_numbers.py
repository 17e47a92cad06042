"""The numbers of a grid, from the run folders that it left: nothing is asked, and the room's own scorers count.

cells["synthbench-128"]["vst-16"]     the one number, by ability, evidence, time error, costs
leads["synthbench-128"]["pooling-16"]       VSTs minus that baseline at the same rows, question by question
kept["synthbench-128"]["vst-16"]      that ratio minus ratio 1
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from videoxl.evaluation.compare import compare_runs
from videoxl.evaluation.methods.method import DEFAULT_METHOD, METHODS
from videoxl.evaluation.report.reported_run import ReportedRun, read_runs
from videoxl.evaluation.rescoring import ScoredRun
from videoxl.evaluation.results import CategoryScore, Score

DIGITS = 4
AXES = ("ability", "kind", "depth", "needle")
RAW = "vst-1"
MEANINGS = {
    "score": "mean over abilities (synthbench) or over kinds of questions (niah), with its 95 % interval",
    "trivial": "what the best fixed way of answering these very questions reaches without looking",
    "evidence": "the first range of evidence shows what was asked about, whether or not the answer is right",
    "time_error_seconds": "median seconds from the middle of a range to the nearest moment that shows it",
    "vst-1": "ratio 1: every raw row is kept and there are no VSTs, which is the method `none`",
    "blind": "the same questions, asked without any video",
    "leads": "VSTs minus the baseline at the same number of rows, question by question, with its 95 % interval",
    "kept": "that ratio minus ratio 1, likewise",
    "work_seconds": "watching and asking, all processes together, however often the grid was stopped",
    "costs": "means; `watch_seconds` of the first run of a part hold reading and encoding its films for all of them",
}


def grid_numbers(folder: Path) -> dict[str, Any]:
    """Every number of a finished grid.

    Raises:
        EvaluationError: A run of it is not finished, or damaged.
    """
    parts = {path.name: _runs(path) for path in sorted(folder.iterdir(), key=_order) if path.is_dir()}
    return {
        "work_seconds": round(sum(_work_seconds(run) for runs in parts.values() for run in runs.values())),
        "means": MEANINGS,
        "cells": {name: {run: _cell(read) for run, read in runs.items()} for name, runs in parts.items()},
        "leads": {name: _leads(runs) for name, runs in parts.items()},
        "kept": {
            name: {run: _difference(runs[RAW], read) for run, read in runs.items() if run.startswith("vst-")}
            for name, runs in parts.items()
        },
    }


def _runs(path: Path) -> dict[str, ReportedRun]:
    runs = sorted(read_runs([path]), key=lambda run: (run.ratio is None, [*METHODS].index(_method(run)), run.ratio))
    return {run.path.name: run for run in runs}


def _method(run: ReportedRun) -> str:
    return run.header.settings.get("method", DEFAULT_METHOD)


def _order(path: Path) -> tuple[str, int]:
    task, _, length = path.name.rpartition("-")
    return task, int(length) if length.isdecimal() else 0


def _cell(run: ReportedRun) -> dict[str, Any]:
    results = run.results
    assert results.overall is not None, "every question of a film has an answer"
    return {
        "score": _share(results.overall, run.trivial("overall")),
        **{axis: found for axis in AXES if (found := _categories(run, axis))},
        **_evidence(run),
        "time_error_seconds": _rounded(results.extra["time_error_seconds"]),
        "costs": _costs(run),
    }


def _categories(run: ReportedRun, axis: str) -> dict[str, Any]:
    return {each.category: _share(each.score, run.trivial(axis, each.category)) for each in _of(run, axis)}


def _of(run: ReportedRun, axis: str) -> list[CategoryScore]:
    return [each for each in run.results.by if each.axis == axis]


def _evidence(run: ReportedRun) -> dict[str, Any]:
    found = _of(run, "evidence")
    return {"evidence": _share(found[0].score, run.trivial("evidence"))} if found else {}


def _costs(run: ReportedRun) -> dict[str, Any]:
    names = ("watch_seconds", "ask_seconds", "first_token_seconds", "memory_rows", "memory_bytes")
    return {name: _rounded(getattr(run.costs, name)) for name in names}


def _work_seconds(run: ReportedRun) -> float:
    costs = run.costs
    return (costs.watch_seconds or 0) * costs.num_videos + (costs.ask_seconds or 0) * costs.num_questions


def _leads(runs: Mapping[str, ReportedRun]) -> dict[str, Any]:
    found = {}
    for name, run in runs.items():
        vst = runs.get(f"vst-{run.ratio}")
        if run is not vst and vst is not None:
            found[name] = _difference(run, vst)
    return found


def _difference(first: ReportedRun, second: ReportedRun) -> dict[str, Any]:
    """Of the one number, second minus first."""
    runs = [ScoredRun(run.path, run.header, dict(run.by_parser)) for run in (first, second)]
    found = compare_runs(*runs).overall
    interval = [_rounded(found.low), _rounded(found.high)]
    return {"value": _rounded(found.value), "interval": interval, "gained": found.num_gained, "lost": found.num_lost}


def _share(score: Score, trivial: float | None) -> dict[str, Any]:
    interval = [_rounded(score.low), _rounded(score.high)]
    return {"n": score.num, "share": _rounded(score.value), "interval": interval, "trivial": _rounded(trivial)}


def _rounded(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _rounded(each) for name, each in value.items()}
    return round(value, DIGITS) if isinstance(value, float) else value
