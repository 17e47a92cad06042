"""Intervals: what is known of them in closed form, and what sharing videos must do to them."""

import numpy as np
import pytest

from videoxl.evaluation.intervals import difference_interval, mean_interval, mean_of_parts, share_interval, wilson

ONE_PART = "all"


def test_wilson_is_as_published():
    """A known case of the textbook: 81 of 263 has the interval 0.2553 to 0.3662."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_questions_about_videos_of_their_own_have_wilsons_interval():
    """Where no video has a second question, the interval is Wilson's, at the edges too."""
    for right in (0, 3, 10):
        points = [1.0] * right + [0.0] * (10 - right)
        low, high = share_interval(points, [str(number) for number in range(10)])
        assert (low, high) == pytest.approx(wilson(right, 10))
        assert 0 <= low <= right / 10 <= high <= 1


def test_questions_that_share_their_fate_widen_the_interval():
    """Three questions about each video that are right together count about as one."""
    points = [1.0, 0.0] * 20
    apart = share_interval(points, [str(number) for number in range(40)])
    tripled = share_interval(np.repeat(points, 3).tolist(), np.repeat(np.arange(40), 3).astype(str).tolist())
    assert tripled == pytest.approx(apart, abs=0.02)


def test_a_mean_of_one_part_has_that_parts_interval():
    """Combining a single score changes nothing; combining two alike narrows by the root of two."""
    assert mean_of_parts([0.5], [(0.4, 0.6)]) == pytest.approx((0.4, 0.6))
    low, high = mean_of_parts([0.5, 0.5], [(0.4, 0.6), (0.4, 0.6)])
    assert (low, high) == pytest.approx((0.5 - 0.1 / np.sqrt(2), 0.5 + 0.1 / np.sqrt(2)))


def test_a_mean_of_marks_stays_within_the_scale():
    """An interval of judged marks does not leave the scale, and one mark alone says nothing."""
    assert mean_interval([5.0], ["a"], least=1, best=5) == (1, 5)
    low, high = mean_interval([5.0, 5.0, 4.0], ["a", "b", "c"], least=1, best=5)
    assert 1 <= low <= 14 / 3 <= high <= 5


def test_a_difference_is_covered_as_often_as_it_says():
    """Of many pairs of runs with a known difference, about 95 % of intervals hold it."""
    generator = np.random.default_rng(0)
    num_covered, num_trials, num_videos = 0, 150, 60
    for _ in range(num_trials):
        gained = generator.random(num_videos) < 0.3
        lost = ~gained & (generator.random(num_videos) < 0.1 / 0.7)
        differences = gained.astype(float) - lost
        videos = [str(number) for number in range(num_videos)]
        low, high = difference_interval(
            differences.tolist(), videos, [ONE_PART] * num_videos, generator=np.random.default_rng(1)
        )
        num_covered += low <= 0.2 <= high
    assert 0.89 <= num_covered / num_trials <= 0.99


def test_a_mean_over_parts_weighs_them_alike():
    """A difference in a small part moves a mean over parts more than one over questions."""
    differences, parts = [1.0] * 4 + [0.0] * 96, ["small"] * 4 + ["large"] * 96
    videos = [str(number) for number in range(100)]
    over_parts = difference_interval(differences, videos, parts, generator=np.random.default_rng(0))
    over_questions = difference_interval(differences, videos, [ONE_PART] * 100, generator=np.random.default_rng(0))
    assert over_parts[0] > over_questions[1]


def test_no_difference_is_no_interval():
    """Runs that answer alike differ by nothing, surely."""
    videos = ["a", "a", "b"]
    assert difference_interval([0.0] * 3, videos, [ONE_PART] * 3, generator=np.random.default_rng(0)) == (0, 0)
