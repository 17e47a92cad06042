"""Quality against compression ratio: runs that differ in nothing but the ratio are one curve."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from videoxl.evaluation.report.reported_run import ReportedRun
from videoxl.evaluation.results import Score

AXIS = "ratio"


@dataclass(frozen=True, slots=True)
class Point:
    """The one number of a run."""

    ratio: int
    score: Score
    run: int
    """Number of the run that it is of."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Points by rising ratio."""

    label: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """All curves of one task, and what no looking reaches on its questions."""

    task: str
    metric: str
    curves: tuple[Curve, ...]
    trivial: float | None


def charts(runs: Sequence[ReportedRun]) -> list[Chart]:
    """A chart for each task that was tried at two ratios or more."""
    found = []
    for task in dict.fromkeys(run.header.task for run in runs):
        members = [run for run in runs if run.header.task == task and run.results.overall is not None]
        curves = _named(_curves(members))
        if len({point.ratio for curve in curves for point in curve.points}) > 1:
            levels = {run.trivial("overall") for run in members}
            level = levels.pop() if len(levels) == 1 else None
            found.append(Chart(task, members[0].results.metric, tuple(curves), level))
    return found


def _curves(runs: Sequence[ReportedRun]) -> list[tuple[Curve, str]]:
    """Curves, each with the name of the first run in it."""
    groups: dict[str, list[tuple[ReportedRun, Point]]] = {}
    for run in runs:
        for point in _points(run):
            groups.setdefault(_all_but_ratio(run), []).append((run, point))
    curves = []
    for members in groups.values():
        points = sorted((point for _, point in members), key=lambda point: point.ratio)
        run = members[0][0]
        curves.append((Curve(run.maker, tuple(points)), run.path.name))
    return curves


def _points(run: ReportedRun) -> list[Point]:
    if run.ratio is None or run.results.overall is None:
        return []
    return [Point(run.ratio, run.results.overall, run.number)]


def _all_but_ratio(run: ReportedRun) -> str:
    settings: dict[str, Any] = {name: value for name, value in run.header.settings.items() if name != AXIS}
    options = dict(run.header.task_options)
    return json.dumps([options, run.header.model, run.header.fingerprint, settings], sort_keys=True, default=str)


def _named(curves: Sequence[tuple[Curve, str]]) -> list[Curve]:
    """Curves whose labels are the same also say which run they begin with."""
    labels = [curve.label for curve, _ in curves]
    return [
        replace(curve, label=f"{curve.label} ({name})") if labels.count(curve.label) > 1 else curve
        for curve, name in curves
    ]
