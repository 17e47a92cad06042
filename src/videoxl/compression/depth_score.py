"""Depth scores: how deep the similarity of neighbouring frames dips at each gap between two frames.

Gap i lies between frames i and i + 1 and has the similarity c_i. Both scores compare it with a peak on either side:

    global   the highest similarity from the video's beginning, and up to its end      (paper 2.2; facts in docs)
    hill     the first peak met when climbing outward while similarity does not fall   (VideoLLaMB, TextTiling)

A stream never has its end, so a score is made of two halves: the left peak is final as soon as the gap is seen and
costs one comparison; the right peaks are made from the gaps after it that are known so far.

G gaps.
"""

from typing import Protocol

import numpy as np


class DepthScore(Protocol):
    """One way to score gaps; holds no state, so planners can share it."""

    default_threshold_std: float

    def left_peak(self, previous_peak: float, previous: float, similarity: float) -> float:
        """The left peak of a gap, given the peak and the similarity of the gap before it."""
        ...

    def right_peaks(self, similarities_G: np.ndarray) -> np.ndarray:
        """The right peaks of consecutive gaps, the last of which is the last one known."""
        ...

    def depths(self, left_G: np.ndarray, similarities_G: np.ndarray, *, starts: bool, ends: bool) -> np.ndarray:
        """Scores of consecutive gaps; `starts` and `ends` say if they include the video's first and last gap."""
        ...


class GlobalDepth:
    """Half the drop below the highest similarity on either side, those of the whole video.

    As in the paper's fork a side without a gap of its own counts as 0, so the first and the last gap are never deep.
    """

    default_threshold_std = 1.0

    def left_peak(self, previous_peak: float, previous: float, similarity: float) -> float:
        return max(previous_peak, similarity)

    def right_peaks(self, similarities_G: np.ndarray) -> np.ndarray:
        return np.maximum.accumulate(similarities_G[::-1])[::-1]

    def depths(self, left_G: np.ndarray, similarities_G: np.ndarray, *, starts: bool, ends: bool) -> np.ndarray:
        left_G, right_G = left_G.copy(), self.right_peaks(similarities_G).copy()
        if starts:
            left_G[0] = 0.0
        if ends:
            right_G[-1] = 0.0
        depths_G: np.ndarray = (left_G + right_G - 2 * similarities_G) / 2
        return depths_G


class HillDepth:
    """The drop below the nearest peak on either side, both drops added."""

    default_threshold_std = 0.5

    def left_peak(self, previous_peak: float, previous: float, similarity: float) -> float:
        return previous_peak if previous >= similarity else similarity

    def right_peaks(self, similarities_G: np.ndarray) -> np.ndarray:
        # Climbing to the right from gap i goes as far as climbing from the end of its own non-falling run.
        rising_G = np.append(similarities_G[1:] >= similarities_G[:-1], False)
        run_ends_G = np.where(rising_G, len(similarities_G), np.arange(len(similarities_G)))
        ends_G = np.minimum.accumulate(run_ends_G[::-1])[::-1]
        peaks_G: np.ndarray = similarities_G[ends_G]
        return peaks_G

    def depths(self, left_G: np.ndarray, similarities_G: np.ndarray, *, starts: bool, ends: bool) -> np.ndarray:
        depths_G: np.ndarray = left_G + self.right_peaks(similarities_G) - 2 * similarities_G
        return depths_G


DEPTH_SCORES: dict[str, DepthScore] = {"global": GlobalDepth(), "hill": HillDepth()}
