"""A memory cut into scenes: the stretches that chapters and summaries are made of."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from videoxl.export.recipes.scene_changes import chosen_changes, scene_changes
from videoxl.export.recipes.windows import numbers_within

if TYPE_CHECKING:
    from videoxl.memory import CompressedMemory

MOST_SCENES = 12  # of one video, about
SHORTEST_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Scene:
    """A stretch of one video and the intervals that remember it."""

    source: int
    start_seconds: float
    stop_seconds: float
    intervals: tuple[int, ...]


def scenes_of(memory: CompressedMemory) -> list[Scene]:
    """Every part of each video once, in order; one scene where nothing changes."""
    intervals = memory.intervals
    scenes: list[Scene] = []
    for source in sorted({interval.source for interval in intervals}):
        own = [interval for interval in intervals if interval.source == source]
        begin, end = own[0].start_seconds, own[-1].stop_seconds
        apart = max(SHORTEST_SECONDS, (end - begin) / MOST_SCENES)
        changes = chosen_changes(scene_changes(own), begin_seconds=begin, end_seconds=end, apart_seconds=apart)
        edges = [begin, *(change.seconds for change in changes), end]
        scenes += [
            Scene(source, start, stop, tuple(numbers_within(intervals, source, start, stop)))
            for start, stop in pairwise(edges)
        ]
    return scenes
