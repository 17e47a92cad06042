"""95 % intervals of scores that allow for several questions about one video being no independent evidence.

A share has Wilson's interval, at the number of questions that would be worth as much if each were about a video of its
own (n over the design effect, as survey statistics do). A mean of shares combines the intervals of its parts (MOVER).
The difference of two runs over the same questions is drawn anew by videos, in pairs.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Z = 1.96
PERCENTILES = (2.5, 97.5)
NUM_DRAWS = 2000

Interval = tuple[float, float]


def wilson(num_right: float, num: float) -> Interval:
    """The interval of a share; `num` may be an effective number and need not be whole."""
    share = num_right / num
    middle = (share + Z * Z / (2 * num)) / (1 + Z * Z / num)
    half = Z / (1 + Z * Z / num) * float(np.sqrt(share * (1 - share) / num + Z * Z / (4 * num * num)))
    return max(0.0, middle - half), min(1.0, middle + half)


def share_interval(points: Sequence[float], videos: Sequence[str]) -> Interval:
    """The interval of the share of questions that are right, each about the video named beside it."""
    num, share = len(points), float(np.mean(points))
    effective = num / _design_effect(np.asarray(points, float), videos)
    return wilson(share * effective, effective)


def mean_interval(points: Sequence[float], videos: Sequence[str], *, least: float, best: float) -> Interval:
    """The interval of a mean of marks between `least` and `best`."""
    values = np.asarray(points, float)
    mean = float(values.mean())
    if len(values) < 2:
        return least, best
    error = float(values.std(ddof=1)) * float(np.sqrt(_design_effect(values, videos) / len(values)))
    return max(least, mean - Z * error), min(best, mean + Z * error)


def mean_of_parts(values: Sequence[float], intervals: Sequence[Interval]) -> Interval:
    """The interval of the plain mean of independent scores, from theirs."""
    middle = float(np.mean(values))
    below = float(np.sqrt(sum((value - low) ** 2 for value, (low, _) in zip(values, intervals, strict=True))))
    above = float(np.sqrt(sum((high - value) ** 2 for value, (_, high) in zip(values, intervals, strict=True))))
    return middle - below / len(values), middle + above / len(values)


def difference_interval(
    differences: Sequence[float], videos: Sequence[str], parts: Sequence[str], *, generator: np.random.Generator
) -> Interval:
    """The interval of a difference, question by question: of its mean over parts of the mean in each part.

    Args:
        differences: points of the one run minus points of the other, for each question.
        parts: the part that each question is in; all in one, for a plain mean over questions.
    """
    num_videos, video_of = _numbered(videos)
    num_parts, part_of = _numbered(parts)
    sums, counts = np.zeros((2, num_videos, num_parts))
    np.add.at(sums, (video_of, part_of), np.asarray(differences, float))
    np.add.at(counts, (video_of, part_of), 1.0)
    draws = generator.multinomial(num_videos, np.full(num_videos, 1 / num_videos), size=NUM_DRAWS).astype(float)
    with np.errstate(invalid="ignore"):
        means = (draws @ sums) / (draws @ counts)  # (draws, parts); a part that a draw lacks is no number
    is_there = np.isfinite(means)
    drawn = np.where(is_there, means, 0.0).sum(axis=1) / np.maximum(is_there.sum(axis=1), 1)
    low, high = np.percentile(drawn, PERCENTILES)
    return float(low), float(high)


def _design_effect(values: npt.NDArray[np.float64], videos: Sequence[str]) -> float:
    """How much wider the variance of the mean is for questions sharing videos; 1 at the least."""
    num, (num_videos, video_of) = len(values), _numbered(videos)
    residuals = values - values.mean()
    alone = float((residuals**2).sum())
    if num_videos < 2 or alone == 0:
        return 1.0
    together = float((np.bincount(video_of, weights=residuals, minlength=num_videos) ** 2).sum())
    return max(1.0, together / alone * (num_videos / (num_videos - 1)) / (num / (num - 1)))


def _numbered(names: Sequence[str]) -> tuple[int, npt.NDArray[np.int64]]:
    """How many different names, and the number of each."""
    found, number_of = np.unique(np.asarray(names), return_inverse=True)
    return len(found), number_of
