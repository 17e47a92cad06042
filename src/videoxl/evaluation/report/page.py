"""The report as one HTML page: nothing is fetched, and no script runs but the page's own.

Every number leads to the raw answers that it was counted from.
"""

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path

from videoxl.evaluation.report import figures
from videoxl.evaluation.report.answer_list import answer_list
from videoxl.evaluation.report.chart_picture import chart_picture
from videoxl.evaluation.report.curves import charts
from videoxl.evaluation.report.heat_map import COLUMNS, ROWS, Cell, HeatMap, colour_of, heat_maps, ink_on
from videoxl.evaluation.report.links import Choice, answers_link
from videoxl.evaluation.report.markup import Markup, join, raw, tag
from videoxl.evaluation.report.reported_run import ReportedRun
from videoxl.evaluation.report.thumbnails import Thumbnails
from videoxl.evaluation.results import CategoryScore

STYLE, SCRIPT = Path(__file__).with_name("style.css"), Path(__file__).with_name("browse.js")
TITLE = "videoxl evaluate"


def page(runs: Sequence[ReportedRun], thumbnails: Thumbnails) -> str:
    """The whole document."""
    style, script = STYLE.read_text(encoding="utf-8"), SCRIPT.read_text(encoding="utf-8")
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy(script)),
        tag("title", f"{TITLE}: {', '.join(dict.fromkeys(run.header.task for run in runs))}"),
        tag("style", raw(style)),
    )
    body = tag(
        "body",
        tag("a", "To the answers", href="#answers", class_="skip"),
        tag("main", _overview(runs), _charts(runs), *map(_run, runs), _costs(runs), _pictures_note(thumbnails)),
        answer_list(runs, thumbnails),
        tag("script", raw(script)),
    )
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def _policy(script: str) -> str:
    """Only our own script runs, and nothing is loaded from anywhere."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"


def _overview(runs: Sequence[ReportedRun]) -> Markup:
    names = list(dict.fromkeys(name for run in runs for name, _ in figures.headline(run)))
    rows = [_head(["", "run", "folder"], names)]
    for run in runs:
        cells = dict(figures.headline(run))
        number = tag("a", cells["score"], href=answers_link(run.number))
        shown = [tag("td", number if name == "score" else cells.get(name, ""), class_="number") for name in names]
        name = tag("a", f"{run.header.task}, {run.label}", href=f"#run-{run.number}")
        lead = [tag("td", run.number), tag("th", name, scope="row")]
        rows.append(tag("tr", *lead, tag("td", run.path.name), *shown))
    return tag("section", tag("h1", TITLE), _table(rows), _glossary())


def _glossary() -> Markup:
    text = (
        "Intervals are 95 % and allow for questions about one video. \u201cNo looking\u201d is the best that one fixed "
        "answer to each kind of question reaches, or a range of time at random. Each score leads to its answers."
    )
    return tag("p", text, class_="note")


def _charts(runs: Sequence[ReportedRun]) -> Markup | None:
    pictures = [chart_picture(chart) for chart in charts(runs)]
    return tag("section", tag("h2", "Quality against ratio"), *pictures) if pictures else None


def _run(run: ReportedRun) -> Markup:
    return tag(
        "section",
        tag("h2", f"{run.number}. {run.header.task}, {run.label}"),
        *[tag("p", sentence, class_="note") for sentence in figures.told(run)],
        tag("div", *[_heat_table(run, each) for each in heat_maps(run)], class_="maps"),
        _categories(run),
        _header(run),
        id=f"run-{run.number}",
    )


def _heat_table(run: ReportedRun, heat_map: HeatMap) -> Markup:
    head = tag("tr", tag("th", f"{ROWS} \\ {COLUMNS}"), *[tag("th", name, scope="col") for name in heat_map.columns])
    rows = [head]
    for name, cells in heat_map.rows_of_cells():
        shown = [
            _heat_cell(run, cell, (*heat_map.chosen, (ROWS, name), (COLUMNS, column)))
            for column, cell in zip(heat_map.columns, cells, strict=True)
        ]
        rows.append(tag("tr", tag("th", name, scope="row"), *shown))
    chosen = ", ".join(f"{axis} {category}" for axis, category in heat_map.chosen)
    return tag("figure", tag("figcaption", chosen or "all questions"), _table(rows, class_="heat"))


def _heat_cell(run: ReportedRun, cell: Cell | None, choices: Sequence[Choice]) -> Markup:
    if cell is None:
        return tag("td", figures.NONE)
    colour = colour_of(cell.value)
    look = f"background:rgb{colour};color:rgb{ink_on(colour)}".replace(" ", "")
    link = tag("a", f"{100 * cell.value:.0f}", href=answers_link(run.number, choices), title=f"n {cell.num}")
    return tag("td", link, style=look)


def _categories(run: ReportedRun) -> Markup | None:
    if not run.results.by:
        return None
    rows = [_head(["", "category"], ["n", "score", "95 %", "no looking"])]
    axis = ""
    for each in run.results.by:
        rows.append(_category(run, each, is_first=each.axis != axis))
        axis = each.axis
    return tag("details", tag("summary", "By category"), _table(rows), open=True)


def _category(run: ReportedRun, each: CategoryScore, *, is_first: bool) -> Markup:
    shown = figures.value(each.score)
    has_answers = each.axis in run.axes
    number = tag("a", shown, href=answers_link(run.number, [(each.axis, each.category)] if has_answers else []))
    return tag(
        "tr",
        tag("th", each.axis if is_first else "", scope="row"),
        tag("td", each.category),
        tag("td", each.score.num, class_="number"),
        tag("td", number, class_="number"),
        tag("td", figures.interval(each.score), class_="number"),
        tag("td", figures.share(run.trivial(each.axis, each.category)), class_="number"),
        class_="first" if is_first else None,
    )


def _header(run: ReportedRun) -> Markup:
    header = run.header
    pairs = [("folder", run.path.name), ("model", header.model), ("fingerprint", header.fingerprint or "no weights")]
    pairs += [(f"option {name}", _plain(value)) for name, value in header.task_options.items()]
    pairs += [(f"setting {name}", _plain(value)) for name, value in header.settings.items()]
    pairs += [("items SHA-256", header.items_sha256), *((name, _plain(each)) for name, each in header.versions.items())]
    rows = [tag("tr", tag("th", name, scope="row"), tag("td", value)) for name, value in pairs]
    return tag("details", tag("summary", "How it was run"), _table(rows))


def _costs(runs: Sequence[ReportedRun]) -> Markup:
    names, figures_of_runs = figures.cost_table(runs)
    rows = [_head(["", "run"], names)]
    for run, shown in zip(runs, figures_of_runs, strict=True):
        cells = [tag("td", each, class_="number") for each in shown]
        name = f"{run.header.task}, {run.label}"
        rows.append(tag("tr", tag("td", run.number), tag("th", name, scope="row"), *cells))
    note = "Means over what was watched and asked, on the machine that ran it; one video may serve many questions."
    return tag("section", tag("h2", "Cost"), _table(rows), tag("p", note, class_="note"))


def _pictures_note(thumbnails: Thumbnails) -> Markup | None:
    lines = [f"Frames are shown of {figures.counted(len(thumbnails.of), 'answer')}."]
    if thumbnails.failures:
        video, why = next(iter(thumbnails.failures.items()))
        number = figures.counted(len(thumbnails.failures), "video")
        lines.append(f"{number} could not be opened here, {video} among them: {why}")
    return tag("p", " ".join(lines), class_="note")


def _head(names: Sequence[str], numbers: Sequence[str]) -> Markup:
    """Headings: of columns of words, then of columns of numbers."""
    words = [tag("th", name, scope="col") for name in names]
    return tag("tr", *words, *[tag("th", name, scope="col", class_="number") for name in numbers])


def _table(rows: Sequence[Markup], **attributes: object) -> Markup:
    return tag("div", tag("table", join(rows), **attributes), class_="scroll")


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, (tuple, list)) else str(value)
