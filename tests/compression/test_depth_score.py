"""Depth scores, and that their two halves fit together."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from videoxl.compression.depth_score import DEPTH_SCORES, GlobalDepth, HillDepth

values = st.lists(st.integers(0, 9).map(float), min_size=1, max_size=40)


def left_peaks(score, similarities):
    """Left peaks as a stream makes them, one comparison a gap."""
    peaks = similarities[:1]
    for previous, similarity in itertools.pairwise(similarities):
        peaks.append(score.left_peak(peaks[-1], previous, similarity))
    return np.array(peaks)


@given(values, st.sampled_from(list(DEPTH_SCORES.values())))
def test_left_and_right_are_mirrors(similarities, score):
    """Left peaks, made forward one at a time, are the right peaks of the reversed video, made at once."""
    mirrored = score.right_peaks(np.array(similarities[::-1]))[::-1]
    np.testing.assert_array_equal(left_peaks(score, similarities), mirrored)


@given(values)
def test_a_hill_is_never_higher_than_the_global_peak(similarities):
    """The first peak met is at least the gap itself and at most the highest of that side."""
    c = np.array(similarities)
    hill, top = HillDepth().right_peaks(c), GlobalDepth().right_peaks(c)
    assert (c <= hill).all()
    assert (hill <= top).all()


def test_hill_climbing_stops_at_the_first_fall():
    """From the dip in 5 7 7 6 1 2 9 8 9 the left hill is 7 high and the right one 9."""
    c = np.array([5.0, 7, 7, 6, 1, 2, 9, 8, 9])
    score = HillDepth()
    assert score.depths(left_peaks(score, c.tolist()), c, starts=True, ends=True)[4] == 7 + 9 - 2 * 1


def test_the_ends_of_a_video_are_not_deep():
    """A side without a gap of its own counts as 0, which makes the first and last global score negative."""
    c = np.array([0.5, 0.9, 0.5])
    score = GlobalDepth()
    np.testing.assert_allclose(
        score.depths(left_peaks(score, c.tolist()), c, starts=True, ends=True), [-0.05, 0.0, -0.05], atol=1e-15
    )
