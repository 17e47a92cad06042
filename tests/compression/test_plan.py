"""Plans as lists of intervals, in code and in JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videoxl.compression import Interval, check_plan, fixed_plan, plan_from_json, plan_to_json
from videoxl.errors import UsageError

plans = st.builds(fixed_plan, st.integers(0, 90), ratio=st.sampled_from([1, 2, 8]), interval_frames=st.integers(1, 20))


@given(plans, st.data())
def test_a_plan_with_a_hole_a_repeat_or_a_swap_is_refused(plan, data):
    """Leaving out, repeating or swapping an interval of a sound plan is always found."""
    num_frames = sum(interval.num_frames for interval in plan)
    check_plan(plan, num_frames)
    if not plan:
        return
    spot = data.draw(st.integers(0, len(plan) - 1))
    broken = [plan[:spot] + plan[spot + 1 :], plan[: spot + 1] + plan[spot:]]
    if len(plan) > 1:
        broken.append(plan[1:] + plan[:1])
    for one in broken:
        with pytest.raises(UsageError, match=r"interval|covers"):
            check_plan(one, num_frames)


@given(plans, st.integers(-3, 3).filter(bool))
def test_a_plan_of_another_length_is_refused(plan, difference):
    """A plan that covers fewer or more frames than the video has is refused with both numbers."""
    covered = sum(interval.num_frames for interval in plan)
    with pytest.raises(UsageError, match=f"covers {covered} frames, the video has {covered + difference}"):
        check_plan(plan, covered + difference)


@given(plans)
def test_json_round_trip(plan):
    """A plan written as JSON and read again is the same plan."""
    assert plan_from_json(json.loads(json.dumps(plan_to_json(plan)))) == plan


@pytest.mark.parametrize(
    "row", [[0, 5], [0, 5, 8, 1], [5, 5, 8], [-1, 5, 8], [0, 5, 0], [0, 5.0, 8], [0, True, 8], "abc", None]
)
def test_a_bad_row_is_named_by_its_place(row):
    """A row that is not three sensible integers is refused by its number and what it holds."""
    with pytest.raises(UsageError, match="row 1 of the plan is"):
        plan_from_json([[0, 5, 8], row])


def test_a_plan_that_is_no_list_is_refused():
    """JSON of another kind is refused by its type."""
    with pytest.raises(UsageError, match="got dict"):
        plan_from_json({"start": 0})


def test_the_last_fixed_interval_is_shorter():
    """25 frames in tens are ten, ten and five."""
    assert fixed_plan(25, ratio=8) == [Interval(0, 10, 8), Interval(10, 20, 8), Interval(20, 25, 8)]
