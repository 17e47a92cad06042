"""The similarity of each frame to the one before."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from videoxl.compression.similarity import FrameSimilarities

FLOAT64_ROUNDING = 1e-12  # a cosine of up to 8 float32 numbers, computed in float64 in another order

embeddings = hnp.arrays(
    np.float32,
    st.tuples(st.integers(1, 12), st.integers(1, 8)),
    elements=st.floats(-100, 100, width=32, allow_subnormal=False),
)


@given(embeddings)
def test_it_is_the_cosine_of_neighbours(embeddings_FD):
    """Each value is the cosine of two neighbouring embeddings; the first frame's, and that of a zero frame, is 0."""
    values = FrameSimilarities().extend(embeddings_FD)
    wide_FD = embeddings_FD.astype(np.float64)
    lengths_F = np.linalg.norm(wide_FD, axis=1)
    products_F = np.append(lengths_F[:-1] * lengths_F[1:], 1.0)
    dots_F = np.append(np.einsum("fd,fd->f", wide_FD[:-1], wide_FD[1:]), 0.0)
    expected_F = np.divide(dots_F, products_F, out=np.zeros_like(dots_F), where=products_F > 0)
    np.testing.assert_allclose(values, np.roll(expected_F, 1), atol=FLOAT64_ROUNDING)


@given(embeddings, st.data())
def test_it_does_not_depend_on_chunks_or_strides(embeddings_FD, data):
    """Cut anywhere, and read from a view that is not contiguous, the values are the same to the bit."""
    cut = data.draw(st.integers(0, len(embeddings_FD)))
    whole, cut_in_two = FrameSimilarities(), FrameSimilarities()
    whole.extend(embeddings_FD)
    strided_FD = np.asfortranarray(embeddings_FD)
    cut_in_two.extend(strided_FD[:cut])
    cut_in_two.extend(strided_FD[cut:])
    assert whole.values == cut_in_two.values


def test_replayed_frames_cannot_be_followed_blindly():
    """After a replay without the last frame's embedding there is nothing to compare the next frame with."""
    similarities = FrameSimilarities()
    similarities.replay([0.0, 0.5], None)
    with pytest.raises(AssertionError, match="last one's embedding"):
        similarities.extend(np.ones((1, 2)))


def test_replay_comes_first():
    """Frames cannot be replayed behind frames that were seen."""
    similarities = FrameSimilarities()
    similarities.extend(np.ones((1, 2)))
    with pytest.raises(AssertionError, match="replay comes first"):
        similarities.replay([0.0], np.ones(2))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_broken_embeddings_are_noticed(bad):
    """inf and nan never become a similarity."""
    with pytest.raises(AssertionError, match="inf or nan"):
        FrameSimilarities().extend(np.array([[1.0, bad]]))


def test_the_first_recorded_value_is_ignored():
    """Whatever an earlier run wrote for the frame that has none before it counts as 0."""
    similarities = FrameSimilarities()
    assert similarities.replay([0.7, 0.5], None) == similarities.values == [0.0, 0.5]
