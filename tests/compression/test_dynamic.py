"""Dynamic compression against slow transcriptions of its definition."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from videoxl.compression import DynamicPlanner, Interval

NO_CAP = 10**6


def paper_lengths(similarities, *, num_std=1.0, max_frames=15):
    """Interval lengths, written down word for word from the paper's fork; `similarities` are c_0 .. c_{T-2}."""
    c, last = similarities, len(similarities) - 1
    if last < 0:
        return [1]
    depths = []
    for i in range(len(c)):
        left = max(c[: i + 1]) if i > 0 else 0
        right = max(c[i:]) if i < last else 0
        depths.append((left + right - 2 * c[i]) / 2)
    threshold = np.mean(depths) + num_std * np.std(depths, ddof=1) if len(depths) > 1 else np.inf
    splits = [i for i, depth in enumerate(depths) if depth > threshold]
    return capped(splits, num_frames=len(c) + 1, max_frames=max_frames)


def hill_depth(c, i):
    """The drop of c_i below the first peaks on either side, by climbing."""
    peaks = []
    for step in (-1, 1):
        j = i
        while 0 <= j + step < len(c) and c[j + step] >= c[j]:
            j += step
        peaks.append(c[j])
    return peaks[0] + peaks[1] - 2 * c[i]


def capped(splits, *, num_frames, max_frames):
    """Lengths between splits (after frame s), each cut into `max_frames` plus rest."""
    edges = [0, *[split + 1 for split in splits], num_frames]
    lengths = []
    for start, stop in itertools.pairwise(edges):
        whole, rest = divmod(stop - start, max_frames)
        lengths += [max_frames] * whole + [rest] * (rest > 0)
    return lengths


def stream_lengths(c, *, lookahead, num_std, max_frames, depth):
    """The streaming rule from its definition: rescore everything for each decision, freeze what is decided."""
    frozen, splits = [], []
    for i in range(len(c)):
        last = min(i + lookahead, len(c) - 1)
        if i + lookahead < len(c):
            known, ended = c[: last + 1], False
        else:
            known, ended = c, True
        scores = list(frozen)
        for j in range(i, len(known)):
            if depth == "hill":
                scores.append(hill_depth(known, j))
                continue
            left = max(known[: j + 1]) if j > 0 else 0
            right = 0 if ended and j == len(c) - 1 else max(known[j:])
            scores.append((left + right - 2 * known[j]) / 2)
        if len(scores) > 1 and scores[i] > np.mean(scores) + num_std * np.std(scores, ddof=1):
            splits.append(i)
        frozen.append(scores[i])
    return capped(splits, num_frames=len(c) + 1, max_frames=max_frames)


def lengths_of(planner, similarities):
    """Lengths of what a planner makes of gap similarities."""
    plan = planner.replay([0.0, *similarities]) + planner.flush()
    return [interval.num_frames for interval in plan]


def film(seed, num_gaps):
    """Similarities as films have them: high, with a few deep cuts, no two equal."""
    generator = np.random.default_rng(seed)
    calm = 0.95 + 0.04 * generator.random(num_gaps)
    return np.where(generator.random(num_gaps) < 0.1, generator.random(num_gaps) * 0.8, calm).tolist()


similarity_lists = st.lists(st.floats(-1, 1).map(lambda value: round(value, 2)), max_size=60) | st.builds(
    film, st.integers(0, 10**6), st.integers(0, 64)
)


@given(similarity_lists, st.sampled_from([0.5, 1.0, 2.0]), st.integers(1, 20), st.sampled_from([64, None]))
def test_a_video_within_the_lookahead_gets_the_papers_plan(similarities, num_std, max_frames, lookahead):
    """Up to lookahead + 1 frames, and at any length without a lookahead limit, the plan is the paper's formula."""
    planner = DynamicPlanner(8, threshold_std=num_std, max_frames=max_frames, lookahead_frames=lookahead)
    assert lengths_of(planner, similarities) == paper_lengths(similarities, num_std=num_std, max_frames=max_frames)


@given(st.integers(0, 10**6), st.integers(65, 300))
def test_waiting_for_the_end_gives_the_papers_plan_at_any_length(seed, num_gaps):
    """Without a lookahead limit a long video is cut by the paper's formula as well."""
    similarities = film(seed, num_gaps)
    assert lengths_of(DynamicPlanner(8, lookahead_frames=None), similarities) == paper_lengths(similarities)


@given(st.integers(0, 10**6), st.integers(0, 120), st.integers(1, 30), st.sampled_from(["global", "hill"]))
def test_a_stream_is_decided_as_defined(seed, num_gaps, lookahead, depth):
    """Running peaks and moments give what rescoring the whole stream for each decision gives."""
    similarities = film(seed, num_gaps)
    planner = DynamicPlanner(8, depth=depth, threshold_std=0.7, max_frames=12, lookahead_frames=lookahead)
    expected = stream_lengths(similarities, lookahead=lookahead, num_std=0.7, max_frames=12, depth=depth)
    assert lengths_of(planner, similarities) == expected


@given(st.integers(0, 10**6), st.integers(1, 200), st.integers(1, 40), st.integers(1, 20))
def test_no_frame_waits_longer_than_the_lookahead_and_one_interval(seed, num_gaps, lookahead, max_frames):
    """At every moment fewer than lookahead + max_frames + 1 frames are unassigned, so buffers are bounded."""
    planner = DynamicPlanner(8, lookahead_frames=lookahead, max_frames=max_frames)
    generator = np.random.default_rng(seed)
    closed = 0
    for frame in range(num_gaps):
        for interval in planner.feed(generator.normal(size=(1, 4))):
            assert interval.num_frames <= max_frames
            closed = interval.stop
        assert frame + 1 - closed < lookahead + max_frames + 1


@pytest.mark.parametrize("depth", ["global", "hill"])
@pytest.mark.parametrize("lookahead", [1, 8, 64, None])
def test_one_cut_between_two_scenes_is_found(depth, lookahead):
    """Two still scenes of 40 frames are cut exactly where they meet."""
    similarities = [0.99] * 39 + [0.2] + [0.99] * 39
    planner = DynamicPlanner(8, depth=depth, max_frames=NO_CAP, lookahead_frames=lookahead)
    plan = planner.replay([0.0, *similarities]) + planner.flush()
    assert plan == [Interval(0, 40, 8), Interval(40, 80, 8)]


@pytest.mark.parametrize("depth", ["global", "hill"])
@pytest.mark.parametrize("lookahead", [5, None])
def test_a_still_video_is_cut_by_the_cap_alone(depth, lookahead):
    """Where nothing changes there is no boundary, however many frames there are."""
    planner = DynamicPlanner(8, depth=depth, max_frames=15, lookahead_frames=lookahead)
    embeddings_FD = np.tile(np.random.default_rng(3).normal(size=(1, 7)).astype(np.float32), (50, 1))
    plan = planner.feed(embeddings_FD) + planner.flush()
    assert [interval.num_frames for interval in plan] == [15, 15, 15, 5]


def test_thresholds_default_to_the_published_ones():
    """Global depth takes 1.0 standard deviation, hill-climbing depth 0.5."""
    for depth, num_std in [("global", 1.0), ("hill", 0.5)]:
        similarities = film(11, 200)
        named = DynamicPlanner(8, depth=depth, threshold_std=num_std)
        assert lengths_of(DynamicPlanner(8, depth=depth), similarities) == lengths_of(named, similarities)
