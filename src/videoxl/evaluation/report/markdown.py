"""The same report as Markdown: the numbers, the heat maps, the costs, and the first wrong answers of each run."""

import re
from collections.abc import Iterable, Sequence

from videoxl.evaluation.report import figures
from videoxl.evaluation.report.curves import Chart, Point, charts
from videoxl.evaluation.report.heat_map import COLUMNS, ROWS, HeatMap, heat_maps
from videoxl.evaluation.report.markup import readable
from videoxl.evaluation.report.reported_run import ReportedAnswer, ReportedRun
from videoxl.evaluation.run_folder import ANSWERS

NUM_WRONG_SHOWN = 20
MOST_CHARACTERS = 200  # of a question or an answer in a table
_SPECIAL = re.compile(r"([\\`*_\[\]|~<>&$])")


def markdown(runs: Sequence[ReportedRun]) -> str:
    """The whole document."""
    parts = ["# videoxl evaluate", _overview(runs)]
    parts += [_chart(chart) for chart in charts(runs)]
    for run in runs:
        parts.append(f"## {run.number}. {plain(run.header.task)}, {plain(run.label)}")
        parts += [plain(sentence) for sentence in figures.told(run)]
        parts += [_heat_map(each) for each in heat_maps(run)]
        parts += [_categories(run), _wrong(run)]
    parts += ["## Cost", _costs(runs)]
    return "\n\n".join(part for part in parts if part) + "\n"


def plain(text: object) -> str:
    """Text of strangers on one line, in which nothing is markup."""
    words = " ".join(readable(str(text)).split())
    cut = words if len(words) <= MOST_CHARACTERS else f"{words[:MOST_CHARACTERS]}..."
    return _SPECIAL.sub(r"\\\1", cut)


def _table(head: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    """Cells of `head` and `rows` are escaped."""
    lines = [f"| {' | '.join(map(plain, line))} |" for line in (head, *rows)]
    return "\n".join([lines[0], f"|{'---|' * len(head)}", *lines[1:]])


def _overview(runs: Sequence[ReportedRun]) -> str:
    names = list(dict.fromkeys(name for run in runs for name, _ in figures.headline(run)))
    rows = []
    for run in runs:
        cells = dict(figures.headline(run))
        rows.append([run.number, run.header.task, run.label, run.path.name, *(cells.get(name, "") for name in names)])
    return _table(["", "task", "run", "folder", *names], rows)


def _chart(chart: Chart) -> str:
    ratios = sorted({point.ratio for curve in chart.curves for point in curve.points})
    rows = []
    for curve in chart.curves:
        by_ratio = {point.ratio: point for point in curve.points}
        rows.append([curve.label, *(_point(by_ratio.get(ratio)) for ratio in ratios)])
    if chart.trivial is not None:
        rows.append(["no looking", *[figures.share(chart.trivial)] * len(ratios)])
    return f"## {plain(chart.task)}: quality against ratio\n\n" + _table(["", *(f"{r}x" for r in ratios)], rows)


def _point(point: Point | None) -> str:
    return figures.NONE if point is None else f"{figures.value(point.score)} [{figures.interval(point.score)}]"


def _heat_map(heat_map: HeatMap) -> str:
    rows = [
        [name, *("-" if cell is None else f"{100 * cell.value:.0f}" for cell in cells)]
        for name, cells in heat_map.rows_of_cells()
    ]
    return f"**{plain(heat_map.title)}**\n\n" + _table([f"{ROWS} / {COLUMNS}", *heat_map.columns], rows)


def _categories(run: ReportedRun) -> str:
    rows = [
        [
            each.axis,
            each.category,
            each.score.num,
            figures.value(each.score),
            figures.interval(each.score),
            figures.share(run.trivial(each.axis, each.category)),
        ]
        for each in run.results.by
    ]
    return _table(["", "category", "n", "score", "95 %", "no looking"], rows) if rows else ""


def _wrong(run: ReportedRun) -> str:
    wrong = [answer for answer in run.answers if answer.mark is not None and not answer.is_right]
    if not wrong:
        return ""
    shown = _table(["line", "item", "question", "right", "answered"], map(_wrong_row, wrong[:NUM_WRONG_SHOWN]))
    more = len(wrong) - NUM_WRONG_SHOWN
    head = f"{figures.counted(len(wrong), 'wrong answer')}; lines are those of {plain(run.path.name)}/{ANSWERS}:"
    return f"{head}\n\n{shown}" + (f"\n\n{more:,} more." if more > 0 else "")


def _wrong_row(answer: ReportedAnswer) -> list[object]:
    said = "" if answer.record is None else answer.record.raw or ""
    return [answer.line or "", answer.item.id, answer.item.question, answer.item.answer, said]


def _costs(runs: Sequence[ReportedRun]) -> str:
    names, shown = figures.cost_table(runs)
    rows = [[run.number, run.header.task, run.label, *cells] for run, cells in zip(runs, shown, strict=True)]
    return _table(["", "task", "run", *names], rows)
