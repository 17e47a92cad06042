"""A memory cut into parts that are asked about one by one: short enough that nothing in them is overlooked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from videoxl.memory import Segment

WINDOW_SECONDS = 60.0
MOST_WINDOWS = 120  # of a video of many hours: then they are longer, and the number of questions stays bounded


def windows(intervals: Sequence[Segment]) -> list[list[int]]:
    """Numbers of intervals that follow one another in one video, about a minute each."""
    seconds = sum(interval.num_seconds for interval in intervals)
    length = max(WINDOW_SECONDS, seconds / MOST_WINDOWS)
    cut: list[list[int]] = []
    for number, interval in enumerate(intervals):
        first = intervals[cut[-1][0]] if cut else interval
        is_full = interval.stop_seconds - first.start_seconds > length
        if not cut or is_full or interval.source != first.source:
            cut.append([])
        cut[-1].append(number)
    return cut


def numbers_within(intervals: Sequence[Segment], source: int, start_seconds: float, stop_seconds: float) -> list[int]:
    """The intervals of which more lies inside a stretch than outside it; at least the one in its middle."""
    of_source = [number for number, interval in enumerate(intervals) if interval.source == source]
    inside = [number for number in of_source if start_seconds <= _middle(intervals[number]) < stop_seconds]
    if inside or not of_source:
        return inside
    middle = (start_seconds + stop_seconds) / 2
    return [min(of_source, key=lambda number: abs(_middle(intervals[number]) - middle))]


def _middle(interval: Segment) -> float:
    return (interval.start_seconds + interval.stop_seconds) / 2
