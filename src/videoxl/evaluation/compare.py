"""Two runs of one task, question by question: by how much they differ, how sure that is, and which answers flipped."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from videoxl.errors import UsageError
from videoxl.evaluation.intervals import difference_interval
from videoxl.evaluation.registry import find_task
from videoxl.evaluation.rescoring import ScoredRun
from videoxl.evaluation.results import Mark
from videoxl.evaluation.scoring import axes_of, by_category
from videoxl.evaluation.task import DEFAULT_SEED, Parser

Pair = tuple[Mark, Mark]
ALL_IN_ONE = "all"


@dataclass(frozen=True, slots=True)
class Difference:
    """Second run minus first, of one category or of the one number, in shares from -1 to 1 with its 95 % interval."""

    axis: str
    """Of the category; "overall" for the one number."""
    category: str
    first: float
    second: float
    value: float
    low: float
    high: float
    num: int
    num_gained: int
    """Questions wrong in the first run and right in the second."""
    num_lost: int

    @property
    def is_clear(self) -> bool:
        """The interval excludes no difference."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class Flip:
    """A question that one run has right and the other wrong."""

    id: str
    video: str
    is_gain: bool
    """Right in the second run."""
    first_read: str
    second_read: str
    first_expected: str
    second_expected: str
    """Differs from the first where options were shuffled."""
    categories: dict[str, str]


@dataclass(frozen=True, slots=True)
class Comparison:
    """All of it. Only questions that both runs answered are compared; the others are counted."""

    task: str
    metric: str
    parser: str
    overall: Difference
    by: tuple[Difference, ...]
    flips: tuple[Flip, ...]
    num_only_first: int
    num_only_second: int

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def compare_runs(
    first: ScoredRun, second: ScoredRun, *, parser: Parser = "strict", seed: int = DEFAULT_SEED
) -> Comparison:
    """The difference of two scored runs.

    Raises:
        UsageError: They are of different tasks, have no question in common, or ask it about different films.
    """
    if first.header.task != second.header.task:
        raise UsageError(
            f"{first.path} is of {first.header.task}, {second.path} of {second.header.task}: give two runs of one task."
        )
    _check_films(first, second)
    marks, others = ({mark.id: mark for mark in run.by_parser[parser].marks} for run in (first, second))
    pairs = [(mark, others[identity]) for identity, mark in marks.items() if identity in others]
    if not pairs:
        raise UsageError(f"{first.path} and {second.path} have no answered question in common: nothing to compare.")
    mean_over = find_task(first.header.task, first.header.task_options).mean_over
    by = [
        _difference(axis, category, [pair for pair in pairs if pair[0].id in ids], None, seed)
        for axis in axes_of(marks.values())
        for category, ids in _ids_by_category(pairs, axis).items()
    ]
    return Comparison(
        task=first.header.task,
        metric=first.by_parser[parser].metric,
        parser=parser,
        overall=_difference("overall", ALL_IN_ONE, pairs, mean_over, seed),
        by=tuple(by),
        flips=tuple(_flip(*pair) for pair in pairs if pair[0].points != pair[1].points),
        num_only_first=len(marks) - len(pairs),
        num_only_second=len(others) - len(pairs),
    )


def _check_films(first: ScoredRun, second: ScoredRun) -> None:
    """Films made from code have the same names with every seed: what they show is told by their digests."""
    films = {item.id: item.details.get("film") for item in first.items}
    for item in second.items:
        before, after = films.get(item.id), item.details.get("film")
        if before != after and before is not None and after is not None:
            raise UsageError(
                f"{item.id} is about one film in {first.path} and about another in {second.path}: give two runs of the "
                "same films, with the same options of the task."
            )


def _difference(axis: str, category: str, pairs: Sequence[Pair], mean_over: str | None, seed: int) -> Difference:
    """Over questions, or over the categories of an axis; each call draws from a generator of its own."""
    points = np.array([[before.points, after.points] for before, after in pairs])
    parts = [before.categories.get(mean_over, "") if mean_over else ALL_IN_ONE for before, _ in pairs]
    means = np.mean([points[[part == each for part in parts]].mean(axis=0) for each in dict.fromkeys(parts)], axis=0)
    low, high = difference_interval(
        points[:, 1] - points[:, 0],
        [before.video for before, _ in pairs],
        parts,
        generator=np.random.default_rng(seed),
    )
    return Difference(
        axis=axis,
        category=category,
        first=float(means[0]),
        second=float(means[1]),
        value=float(means[1] - means[0]),
        low=low,
        high=high,
        num=len(pairs),
        num_gained=int((points[:, 1] > points[:, 0]).sum()),
        num_lost=int((points[:, 1] < points[:, 0]).sum()),
    )


def _ids_by_category(pairs: Sequence[Pair], axis: str) -> dict[str, set[str]]:
    groups = by_category([before for before, _ in pairs], axis)
    return {category: {mark.id for mark in group} for category, group in groups.items()}


def _flip(before: Mark, after: Mark) -> Flip:
    return Flip(
        id=before.id,
        video=before.video,
        is_gain=after.points > before.points,
        first_read=before.read,
        second_read=after.read,
        first_expected=before.expected,
        second_expected=after.expected,
        categories=dict(before.categories),
    )
