"""Moments in answers: what range of time is named, whether it shows what was asked for, and how far off it is.

A range shows something if one of the frames that show it lies in it, and if it is hardly longer than need be: at most
`SLACK` intervals beyond those that the thing touches. "By chance" is a range of that length at a random place. Frames
are one a second, whatever a model looked at; an interval is the finest step that an answer is expected to resolve.
"""

import math
import re
from collections.abc import Sequence
from typing import Any

Span = tuple[float, float]

SLACK = 1  # intervals
_TIME = r"(?:(\d+):)?(\d{1,2}):(\d\d(?:\.\d+)?)"
_RANGE = re.compile(rf"{_TIME}\s*(?:to|until|-)\s*{_TIME}", re.IGNORECASE)
_POINT = re.compile(_TIME)


def time_range(answer: str, *, interval_seconds: float) -> Span | None:
    """Seconds of "00:00:40 to 00:00:48", the first that is named; a single time is the interval around it."""
    if found := _RANGE.search(answer):
        return _seconds(*found.groups()[:3]), _seconds(*found.groups()[3:])
    if found := _POINT.search(answer):
        middle = _seconds(*found.groups())
        return middle - interval_seconds / 2, middle + interval_seconds / 2
    return None


def shown_frames(spans: Sequence[Span], seconds: float) -> tuple[int, ...]:
    """Of one frame a second, those that lie in some spans of a film so long."""
    frames = (frame for start, stop in spans for frame in range(math.ceil(start), math.ceil(min(stop, seconds))))
    return tuple(sorted(set(frames)))


def shows(span: Span | None, frames: Sequence[int], *, interval_seconds: float) -> bool:
    """Whether a range of seconds holds one of the frames and is hardly longer than they need."""
    if span is None:
        return False
    start, stop = span
    longest = (len(_touched(frames, interval_seconds)) + SLACK) * interval_seconds
    return stop - start <= longest and any(start <= frame < stop for frame in frames)


def by_chance(frames: Sequence[int], seconds: float, *, interval_seconds: float) -> float:
    """Share of the places where the longest range that counts shows one of the frames."""
    touched = _touched(frames, interval_seconds)
    num_intervals = math.ceil(math.ceil(seconds) / interval_seconds)
    length = min(len(touched) + SLACK, num_intervals)
    places = range(num_intervals - length + 1)
    return sum(any(place <= interval < place + length for interval in touched) for place in places) / len(places)


def error_seconds(span: Span, spans: Sequence[Span]) -> float:
    """How far the middle of a range is from the nearest moment that shows it; 0 where that is within."""
    middle = sum(span) / 2
    return min(max(start - middle, middle - stop, 0.0) for start, stop in spans)


def _touched(frames: Sequence[int], interval_seconds: float) -> set[int]:
    return {int(frame // interval_seconds) for frame in frames}


def _seconds(hours: Any, minutes: str, seconds: str) -> float:
    return 3600 * int(hours or 0) + 60 * int(minutes) + float(seconds)
