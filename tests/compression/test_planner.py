"""Planners that cut evenly, and what all planners refuse."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from videoxl.compression import DynamicPlanner, FixedPlanner, Planner, RandomPlanner, fixed_plan
from videoxl.errors import UsageError


@given(st.integers(0, 60), st.integers(1, 12), st.sampled_from([1, 4, 16]))
def test_a_fixed_planner_gives_the_fixed_plan(num_frames, interval_frames, ratio):
    """Fed frame by frame, it closes what `fixed_plan` lists."""
    planner: Planner = FixedPlanner(ratio, interval_frames=interval_frames)
    plan = planner.feed(np.ones((num_frames, 2))) + planner.flush()
    assert plan == fixed_plan(num_frames, ratio=ratio, interval_frames=interval_frames)


@given(st.integers(1, 30), st.integers(1, 7))
def test_an_interval_closes_with_its_last_frame(num_frames, interval_frames):
    """A fixed interval is handed out by the very feed that completes it, so nothing waits longer than it must."""
    planner = FixedPlanner(8, interval_frames=interval_frames)
    for frame in range(1, num_frames + 1):
        assert len(planner.feed(np.ones((1, 3)))) == (frame % interval_frames == 0)


def test_after_a_pause_intervals_are_whole_again():
    """A flush in the middle shortens one interval; the next ones count from there."""
    planner = FixedPlanner(8, interval_frames=4)
    stops = [
        interval.stop for num_frames in (6, 9) for interval in planner.feed(np.ones((num_frames, 1))) + planner.flush()
    ]
    assert stops == [4, 6, 10, 14, 15]


@given(st.integers(0, 2**32 - 1), st.integers(0, 99))
def test_ratios_are_drawn_from_the_callers_generator(seed, num_frames):
    """The same seed gives the same plan, every ratio is an offered one, and one draw is made an interval."""
    used, plain = np.random.default_rng(seed), np.random.default_rng(seed)
    planner = RandomPlanner([2, 4, 8], used, interval_frames=4)
    plan = planner.feed(np.ones((num_frames, 2))) + planner.flush()
    assert [interval.ratio for interval in plan] == [[2, 4, 8][plain.integers(3)] for _ in plan]
    assert used.bit_generator.state == plain.bit_generator.state


def test_every_offered_ratio_is_drawn():
    """Over many intervals each ratio of the list turns up."""
    planner = RandomPlanner([2, 4, 8, 12, 16], np.random.default_rng(0), interval_frames=1)
    assert {interval.ratio for interval in planner.feed(np.ones((200, 1)))} == {2, 4, 8, 12, 16}


@pytest.mark.parametrize("make", [FixedPlanner, DynamicPlanner])
def test_nothing_in_nothing_out(make):
    """Without frames there are no intervals, and flushing again adds none."""
    planner = make(8)
    assert planner.feed(np.ones((0, 4))) == planner.flush() == planner.flush() == []
    planner.feed(np.ones((3, 4)))
    assert [interval.stop for interval in planner.flush()] == [3]
    assert planner.flush() == []


@pytest.mark.parametrize(
    "make",
    [
        lambda: FixedPlanner(0),
        lambda: FixedPlanner(True),
        lambda: FixedPlanner(2.5),
        lambda: FixedPlanner(8, interval_frames=0),
        lambda: RandomPlanner([], np.random.default_rng(0)),
        lambda: RandomPlanner([8, 0], np.random.default_rng(0)),
        lambda: DynamicPlanner(0),
        lambda: DynamicPlanner([2, 4]),
        lambda: DynamicPlanner(8, depth="deep"),
        lambda: DynamicPlanner(8, max_frames=0),
        lambda: DynamicPlanner(8, threshold_std=float("nan")),
        lambda: DynamicPlanner(8, lookahead_frames=0),
    ],
)
def test_options_that_make_no_sense_are_refused(make):
    """A ratio, length or list that cannot be carried out is a UsageError that names what was got."""
    with pytest.raises(UsageError, match=r"got|is .+, expected|is empty"):
        make()
