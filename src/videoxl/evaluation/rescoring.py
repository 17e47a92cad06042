"""A finished run, scored from what it wrote: no model, no video, no annotations, and the same numbers anywhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from videoxl.errors import EvaluationError
from videoxl.evaluation.item import Item
from videoxl.evaluation.published_log import read_log
from videoxl.evaluation.record import RunHeader
from videoxl.evaluation.registry import find_task, name_for, options_of
from videoxl.evaluation.results import Results
from videoxl.evaluation.run_folder import RESULTS, RunFolder, open_run, write_json
from videoxl.evaluation.task import DEFAULT_SEED, PARSERS, Parser, Task

_STRANGE = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)
"""What a task's scorer runs into where an item's details are not of its own making."""


@dataclass(frozen=True, slots=True)
class ScoredRun:
    """A run and what each parser makes of it."""

    path: Path
    header: RunHeader
    by_parser: dict[Parser, Results]
    items: tuple[Item, ...] = ()
    """What was asked; nothing of it is in `to_json`, the run has it."""

    def to_json(self, *, with_marks: bool = False) -> dict[str, Any]:
        """Plain values: what was run, and the results of both parsers."""
        header = self.header
        return {
            "task": header.task,
            "task_options": dict(header.task_options),
            "model": header.model,
            "fingerprint": header.fingerprint,
            "settings": dict(header.settings),
            "results": {parser: results.to_json(with_marks=with_marks) for parser, results in self.by_parser.items()},
        }


def score_run(path: Path, *, partial: bool = False, seed: int = DEFAULT_SEED) -> ScoredRun:
    """Score a run folder by both parsers.

    Args:
        partial: also score a run that was not finished; what is not answered counts as missing.
        seed: of official parsers that guess.
    """
    run = open_run(path, partial=partial)
    return ScoredRun(path, run.header, {parser: score_folder(run, parser, seed=seed) for parser in PARSERS}, run.items)


def score_log(
    path: Path,
    *,
    task: str,
    options: Mapping[str, Any] | None = None,
    folder: Path | None = None,
    seed: int = DEFAULT_SEED,
) -> ScoredRun:
    """Score answers that others published, by both parsers.

    Args:
        folder: the benchmark's own annotations, where the log does not tell right answers and categories itself.
    """
    asked = find_task(name_for(task, folder), options)
    items, records = read_log(path, task=asked.name, items=None if folder is None else asked.load(folder).items)
    header = RunHeader(
        task=asked.name,
        task_options=options_of(asked),
        model=path.name,
        fingerprint="",
        settings={"published_log": str(path)},
        num_items=len(items),
        items_sha256="",
        versions={},
    )
    _check_averaged(path, asked, items)
    try:
        by_parser = {parser: asked.score(items, records, parser=parser, seed=seed) for parser in PARSERS}
    except _STRANGE as error:
        raise EvaluationError(
            f"{path} cannot be scored: its answers are not those of {asked.name} ({type(error).__name__}: {error})."
        ) from error
    return ScoredRun(path, header, by_parser, tuple(items))


def _check_averaged(path: Path, asked: Task, items: Sequence[Item]) -> None:
    """A question of no category would be in no mean over categories, and nobody would see it."""
    axis = asked.mean_over
    num_untold = sum(not item.categories.get(axis) for item in items) if axis else 0
    if num_untold:
        raise EvaluationError(
            f"{path} tells no {axis} of {num_untold} of {len(items)} questions, and the number of {asked.name} is a "
            "mean over these; give the benchmark's own annotations with --data FOLDER."
        )


def write_results(path: Path) -> ScoredRun:
    """Score a finished run and write its `results.json`, which holds all marks."""
    scored = score_run(path)
    write_json(path / RESULTS, scored.to_json(with_marks=True))
    return scored


def score_folder(run: RunFolder, parser: Parser, *, seed: int = DEFAULT_SEED) -> Results:
    """What a parser makes of a run that was read.

    Raises:
        EvaluationError: Its items or records hold what this task's never do: a stranger's run, or a damaged one.
    """
    task = find_task(run.header.task, run.header.task_options)
    try:
        return task.score(run.items, run.records, parser=parser, seed=seed, judgements=run.judgements)
    except _STRANGE as error:
        raise EvaluationError(
            f"{run.path} cannot be scored: its items or answers are not those of {run.header.task} "
            f"({type(error).__name__}: {error})."
        ) from error
