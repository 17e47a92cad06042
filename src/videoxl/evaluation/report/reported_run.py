"""A run folder as a report shows it: scores, what each item was answered, and what that took."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from videoxl.evaluation.item import Item
from videoxl.evaluation.record import Cost, Record, RunHeader
from videoxl.evaluation.registry import find_task
from videoxl.evaluation.rescoring import score_folder
from videoxl.evaluation.results import Mark, Results, Score
from videoxl.evaluation.run_folder import COSTS, HEADER, open_run, read_lines
from videoxl.evaluation.scoring import mean_of, score_of, scores_by_category
from videoxl.evaluation.task import PARSERS, Parser, Task

DEFAULT_METHOD = "vst"


@dataclass(frozen=True, slots=True)
class RunCosts:
    """Means of one run, this time and on that machine; None where the run does not say."""

    num_videos: int
    num_questions: int
    watch_seconds: float | None
    """A video."""
    ask_seconds: float | None
    """A question, on a memory that is there: its share, where several were asked at once."""
    asked_together: float | None
    """Questions that were asked at once; None where all were asked one by one."""
    first_token_seconds: float | None
    seconds_per_question: float | None
    """All in: watching and asking, over all questions."""
    memory_rows: float | None
    memory_bytes: float | None
    peak_memory_bytes: int | None
    prompt_tokens: float | None
    answer_tokens: float | None


@dataclass(frozen=True, slots=True)
class ReportedAnswer:
    """One item and what became of it."""

    item: Item
    record: Record | None
    mark: Mark | None
    """Of its question; None where it has no answer or is left out."""
    line: int | None
    """Of answers.jsonl, where the record stands word for word."""

    @property
    def is_right(self) -> bool:
        """Whether its question has all points."""
        return self.mark is not None and self.mark.points >= 1


@dataclass(frozen=True, slots=True)
class ReportedRun:
    """All that a report says about one run."""

    number: int
    """From 1 on; what links name it by."""
    path: Path
    header: RunHeader
    task: Task
    by_parser: Mapping[Parser, Results]
    results: Results
    """By the chosen parser."""
    answers: tuple[ReportedAnswer, ...]
    costs: RunCosts

    @property
    def label(self) -> str:
        """ "nano, vst, ratio 8": the model and what of its settings people compare."""
        return ", ".join(part for part in (self.maker, self.ratio_words) if part)

    @property
    def maker(self) -> str:
        """The model and the method; for a baseline without a model, its name."""
        method = self.header.settings.get("method")
        marks = [name for name in ("blind", "shuffle_options") if self.header.settings.get(name)]
        return ", ".join(map(str, [self.header.model, *([method] if method else []), *marks]))

    @property
    def ratio(self) -> int | None:
        """What its films were compressed at; None where nothing was watched."""
        ratio = self.header.settings.get("ratio")
        return ratio if isinstance(ratio, int) and ratio > 0 else None

    @property
    def ratio_words(self) -> str:
        """ "ratio 8"; nothing where there is none."""
        return f"ratio {self.ratio}" if self.ratio else ""

    @property
    def axes(self) -> tuple[str, ...]:
        """Axes of the categories, in order."""
        return tuple(dict.fromkeys(axis for mark in self.results.marks for axis in mark.categories))

    def trivial(self, axis: str, category: str = "") -> float | None:
        """What no looking reaches, where the task says it; axis "overall" is of the one number."""
        levels: Any = self.results.extra.get("trivial", {})
        if axis == "evidence":
            level = (self.results.extra.get("evidence") or {}).get("trivial")
        else:
            level = levels.get("overall") if axis == "overall" else levels.get(axis, {}).get(category)
        return None if level is None else float(level["value"])

    def score_of(self, marks: Sequence[Mark]) -> Score:
        """The one number of some of its questions, counted as the task counts all of them."""
        if self.task.mean_over is None:
            return score_of(marks)
        parts = scores_by_category(marks, axes=[self.task.mean_over])
        return mean_of([each.score for each in parts]) if parts else score_of(marks)


def read_runs(paths: Sequence[Path], *, parser: Parser = "strict", partial: bool = False) -> list[ReportedRun]:
    """Runs in the order given, each whole and scored; a folder of runs stands for all that are in it."""
    folders = [folder for path in paths for folder in _runs_in(path)]
    return [_read(path, number, parser, partial) for number, path in enumerate(folders, start=1)]


def _runs_in(path: Path) -> list[Path]:
    """The run itself; or those of its folders that are runs, as `--ratios` leaves them, smallest number first."""
    if (path / HEADER).is_file() or not path.is_dir():
        return [path]
    inside = [each for each in path.iterdir() if (each / HEADER).is_file()]
    return sorted(inside, key=lambda each: [int(part) if part.isdecimal() else 0 for part in each.name.split("-")]) or [
        path
    ]


def _read(path: Path, number: int, parser: Parser, partial: bool) -> ReportedRun:
    run = open_run(path, partial=partial)
    task = find_task(run.header.task, run.header.task_options)
    scored = {each: score_folder(run, each) for each in PARSERS}
    costs = read_lines(path / COSTS, Cost) if (path / COSTS).exists() else []
    return ReportedRun(
        number=number,
        path=path,
        header=run.header,
        task=task,
        by_parser=scored,
        results=scored[parser],
        answers=tuple(_answers(run.items, run.records, scored[parser].marks)),
        costs=_costs(run.records, run.videos, costs),
    )


def _answers(items: Sequence[Item], records: Sequence[Record], marks: Sequence[Mark]) -> list[ReportedAnswer]:
    by_item = {record.item: (record, line) for line, record in enumerate(records, start=1)}
    by_mark = {mark.id: mark for mark in marks}
    found = []
    for item in items:
        record, line = by_item.get(item.id, (None, None))
        found.append(ReportedAnswer(item, record, by_mark.get(item.group or item.id), line))
    return found


def _costs(records: Sequence[Record], videos: Sequence[Any], costs: Sequence[Cost]) -> RunCosts:
    latest = {cost.of: cost for cost in costs}
    watching = [cost for name, cost in latest.items() if name.startswith("video ")]
    asking = [cost for name, cost in latest.items() if name.startswith("item ")]
    asked = [record for record in records if record.raw is not None]
    watched = [video for video in videos if video.failure is None]
    spent = sum(cost.seconds for cost in (*watching, *asking))
    peaks = [cost.peak_memory_bytes for cost in latest.values() if cost.peak_memory_bytes is not None]
    return RunCosts(
        num_videos=len(watched),
        num_questions=len(asked),
        watch_seconds=_mean([cost.seconds for cost in watching]),
        ask_seconds=_mean([cost.seconds for cost in asking]),
        asked_together=_mean([cost.together for cost in asking]) if any(cost.together > 1 for cost in asking) else None,
        first_token_seconds=_mean([c.first_token_seconds for c in asking if c.first_token_seconds is not None]),
        seconds_per_question=spent / len(asked) if asked and latest else None,
        memory_rows=_mean([video.memory_rows for video in watched]),
        memory_bytes=_mean([video.memory_bytes for video in watched]),
        peak_memory_bytes=max(peaks, default=None),
        prompt_tokens=_mean([record.prompt_tokens for record in asked]),
        answer_tokens=_mean([record.answer_tokens for record in asked]),
    )


def _mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None
