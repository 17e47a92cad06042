"""A plan: the intervals of a video, every frame in exactly one of them, in order."""

from collections.abc import Iterable, Sequence

from videoxl.compression.interval import Interval
from videoxl.errors import UsageError


def check_plan(intervals: Sequence[Interval], num_frames: int) -> None:
    """Refuse a plan that leaves out, repeats or reorders a frame, naming the first place where it does."""
    covered = 0
    for number, interval in enumerate(intervals):
        if interval.start != covered:
            raise UsageError(
                f"interval {number} of the plan starts at frame {interval.start}, expected frame {covered}: "
                "a plan covers every frame once, in order. Correct the intervals, or make them with a planner."
            )
        covered = interval.stop
    if covered != num_frames:
        raise UsageError(
            f"the plan covers {covered} frames, the video has {num_frames}. "
            "Extend or shorten its last interval, or make the plan with a planner."
        )


def fixed_plan(num_frames: int, *, ratio: int, interval_frames: int = 10) -> list[Interval]:
    """The plan of equal intervals at one ratio, the last one shorter where the frames end."""
    starts = range(0, num_frames, interval_frames)
    return [Interval(start, min(start + interval_frames, num_frames), ratio) for start in starts]


def plan_to_json(intervals: Iterable[Interval]) -> list[list[int]]:
    """Rows of `[start, stop, ratio]`, ready for a manifest."""
    return [[interval.start, interval.stop, interval.ratio] for interval in intervals]


def plan_from_json(rows: object) -> list[Interval]:
    """The intervals that `plan_to_json` wrote; anything else is refused by its place."""
    if not isinstance(rows, list):
        raise UsageError(
            f"a plan is a list of [start, stop, ratio], got {type(rows).__name__}. Write one row an interval."
        )
    return [_interval(number, row) for number, row in enumerate(rows)]


def _interval(number: int, row: object) -> Interval:
    if isinstance(row, list) and len(row) == 3 and all(type(value) is int for value in row):
        start, stop, ratio = row
        if 0 <= start < stop and ratio >= 1:
            return Interval(start, stop, ratio)
    raise UsageError(
        f"row {number} of the plan is {row!r}, expected [start, stop, ratio] as integers with 0 <= start < stop "
        "and ratio >= 1. Correct that row."
    )
