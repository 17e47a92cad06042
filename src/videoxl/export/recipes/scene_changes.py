"""Where a video changes, from the similarity of each frame to the one before, which the memory keeps.

A change counts by how far it stands out from its surroundings: something that flashes up makes two changes close
together, and fast cutting makes many; where a new stretch of video begins, the change stands alone.

G changes, one for each frame but the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from videoxl.memory import Segment

NEAR_SECONDS = 4.0
LEAST_CHANGE = 0.05  # of a cosine: less is grain and motion
LEAST_OF_TYPICAL = 3.0  # times the change from a frame to the next one that is typical of the video


@dataclass(frozen=True, slots=True)
class SceneChange:
    """The first moment of a new scene."""

    seconds: float
    score: float
    """How much the change exceeds those around it: 0 to 1, and 2 where a picture turns into its opposite."""


def scene_changes(intervals: Sequence[Segment]) -> list[SceneChange]:
    """Changes that stand out in one video, in order of time; none where the memory kept no similarities."""
    frames = [
        (seconds, similarity)
        for interval in intervals
        for seconds, similarity in zip(interval.frame_seconds, interval.similarities, strict=False)
    ]
    if len(frames) < 2:
        return []
    seconds_G, changes_G = np.array([(seconds, 1.0 - similarity) for seconds, similarity in frames[1:]]).T
    least = max(LEAST_CHANGE, LEAST_OF_TYPICAL * float(np.median(changes_G)))
    found = []
    for index in np.flatnonzero(changes_G >= least):
        near_G = np.abs(seconds_G - seconds_G[index]) <= NEAR_SECONDS
        near_G[index] = False
        loudest = float(changes_G[near_G].max()) if near_G.any() else 0.0
        found.append(SceneChange(float(seconds_G[index]), max(0.0, float(changes_G[index]) - loudest)))
    return found


def chosen_changes(
    changes: Sequence[SceneChange], *, begin_seconds: float, end_seconds: float, apart_seconds: float
) -> list[SceneChange]:
    """The best of them in order of time, each that far from the next, from the beginning and from the end."""
    chosen: list[SceneChange] = []
    for change in sorted(changes, key=lambda change: (-change.score, change.seconds)):
        edges = [begin_seconds, end_seconds, *(other.seconds for other in chosen)]
        if change.score > 0 and all(abs(change.seconds - edge) >= apart_seconds for edge in edges):
            chosen.append(change)
    return sorted(chosen, key=lambda change: change.seconds)
