"""Law 6: a plan covers every frame once, in order, however the frames arrive, and costs what the budget says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from videoxl.compression import (
    DynamicPlanner,
    FixedPlanner,
    Geometry,
    Layout,
    RandomPlanner,
    check_plan,
    plan_budget,
)

SEED = 5
PLANNERS = {
    "fixed": lambda: FixedPlanner(8, interval_frames=7),
    "random": lambda: RandomPlanner([1, 2, 5, 8], np.random.default_rng(SEED), interval_frames=4),
    "dynamic": lambda: DynamicPlanner(4, max_frames=9, lookahead_frames=11),
    "dynamic at the end": lambda: DynamicPlanner(4, lookahead_frames=None),
    "dynamic, hills": lambda: DynamicPlanner(4, depth="hill", lookahead_frames=6),
    "dynamic, drawn": lambda: DynamicPlanner(
        [2, 4, 8], generator=np.random.default_rng(SEED), lookahead_frames=3, threshold_std=0.0
    ),
}
TINY = Geometry(
    num_layers=2,
    num_attention_heads=2,
    num_key_value_heads=1,
    head_dim=4,
    hidden_size=8,
    intermediate_size=16,
    vocab_size=32,
    tokens_per_frame=9,
    num_parameters=1000,
)

few_examples = settings(max_examples=40)  # for each of six planners
all_planners = pytest.mark.parametrize("make", PLANNERS.values(), ids=PLANNERS.keys())


@st.composite
def embeddings(draw):
    """Frames of a film: scenes of one picture each, with a little or no noise, and sometimes a black frame."""
    generator = np.random.default_rng(draw(st.integers(0, 10**6)))
    num_frames = draw(st.integers(0, 70))
    scenes_F = generator.integers(0, draw(st.integers(1, 8)), num_frames)
    scenes_F.sort()
    pictures_SD = generator.normal(size=(8, 5))
    frames_FD = pictures_SD[scenes_F] + draw(st.sampled_from([0.0, 0.05, 1.0])) * generator.normal(size=(num_frames, 5))
    frames_FD[generator.random(num_frames) < draw(st.sampled_from([0.0, 0.1]))] = 0.0
    return frames_FD.astype(np.float32)


def plan_of(planner, chunks):
    """Everything that closes, from the first chunk to the flush."""
    return [interval for chunk in chunks for interval in planner.feed(chunk)] + planner.flush()


@all_planners
@few_examples
@given(embeddings(), st.data())
def test_a_plan_covers_every_frame_once_however_it_is_cut(make, frames_FD, data):
    """Fed at once, frame by frame or in any chunks, a planner gives one plan, and it covers every frame in order."""
    whole = plan_of(make(), [frames_FD])
    check_plan(whole, len(frames_FD))
    assert plan_of(make(), np.split(frames_FD, range(1, len(frames_FD)))) == whole
    cuts = sorted(data.draw(st.lists(st.integers(0, len(frames_FD)), max_size=5)))
    assert plan_of(make(), np.split(frames_FD, cuts)) == whole


@all_planners
@few_examples
@given(embeddings(), st.data())
def test_a_resumed_run_goes_on_as_if_never_interrupted(make, frames_FD, data):
    """Replaying recorded similarities and feeding the rest closes the same intervals at the same frames."""
    seen = data.draw(st.integers(0, len(frames_FD)))
    first = make()
    before = first.feed(frames_FD[:seen])
    similarities = tuple(first.similarities)
    assert len(similarities) == seen

    resumed = make()
    assert resumed.replay(similarities, frames_FD[seen - 1] if seen else None) == before
    assert resumed.feed(frames_FD[seen:]) == first.feed(frames_FD[seen:])
    assert resumed.flush() == first.flush()
    assert resumed.similarities == first.similarities


@all_planners
@few_examples
@given(embeddings(), st.data())
def test_a_stream_may_pause(make, frames_FD, data):
    """Flushing in the middle closes an interval there, and feeding goes on: every frame is still covered once."""
    pause = data.draw(st.integers(0, len(frames_FD)))
    planner = make()
    plan = plan_of(planner, [frames_FD[:pause]])
    check_plan(plan, pause)
    check_plan(plan + plan_of(planner, [frames_FD[pause:]]), len(frames_FD))


@all_planners
@few_examples
@given(embeddings())
def test_the_budget_counts_what_the_layouts_make(make, frames_FD):
    """Rows and VSTs that the budget predicts for a plan are those of its layouts, for any planner."""
    plan = plan_of(make(), [frames_FD])
    cost = plan_budget(TINY, plan, prefix_tokens=3)
    layouts = [Layout(interval.num_frames * TINY.tokens_per_frame, interval.ratio) for interval in plan]
    assert cost.num_rows == 3 + sum(layout.num_rows_kept for layout in layouts)
    assert cost.num_vst == sum(len(layout.vst_index()) for layout in layouts)
    assert cost.num_visual_tokens == len(frames_FD) * TINY.tokens_per_frame
