"""Numbers as a report writes them, in HTML and in Markdown alike."""

from collections.abc import Sequence

from videoxl.compression.size import ByteSize
from videoxl.evaluation.report.reported_run import ReportedRun, RunCosts
from videoxl.evaluation.results import Score

NONE = "-"


def value(score: Score | None) -> str:
    """ "93.3 %", or "3.41 of 5" of a judge's marks."""
    if score is None:
        return NONE
    return f"{score.percent:.1f} %" if score.best == 1 else f"{score.value:.2f} of {score.best:g}"


def interval(score: Score | None) -> str:
    """ "85.9 to 97.0"."""
    if score is None:
        return NONE
    scale = 100 if score.best == 1 else 1
    return f"{scale * score.low:.1f} to {scale * score.high:.1f}"


def share(number: float | None) -> str:
    """A level that needs no looking."""
    return NONE if number is None else f"{100 * number:.1f} %"


def seconds(number: float | None) -> str:
    """ "0.034 s", "12.3 s"."""
    if number is None:
        return NONE
    return f"{number:.3f} s" if number < 1 else f"{number:.1f} s"


def count(number: float | None) -> str:
    """A mean of whole numbers."""
    return NONE if number is None else f"{number:,.0f}"


def size(number: float | None) -> str:
    """Bytes in the unit that suits them."""
    return NONE if number is None else str(ByteSize(round(number)))


def cost_cells(costs: RunCosts) -> list[tuple[str, str]]:
    """Heading and figure of each thing that a run costs."""
    return [
        ("videos", count(costs.num_videos)),
        ("questions", count(costs.num_questions)),
        ("watching a video", seconds(costs.watch_seconds)),
        ("asking", seconds(costs.ask_seconds)),
        ("asked at once", count(costs.asked_together)),
        ("first token", seconds(costs.first_token_seconds)),
        ("a question, all in", seconds(costs.seconds_per_question)),
        ("rows of memory", count(costs.memory_rows)),
        ("memory", size(costs.memory_bytes)),
        ("peak of the device", size(costs.peak_memory_bytes)),
        ("tokens in + out", _tokens(costs)),
    ]


def cost_table(runs: Sequence[ReportedRun]) -> tuple[list[str], list[list[str]]]:
    """Headings, and a row for each run; what no run says has no column."""
    cells = [cost_cells(run.costs) for run in runs]
    kept = [
        number for number, column in enumerate(zip(*cells, strict=True)) if {shown for _, shown in column} != {NONE}
    ]
    names = [cells[0][number][0] for number in kept] if cells else []
    return names, [[row[number][1] for number in kept] for row in cells]


def _tokens(costs: RunCosts) -> str:
    if costs.prompt_tokens is None or costs.answer_tokens is None:
        return NONE
    return f"{count(costs.prompt_tokens)} + {count(costs.answer_tokens)}"


def headline(run: ReportedRun) -> list[tuple[str, str]]:
    """The one number of a run and what belongs beside it."""
    results = run.results
    cells = [
        ("score", value(results.overall)),
        ("95 %", interval(results.overall)),
        ("no looking", share(run.trivial("overall"))),
        ("answered", f"{count(results.num_items - results.num_missing)} of {count(results.num_items)}"),
    ]
    evidence = results.score_of("evidence", "shows it")
    if evidence is not None:
        cells += [("evidence shows it", value(evidence)), ("at random", share(run.trivial("evidence")))]
    for of, name in (("evidence", "evidence off by"), ("answers", "named time off by")):
        error = (results.extra.get("time_error_seconds") or {}).get(of)
        if error is not None and error["median"] is not None:
            cells.append((name, f"{error['median']:.1f} s"))
    return cells


def told(run: ReportedRun) -> list[str]:
    """Sentences that belong under a run's name: what it is, how it was counted, and what to know of the numbers."""
    results = run.results
    said = [f"{run.task.title}. Metric: {results.metric}; parser {results.parser}.", *results.notes]
    if results.num_unparsed:
        said.append(f"{counted(results.num_unparsed, 'answer')} could not be read, and count as wrong.")
    for of, name in (("evidence", "Evidence"), ("answers", "The time that is named")):
        error = (results.extra.get("time_error_seconds") or {}).get(of)
        if error is not None and error["median"] is not None:
            without = f"; {error['num_not_given']} gave none" if error["num_not_given"] else ""
            said.append(f"{name} is {error['median']:.1f} s off, the median of {error['num']}{without}.")
    if (both := official(run)) is not None:
        said.append(f"The parsers differ: {both}.")
    return said


def counted(number: int, noun: str) -> str:
    """ "1 answer", "2 answers"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def official(run: ReportedRun) -> str | None:
    """What the authors' own parser makes of it, where that is another number."""
    ours, theirs = run.by_parser["strict"].overall, run.by_parser["official"].overall
    if ours is None or theirs is None or ours.value == theirs.value:
        return None
    return f"strict {value(ours)}, official {value(theirs)}"
