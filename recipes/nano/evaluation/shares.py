"""Shares with their 95 % intervals, and the levels that need no looking.

Intervals of shares are Wilson's; those of differences and quotients of two conditions, which answer the same questions,
come from drawing the questions anew, in pairs. Both take questions for independent, which several about one film are
not quite.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from evaluation.asking import TIMES, Record
from videoxl.evaluation.intervals import wilson

NUM_DRAWS = 1000
DIGITS = 4
ORDER_TASKS = ("first", "last", "after", "before")


def share(right: int, of: int) -> dict[str, Any]:
    """How many of how many, with Wilson's 95 % interval."""
    low, high = wilson(right, of)
    return {"n": of, "right": right, "share": _rounded(right / of), "interval": [_rounded(low), _rounded(high)]}


def right_answers(records: Sequence[Record]) -> dict[str, Any]:
    """How many answers are right, which (a digit each, in order), and what is reached without looking."""
    bits = "".join(str(int(record.is_right)) for record in records)
    level, how = trivial_level(records)
    found = share(bits.count("1"), len(bits)) | {"trivial": _rounded(level), "trivial_is": how, "bits": bits}
    for answer in ("yes", "no"):
        asked = [record for record in records if record.asked.expected == answer]
        if asked and len(asked) < len(records):
            found[f"right_of_{answer}"] = _rounded(sum(record.is_right for record in asked) / len(asked))
    return found


def right_moments(records: Sequence[Record]) -> dict[str, Any]:
    """How often the first evidence shows what was asked for, of questions about something shown."""
    shown = [record for record in records if record.is_hit is not None]
    if not shown:
        return {}
    level = _rounded(_mean(record.by_chance for record in shown))
    bits = "".join(str(int(bool(record.is_hit))) for record in shown)
    return share(bits.count("1"), len(bits)) | {"trivial": level, "trivial_is": "a range at random", "bits": bits}


def trivial_level(records: Sequence[Record]) -> tuple[float, str]:
    """The best share that one fixed way of answering reaches on these questions."""
    tasks = {record.asked.task for record in records}
    if tasks <= set(TIMES):
        return _mean(record.by_chance for record in records), "a range at random"
    (answer, times), *_ = Counter(record.asked.expected for record in records).most_common(1)
    levels = {f"always {answer!r}": times / len(records)}
    if tasks <= set(ORDER_TASKS):
        asked = [record.asked for record in records]
        levels["always the first picture"] = _mean(each.expected == each.shown[0] for each in asked)
        levels["always the last picture"] = _mean(each.expected == each.shown[-1] for each in asked)
        levels["any picture shown"] = _mean((each.expected in each.shown) / len(each.shown) for each in asked)
    how = max(levels, key=lambda name: levels[name])
    return levels[how], how


Statistic = Callable[[Mapping[str, np.ndarray], Mapping[str, np.ndarray]], float]


def lead(ours: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray]) -> float:
    """Points by which the mean over tasks is above the other's."""
    return 100 * (_mean_over_tasks(ours) - _mean_over_tasks(other))


def kept(ours: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray]) -> float:
    """The mean over tasks as a share of the other's."""
    return _mean_over_tasks(ours) / max(_mean_over_tasks(other), 1e-9)


def compare(ours: Mapping[str, str], other: Mapping[str, str], statistic: Statistic) -> dict[str, Any]:
    """A statistic of two conditions (bits by task), with its interval over draws of the questions."""
    bits = [{task: np.array([*text], dtype=int) for task, text in each.items()} for each in (ours, other)]
    generator = np.random.default_rng(0)
    drawn = []
    for _ in range(NUM_DRAWS):
        rows = {task: generator.integers(len(each), size=len(each)) for task, each in bits[0].items()}
        drawn.append(statistic(*({task: each[rows[task]] for task, each in side.items()} for side in bits)))
    return {
        "n": sum(len(each) for each in bits[0].values()),
        "value": _rounded(statistic(*bits)),
        "interval": [_rounded(float(edge)) for edge in np.percentile(drawn, (2.5, 97.5))],
    }


def _mean_over_tasks(bits: Mapping[str, np.ndarray]) -> float:
    return float(np.mean([each.mean() for each in bits.values()]))


def _mean(values: Iterable[float]) -> float:
    return float(np.mean([*values]))


def _rounded(number: float) -> float:
    return round(float(number), DIGITS)
