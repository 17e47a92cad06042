"""`videoxl evaluate`: benchmarks asked, scored again from what was answered, and compared.

`list`, `score` and `compare` need neither model nor video; asking is in `evaluate_run.py`.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from videoxl.cli import options as opt
from videoxl.cli.console import print_json
from videoxl.cli.evaluate_report import report
from videoxl.cli.evaluate_run import run
from videoxl.cli.failure import guarded
from videoxl.cli.score_tables import print_comparison, print_scored
from videoxl.cli.task_words import RUN, TASK_OPTIONS, TaskGroup
from videoxl.errors import UsageError

if TYPE_CHECKING:
    from videoxl.evaluation.rescoring import ScoredRun
    from videoxl.evaluation.task import Parser

evaluate = typer.Typer(
    name="evaluate",
    cls=TaskGroup,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Ask benchmarks of a model, score, and compare runs.",
)

ParserChoice = Annotated[
    str,
    typer.Option(
        "--parser",
        metavar="NAME",
        help="How letters are read: strict (ours), or official (the authors' scripts to the bit, faults and all).",
    ),
]
Seed = Annotated[int, typer.Option("--seed", metavar="N", help="Of official parsers that guess: LongVideoBench's.")]
LogTask = Annotated[
    str | None, typer.Option("--task", metavar="TASK", help="Of a log of answers that is no run folder: whose it is.")
]
LogData = Annotated[
    Path | None,
    typer.Option("--data", metavar="FOLDER", help="Of a log that tells no right answers: the task's annotations."),
]
Partial = Annotated[bool, typer.Option("--partial", help="Also score a run that was not finished.")]


def listing(json: opt.Json = False) -> None:
    """List the benchmarks.

    What each is, what its one number means, and what --data has to hold.
    """
    from videoxl.evaluation.registry import task_classes

    found = [
        {"name": name, "is": task.title, "metric": task.metric, "data": task.needs}
        for name, task in task_classes().items()
    ]
    if json:
        return print_json(found)
    for task in found:
        print(f"{task['name']}\n  {task['is']}\n  {task['metric']}\n  --data: {task['data'] or 'none is needed'}")


def score(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="A folder that `videoxl evaluate` wrote, or a log of answers.")
    ],
    parser: ParserChoice = "strict",
    task: LogTask = None,
    data: LogData = None,
    judgements: Annotated[
        Path | None,
        typer.Option("--judgements", metavar="FILE", help="JSONL of a judge's marks of free answers, taken into RUN."),
    ] = None,
    seed: Seed = 0,
    partial: Partial = False,
    marks: Annotated[bool, typer.Option("--marks", help="With --json, also how each question was answered.")] = False,
    json: opt.Json = False,
) -> None:
    """Score a run again from its raw answers.

    No model, video or annotations are needed, and the numbers are those of the run. Both parsers are always counted;
    --parser says whose categories are shown. With --task, RUN is a file of answers that others published: JSON, JSONL,
    CSV or TSV, flat, nested, or as lmms-eval logs them.
    """
    chosen = _parser(parser)
    if judgements is not None:
        from videoxl.evaluation.judged import import_judgements

        import_judgements(run, judgements)
    scored = _scored(run, task=task, data=data, partial=partial, seed=seed)
    if json:
        return print_json({"parser": chosen, **scored.to_json(with_marks=marks)})
    print_scored(scored, chosen)


def compare(
    first: Annotated[Path, typer.Argument(metavar="FIRST", help="A run.")],
    second: Annotated[Path, typer.Argument(metavar="SECOND", help="A run of the same task.")],
    parser: ParserChoice = "strict",
    task: LogTask = None,
    data: LogData = None,
    seed: Seed = 0,
    partial: Partial = False,
    json: opt.Json = False,
) -> None:
    """Compare two runs of one task.

    SECOND minus FIRST by category, and the items that flipped. Only questions that both answered
    count. Intervals are 95 %, drawn anew by videos in pairs; a star marks those that exclude no difference.
    """
    chosen = _parser(parser)
    from videoxl.evaluation.compare import compare_runs

    runs = [_scored(path, task=task, data=data, partial=partial, seed=seed) for path in (first, second)]
    comparison = compare_runs(*runs, parser=chosen)
    if json:
        return print_json({"first": str(first), "second": str(second), **comparison.to_json()})
    print_comparison(comparison)


def _scored(path: Path, *, task: str | None, data: Path | None, partial: bool, seed: int) -> "ScoredRun":
    """A run folder, or a log where a task is named for it."""
    from videoxl.evaluation.rescoring import score_log, score_run

    if path.is_file():
        if task is None:
            raise UsageError(f"{path} is a file: give a run folder, or say with --task whose answers it holds.")
        return score_log(path, task=task, folder=data, seed=seed)
    return score_run(path, partial=partial, seed=seed)


def _parser(name: str) -> "Parser":
    if name not in ("strict", "official"):
        raise UsageError(f"--parser is {name!r}, expected strict or official.")
    return name  # type: ignore[return-value]


evaluate.command(RUN, context_settings=TASK_OPTIONS)(guarded(run))
evaluate.command("list")(guarded(listing))
for verb in (score, compare, report):
    evaluate.command()(guarded(verb))
