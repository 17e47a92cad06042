"""Dynamic compression (paper 2.2): cut where the picture changes, so that no interval mixes two scenes.

Gap i between frames i and i + 1 is a boundary where its depth score exceeds the mean of all scores by some standard
deviations; a stretch without a boundary is cut every `max_frames`. The formula asks for the whole video. A stream is
decided late instead: gap i waits until `lookahead_frames` further gaps are known, is scored against what is known then,
and keeps that score for good. So a video no longer than the lookahead gets exactly the paper's plan, a longer one gets
its intervals on the way, with a bounded wait and work, and neither depends on how the frames arrive.

G gaps that wait to be decided.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np

from videoxl.compression.depth_score import DEPTH_SCORES
from videoxl.compression.planner import StreamPlanner, at_least_one, constant_ratio, drawn_ratio
from videoxl.errors import UsageError

Depth = Literal["global", "hill"]


class DynamicPlanner(StreamPlanner):
    """Intervals that end where the picture changes, at most `max_frames` long.

    Args:
        ratio: the ratio of every interval, or a list from which one is drawn an interval.
        generator: what a list is drawn with; required with a list.
        depth: how far a dip is measured, see `depth_score`.
        threshold_std: standard deviations above the mean that make a boundary; None takes the score's published
            value, 1.0 for global and 0.5 for hill.
        max_frames: the longest interval; the paper's fork has 15.
        lookahead_frames: how many frames a decision may wait; None waits for the end of the video.
    """

    def __init__(
        self,
        ratio: int | Sequence[int],
        *,
        generator: np.random.Generator | None = None,
        depth: Depth = "global",
        threshold_std: float | None = None,
        max_frames: int = 15,
        lookahead_frames: int | None = 64,
    ) -> None:
        if isinstance(ratio, int):
            super().__init__(constant_ratio(ratio))
        elif generator is None:
            raise UsageError(
                f"ratios {list(ratio)} are drawn by a generator, got none. Pass `generator`, or one ratio."
            )
        else:
            super().__init__(drawn_ratio(ratio, generator))
        if depth not in DEPTH_SCORES:
            raise UsageError(f"depth is {depth!r}, expected one of {', '.join(DEPTH_SCORES)}.")
        self._depth = DEPTH_SCORES[depth]
        self._threshold_std = self._depth.default_threshold_std if threshold_std is None else threshold_std
        if not np.isfinite(self._threshold_std):
            raise UsageError(f"threshold_std is {threshold_std!r}, expected a finite number such as 1.0.")
        self._max_frames = at_least_one("max_frames", max_frames)
        self._lookahead = None if lookahead_frames is None else at_least_one("lookahead_frames", lookahead_frames)
        self._waiting: list[float] = []  # similarities of the gaps that are not decided
        self._left_peaks: list[float] = []  # theirs
        self._last_gap: tuple[float, float] | None = None  # left peak and similarity of the newest gap
        self._scores = _Scores()

    def _next_stops(self, frame: int, similarity: float) -> Iterable[int]:
        if frame == 0:  # no gap before it
            return ()
        peak = similarity if self._last_gap is None else self._depth.left_peak(*self._last_gap, similarity)
        self._last_gap = (peak, similarity)
        self._waiting.append(similarity)
        self._left_peaks.append(peak)
        if self._lookahead is not None and len(self._waiting) > self._lookahead:
            return self._decide(1, ends=False)
        return ()

    def _last_stops(self) -> Iterable[int]:
        return self._decide(len(self._waiting), ends=True) if self._waiting else ()

    def _decide(self, num_gaps: int, *, ends: bool) -> list[int]:
        """Score what waits and settle the oldest `num_gaps` gaps for good; returns where intervals end by that."""
        first = self._scores.num_settled
        left_G, similarities_G = np.asarray(self._left_peaks), np.asarray(self._waiting)
        depths_G = self._depth.depths(left_G, similarities_G, starts=first == 0, ends=ends)
        threshold = self._scores.threshold(depths_G, self._threshold_std)
        self._scores.settle(depths_G[:num_gaps])
        del self._waiting[:num_gaps], self._left_peaks[:num_gaps]

        stops, start = [], self._start
        for stop, depth in enumerate(depths_G[:num_gaps], start=first + 1):
            if depth > threshold or stop - start == self._max_frames:
                stops.append(stop)
                start = stop
        return stops


class _Scores:
    """Mean and squared deviations of the settled scores, so that none of them has to be kept."""

    def __init__(self) -> None:
        self.num_settled = 0
        self._mean = 0.0
        self._squares = 0.0  # sum of squared deviations from the mean

    def threshold(self, open_G: np.ndarray, num_std: float) -> float:
        """Mean plus `num_std` unbiased standard deviations of all scores, settled and open."""
        num, mean, squares = self._with(open_G)
        return mean + num_std * float(np.sqrt(squares / (num - 1))) if num > 1 else np.inf

    def settle(self, depths_G: np.ndarray) -> None:
        self.num_settled, self._mean, self._squares = self._with(depths_G)

    def _with(self, depths_G: np.ndarray) -> tuple[int, float, float]:
        # Chan's formula; with nothing settled it is the plain mean and sum, to the bit.
        num = self.num_settled + len(depths_G)
        share = len(depths_G) / num
        mean = float(np.mean(depths_G))
        squares = float(np.sum((depths_G - mean) ** 2))
        apart = mean - self._mean
        return num, self._mean + apart * share, self._squares + squares + apart**2 * self.num_settled * share
