"""What a video costs, against the published tables and against the layouts themselves."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videoxl.compression import (
    DynamicPlanner,
    Geometry,
    Layout,
    VisionGeometry,
    budget,
    fitting_ratio,
    fixed_plan,
    plan_budget,
)
from videoxl.errors import CapacityError, UsageError

MIB, GIB = 2**20, 2**30
RATIOS = [2, 4, 8, 16, 32]

VIDEO_XL_7B = Geometry(
    num_layers=28,
    num_attention_heads=28,
    num_key_value_heads=4,
    head_dim=128,
    hidden_size=3584,
    intermediate_size=18944,
    vocab_size=152064,
    tokens_per_frame=144,
    num_parameters=8_398_000_000,
    vision=VisionGeometry(image_size=336, num_patches=577, hidden_size=1024, intermediate_size=4096),
    max_positions=32768,
)

frame_counts = st.integers(0, 300)
ratios = st.sampled_from([1, 2, 7, 8, 32, 100])  # some leave a remainder


@pytest.mark.parametrize(
    ("num_frames", "num_tokens", "raw_gib", "mib_at_8", "mib_at_16"),
    [(128, 18_432, 0.98, 126, 63), (1024, 147_456, 7.9, 1008, 504), (2048, 294_912, 15.8, 2016, 1008)],
)
def test_the_published_table(num_frames, num_tokens, raw_gib, mib_at_8, mib_at_16):
    """Tokens, raw bytes and kept bytes of the 7B model are those of the table in the paper facts, 3.9."""
    at_8, at_16 = (budget(VIDEO_XL_7B, num_frames, ratio=ratio) for ratio in (8, 16))
    assert at_8.num_visual_tokens == at_16.num_visual_tokens == num_tokens
    assert at_8.raw_bytes / GIB == pytest.approx(raw_gib, rel=0.006)
    assert at_8.memory_bytes / MIB == mib_at_8
    assert at_16.memory_bytes / MIB == mib_at_16


def test_one_row_of_the_7b_model():
    """A row is 56 KiB in 16 bit, and a ten-frame window adds 4.9 MiB at ratio 16."""
    assert VIDEO_XL_7B.row_bytes == 56 * 1024
    assert budget(VIDEO_XL_7B, 10, ratio=16).memory_bytes / MIB == pytest.approx(4.9, abs=0.05)


def test_positions_tell_when_a_ratio_is_too_small():
    """2,048 frames pass the 32,768 trained positions at ratio 8, and stay inside them at 16."""
    assert budget(VIDEO_XL_7B, 2048, ratio=8).num_positions > VIDEO_XL_7B.max_positions
    assert budget(VIDEO_XL_7B, 2048, ratio=16).num_positions <= VIDEO_XL_7B.max_positions
    assert budget(VIDEO_XL_7B, 20, ratio=8, prefix_tokens=14).num_positions == 14 + 180 + 1440 + 180


@given(frame_counts, ratios, st.integers(1, 20), st.integers(0, 40), st.sampled_from(["close", "drop"]))
def test_rows_are_the_layouts_rows(num_frames, ratio, interval_frames, prefix_tokens, rule):
    """Rows, VSTs and dropped tokens are the sums over the layouts that prefill will follow."""
    plan = fixed_plan(num_frames, ratio=ratio, interval_frames=interval_frames)
    layouts = [Layout(interval.num_frames * 144, ratio, rule) for interval in plan]
    cost = budget(
        VIDEO_XL_7B,
        num_frames,
        ratio=ratio,
        interval_frames=interval_frames,
        prefix_tokens=prefix_tokens,
        rule=rule,
    )
    assert cost.num_frames == num_frames
    assert cost.num_rows == prefix_tokens + sum(layout.num_rows_kept for layout in layouts)
    assert cost.num_vst == sum(len(layout.vst_index()) for layout in layouts)
    assert cost.num_dropped_tokens == sum(layout.num_tokens - len(layout.raw_index()) for layout in layouts)
    assert cost.num_dropped_tokens == 0 or rule == "drop"
    assert cost.memory_bytes == cost.num_rows * VIDEO_XL_7B.row_bytes
    assert cost.working_bytes * 2 == cost.memory_bytes * 3


@given(st.integers(1, 300), ratios)
def test_only_the_memory_grows_with_the_video(num_frames, ratio):
    """Beyond one lookahead's worth, twice the frames add rows and the cached keys and values of one layer, no more."""
    long = num_frames + 40
    once, twice = budget(VIDEO_XL_7B, long, ratio=ratio), budget(VIDEO_XL_7B, 2 * long, ratio=ratio)
    assert twice.weights_bytes == once.weights_bytes
    assert twice.waiting_bytes == once.waiting_bytes
    assert twice.vision_bytes == once.vision_bytes
    one_layer = VIDEO_XL_7B.row_bytes // VIDEO_XL_7B.num_layers
    assert 0 <= twice.step_bytes - once.step_bytes <= (twice.num_rows - once.num_rows + 1440) * one_layer


@given(st.integers(1, 500), st.integers(17 * GIB, 24 * GIB))
def test_the_fitting_ratio_is_the_smallest_that_fits(num_frames, device_bytes):
    """The chosen ratio fits, and every smaller one that is offered does not; if none is chosen, none fits."""

    def peak(ratio):
        return budget(VIDEO_XL_7B, num_frames, ratio=ratio, prefix_tokens=14).peak_bytes

    offered = RATIOS[::-1]  # the order of the list does not matter
    try:
        chosen = fitting_ratio(VIDEO_XL_7B, num_frames, device_bytes=device_bytes, ratios=offered, prefix_tokens=14)
    except CapacityError:
        chosen = max(RATIOS) + 1
    else:
        assert peak(chosen) <= device_bytes
    assert all(peak(ratio) > device_bytes for ratio in RATIOS if ratio < chosen)


@pytest.mark.parametrize("ratio", RATIOS)
def test_fitting_is_exact_to_the_byte(ratio):
    """A ratio is chosen with exactly its own peak, under the very options given, and not with one byte less."""
    options = {"interval_frames": 7, "prefix_tokens": 14, "chunk_frames": 4}
    peak = budget(VIDEO_XL_7B, 500, ratio=ratio, **options).peak_bytes
    offered = [ratio, 10 * ratio]
    assert fitting_ratio(VIDEO_XL_7B, 500, device_bytes=peak, ratios=offered, **options) == ratio
    assert fitting_ratio(VIDEO_XL_7B, 500, device_bytes=peak - 1, ratios=offered, **options) == 10 * ratio


def test_a_remainder_is_dropped_or_closed():
    """One frame of 144 tokens at ratio 100 drops 44 of them, or gives them a VST of their own."""
    dropping, closing = (budget(VIDEO_XL_7B, 1, ratio=100, rule=rule) for rule in ("drop", "close"))
    assert (dropping.num_rows, dropping.num_dropped_tokens) == (1, 44)
    assert (closing.num_rows, closing.num_dropped_tokens) == (2, 0)


def test_what_would_be_needed_is_said():
    """A device that is too small at every ratio is refused with what the highest one needs."""
    with pytest.raises(CapacityError, match=r"2048 frames need \d+\.\d GiB even at ratio 16, the device has 8\.0 GiB"):
        fitting_ratio(VIDEO_XL_7B, 2048, device_bytes=8 * GIB, ratios=[8, 16])
    with pytest.raises(UsageError, match="no ratio is offered"):
        fitting_ratio(VIDEO_XL_7B, 2048, device_bytes=8 * GIB, ratios=[])


def test_the_released_model_fits_a_24_gib_card():
    """Watching 2,048 frames at ratio 16 needs under 24 GiB: weights, a GiB of rows, and bounded work."""
    cost = budget(VIDEO_XL_7B, 2048, ratio=16)
    assert cost.peak_bytes < 24 * GIB
    assert cost.peak_bytes == cost.weights_bytes + cost.working_bytes + cost.activation_bytes


def test_a_model_without_tower_and_a_video_without_frames():
    """Visual tokens given from outside cost no vision, and no frames leave the prefix alone."""
    blind = dataclasses.replace(VIDEO_XL_7B, vision=None)
    assert budget(blind, 100, ratio=8).vision_bytes == 0
    nothing = budget(VIDEO_XL_7B, 0, ratio=8, prefix_tokens=14)
    assert (nothing.num_rows, nothing.num_visual_tokens, nothing.waiting_bytes, nothing.vision_bytes) == (14, 0, 0, 0)


def test_a_dynamic_plan_has_a_budget():
    """Any plan can be costed; frames that wait for a late decision are counted."""
    planner = DynamicPlanner(8, max_frames=15)
    plan = planner.replay([0.0] + [0.9] * 199) + planner.flush()
    late, soon = (plan_budget(VIDEO_XL_7B, plan, lookahead_frames=frames) for frames in (64, 0))
    assert late.num_rows == soon.num_rows == 200 * 144 // 8
    assert late.waiting_bytes - soon.waiting_bytes == 64 * 144 * 3584 * 2
