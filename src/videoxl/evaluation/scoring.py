"""From marks to scores: over all questions and by category, as a mean over questions or over categories."""

from collections.abc import Iterable, Sequence

from videoxl.evaluation.intervals import mean_interval, mean_of_parts, share_interval
from videoxl.evaluation.item import SEVERAL
from videoxl.evaluation.results import CategoryScore, Mark, Score

TOTAL, ALL_ALIKE = "total", "all questions alike"
"""Axis and category of a number over all questions, beside one over categories."""


def score_of(marks: Sequence[Mark], *, least: float = 0.0, best: float = 1.0) -> Score:
    """The mean over questions, with its interval; marks of a judge go from `least` to `best`."""
    points, videos = [mark.points for mark in marks], [mark.video for mark in marks]
    if (least, best) == (0.0, 1.0) and set(points) <= {0.0, 1.0}:
        low, high = share_interval(points, videos)
    else:
        low, high = mean_interval(points, videos, least=least, best=best)
    return Score(sum(points) / len(points), low, high, len(points), sum(points), best)


def mean_of(scores: Sequence[Score]) -> Score:
    """The plain mean of scores, each counting the same whatever its number of questions."""
    if not scores:
        raise ValueError("there is no category to take a mean over")
    low, high = mean_of_parts([score.value for score in scores], [(score.low, score.high) for score in scores])
    value = sum(score.value for score in scores) / len(scores)
    return Score(
        value, low, high, sum(score.num for score in scores), sum(score.points for score in scores), scores[0].best
    )


def scores_by_category(marks: Sequence[Mark], *, axes: Sequence[str] | None = None) -> list[CategoryScore]:
    """The score of every category of the given axes, or of all that the marks have, in order of first mention.

    A question that is in several categories of an axis counts in each; it names them with `item.SEVERAL` between.
    """
    return [
        CategoryScore(axis, category, score_of(group))
        for axis in axes or axes_of(marks)
        for category, group in by_category(marks, axis).items()
    ]


def by_category(marks: Iterable[Mark], axis: str) -> dict[str, list[Mark]]:
    """Marks by their category on one axis."""
    groups: dict[str, list[Mark]] = {}
    for mark in marks:
        for category in mark.categories.get(axis, "").split(SEVERAL):
            if category:
                groups.setdefault(category, []).append(mark)
    return groups


def axes_of(marks: Iterable[Mark]) -> list[str]:
    """Every axis that a mark has a category on, in order of first mention."""
    return list(dict.fromkeys(axis for mark in marks for axis in mark.categories))
