"""The table of the embedded model, made from benchmarks/results/nano_grid.json, which `make eval` writes."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

MISSING = "-"
MAIN_RATIO = 16
TITLES = {"synthbench": "synthbench", "niah": "needle in a haystack"}
METHODS = {
    "pooling": "average pooling",
    "dropping": "frame dropping",
    "random-rows": "random rows",
    "recent-rows": "recent rows and a sink",
}
PARTS_OF_TASK = {"synthbench": "ability", "niah": "kind"}

Entry = Mapping[str, Any]


def grid_table(results: Path) -> str:
    """All tables of the page."""
    path = results / "nano_grid.json"
    if not path.exists():
        return f"Not measured yet: `results/{path.name}` is not there; `make eval` writes it."
    found = _Grid(json.loads(path.read_text(encoding="utf-8")))
    return "\n\n".join([_caption(found), *_accuracies(found), *_baselines(found), *_moments(found), *_heat(found),
                        *_costs(found)])  # fmt: skip


class _Grid:
    """The numbers, found by task, length and run."""

    def __init__(self, about: Entry) -> None:
        self.about = about
        self.tasks = [task for task in TITLES if any(name.startswith(f"{task}-") for name in about["cells"])]
        self.lengths = sorted({int(name.rpartition("-")[2]) for name in about["cells"]})
        runs = {run for cells in about["cells"].values() for run in cells}
        self.ratios = sorted(int(run.removeprefix("vst-")) for run in runs if run.startswith("vst-"))

    def cell(self, task: str, length: int, run: str) -> Entry:
        """One run; empty where there is none."""
        return self.about["cells"].get(f"{task}-{length}", {}).get(run, {})

    def difference(self, kind: str, task: str, length: int, run: str) -> Entry:
        """Of "leads" or "kept"."""
        return self.about[kind].get(f"{task}-{length}", {}).get(run, {})


def _caption(found: _Grid) -> str:
    about, hardware = found.about, found.about["hardware"]
    films = sum(part["films"] for part in about["films"].values())
    frames = sum(part["frames"] for part in about["films"].values())
    versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    return (
        f"The {about['grid']} grid, {about['measured']}: {films} films, {frames:,} frames, read and encoded once for "
        f"all runs; `{about['make']}` ({about['work_seconds'] / 60:.0f} minutes of work for {about['processes']} "
        f"processes of one thread on {hardware['cpu']}, load {hardware.get('load_average', MISSING)} at its end). "
        f"Model {about['model']['name']} `{about['model']['fingerprint'][:12]}`, seed {about['seed']}; {versions}."
    )


def _accuracies(found: _Grid) -> Iterable[str]:
    for task in found.tasks:
        axis = PARTS_OF_TASK[task]
        yield f"### Accuracy: {TITLES[task]}"
        rows = []
        for length in found.lengths:
            cells = {ratio: found.cell(task, length, f"vst-{ratio}") for ratio in found.ratios}
            names = next((list(cell.get(axis, {})) for cell in cells.values() if cell), [])
            for name in names:
                entries = [cell.get(axis, {}).get(name) for cell in cells.values()]
                rows.append([str(length), name, *map(_percent, entries), _trivial(entries), _num(entries)])
            entries = [cell.get("score") for cell in cells.values()]
            shown = [_percent(entry, interval=True, bold=True) for entry in entries]
            rows.append([str(length), "**mean**", *shown, _trivial(entries), _num(entries)])
        head = ["frames", axis, *(f"{ratio}x" for ratio in found.ratios), "without looking", "n"]
        yield _table(head, rows)


def _baselines(found: _Grid) -> Iterable[str]:
    ratios = [ratio for ratio in found.ratios if any(_has_baseline(found, ratio, length) for length in found.lengths)]
    for ratio in ratios:
        yield f"### As many rows, filled otherwise: {ratio}x"
        rows = []
        for task in found.tasks:
            for length in found.lengths:
                raw, blind = (found.cell(task, length, run).get("score") for run in ("vst-1", "blind"))
                row = [TITLES[task], str(length), _percent(found.cell(task, length, f"vst-{ratio}").get("score"))]
                for method in METHODS:
                    run = f"{method}-{ratio}"
                    share = _percent(found.cell(task, length, run).get("score"))
                    row.append(f"{share} ({_points(found.difference('leads', task, length, run))})")
                rows.append([*row, _percent(raw), _percent(blind)])
        yield _table(["task", "frames", "VSTs", *METHODS.values(), "none (1x)", "blind"], rows)


def _has_baseline(found: _Grid, ratio: int, length: int) -> bool:
    return any(found.cell(task, length, f"pooling-{ratio}") for task in found.tasks)


def _moments(found: _Grid) -> Iterable[str]:
    yield "### Where and when: first evidence that shows it, and median time error"
    rows = []
    for task in found.tasks:
        for length in found.lengths:
            cells = [found.cell(task, length, f"vst-{ratio}") for ratio in found.ratios]
            entries = [cell.get("evidence") for cell in cells]
            rows.append([TITLES[task], str(length), "evidence shows it", *map(_percent, entries), _trivial(entries)])
            for kind, title in (("evidence", "error of the evidence"), ("answers", "error of the times named")):
                errors = [(cell.get("time_error_seconds") or {}).get(kind) for cell in cells]
                if any(errors):
                    rows.append([TITLES[task], str(length), title, *map(_seconds, errors), MISSING])
    yield _table(["task", "frames", "what", *(f"{ratio}x" for ratio in found.ratios), "without looking"], rows)


def _heat(found: _Grid) -> Iterable[str]:
    if "niah" not in found.tasks:
        return
    yield "### Where in the haystack: depth of the needle"
    ratio = MAIN_RATIO if MAIN_RATIO in found.ratios else found.ratios[-1]
    cells = {length: found.cell("niah", length, f"vst-{ratio}").get("depth", {}) for length in found.lengths}
    depths = dict.fromkeys(depth for cell in cells.values() for depth in cell)
    rows = [[depth, *(_percent(cell.get(depth)) for cell in cells.values())] for depth in depths]
    yield _table([f"depth, at {ratio}x", *(f"{length} frames" for length in found.lengths)], rows)


def _costs(found: _Grid) -> Iterable[str]:
    yield "### What a question costs"
    rows = []
    for length in found.lengths:
        for ratio in found.ratios:
            costs = found.cell(found.tasks[0], length, f"vst-{ratio}").get("costs", {})
            if costs:
                first = costs["first_token_seconds"]
                rows.append([str(length), f"{ratio}x", f"{costs['memory_rows']:,.0f}",
                             f"{costs['memory_bytes'] / 1e6:.2f} MB",
                             f"{1000 * costs['ask_seconds']:.0f} ms",
                             MISSING if first is None else f"{1000 * first:.0f} ms"])  # fmt: skip
    yield _table(["frames", "ratio", "rows", "memory", "a question", "its first token"], rows)


def _percent(entry: Entry | None, *, interval: bool = False, bold: bool = False) -> str:
    if not entry:
        return MISSING
    shown = f"{100 * entry['share']:.0f}"
    low, high = (f"{100 * edge:.0f}" for edge in entry["interval"])
    return (f"**{shown}**" if bold else shown) + (f" ({low} to {high})" if interval else "")


def _points(difference: Entry) -> str:
    """By how many points VSTs are above, starred where the interval excludes no difference."""
    if not difference:
        return MISSING
    low, high = difference["interval"]
    return f"{100 * difference['value']:+.0f}{'*' if low > 0 or high < 0 else ''}"


def _trivial(entries: Sequence[Entry | None]) -> str:
    levels = [entry["trivial"] for entry in entries if entry and entry["trivial"] is not None]
    return f"{100 * levels[0]:.0f}" if levels else MISSING


def _num(entries: Sequence[Entry | None]) -> str:
    return next((str(entry["n"]) for entry in entries if entry), MISSING)


def _seconds(errors: Entry | None) -> str:
    return MISSING if not errors or errors["median"] is None else f"{errors['median']:.0f} s"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, ["---"] * len(head), *rows])
