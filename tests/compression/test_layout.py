"""The order of visual tokens and VSTs inside one step."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videoxl.compression import Interval, Layout

layouts = st.builds(
    Layout, num_tokens=st.integers(0, 200), ratio=st.integers(1, 40), rule=st.sampled_from(["close", "drop"])
)


@given(layouts)
def test_every_position_is_one_token_or_one_vst(layout):
    """The visual tokens' positions and the VSTs' positions together are the step, without overlap."""
    assert sorted(layout.raw_index() + layout.vst_index()) == list(range(layout.length))
    assert len(layout.raw_index()) == layout.num_raw
    assert len(layout.vst_index()) == layout.num_vst


@given(layouts)
def test_un_layout_is_identity(layout):
    """Visual tokens written into a step by raw_index and read back by it are the same tokens, in order."""
    step = [None] * layout.length
    for token, position in enumerate(layout.raw_index()):
        step[position] = token
    assert [token for token in step if token is not None] == list(range(layout.num_raw))


@given(layouts)
def test_a_vst_directly_follows_its_tokens(layout):
    """Each VST stands right after the last visual token of its row, and rows share out all tokens that take part."""
    raw = layout.raw_index()
    rows = [layout.tokens_of_row(row) for row in range(layout.num_rows_kept)]
    assert [token for row in rows for token in row] == list(range(layout.num_raw))
    assert all(raw[rows[row][-1]] + 1 == position for row, position in enumerate(layout.vst_index()))


@given(layouts)
def test_groups_have_the_ratio_as_their_size(layout):
    """Every row stands for exactly `ratio` tokens, but for a shorter last one under `close`."""
    sizes = [len(layout.tokens_of_row(row)) for row in range(layout.num_rows_kept)]
    assert all(size == layout.ratio for size in sizes[:-1])
    if sizes:
        assert sizes[-1] == layout.ratio or (layout.rule == "close" and 0 < sizes[-1] < layout.ratio)


@given(layouts)
def test_only_drop_loses_tokens(layout):
    """`close` loses nothing; `drop` loses the remainder of the division, and ratio 1 never has one."""
    expected = layout.num_tokens % layout.ratio if layout.rule == "drop" else 0
    assert layout.num_dropped == expected
    assert layout.num_raw + layout.num_dropped == layout.num_tokens


@given(st.integers(0, 200), st.sampled_from(["close", "drop"]))
def test_ratio_one_keeps_raw_rows(num_tokens, rule):
    """Ratio 1 makes no VST and keeps every row where it was."""
    layout = Layout(num_tokens, 1, rule)
    assert layout.num_vst == 0
    assert layout.num_rows_kept == num_tokens
    assert layout.raw_index() == list(range(num_tokens))


@pytest.mark.parametrize(("ratio", "num_vst"), [(2, 720), (4, 360), (8, 180), (12, 120), (16, 90), (32, 45)])
def test_a_window_of_ten_frames_has_the_published_vst_count(ratio, num_vst):
    """A 1,440 token window is condensed into the counts that the paper's code gives, each (r + 1) apart."""
    layout = Layout(1440, ratio, "drop")
    assert layout.num_vst == num_vst
    assert layout.vst_index() == [position for position in range(layout.length) if position % (ratio + 1) == ratio]


def test_the_picture_in_the_docstring_is_true():
    """Seven tokens at ratio 3 read vvvVvvvV under drop and vvvVvvvVvV under close."""
    assert (Layout(7, 3, "drop").length, Layout(7, 3, "drop").vst_index()) == (8, [3, 7])
    assert (Layout(7, 3, "close").length, Layout(7, 3, "close").vst_index()) == (10, [3, 7, 9])


@pytest.mark.parametrize(("start", "stop", "ratio"), [(-1, 2, 8), (3, 3, 8), (4, 3, 8), (0, 1, 0)])
def test_an_interval_holds_frames_and_a_ratio(start, stop, ratio):
    """An interval without frames, or with a ratio below 1, is a mistake of ours."""
    with pytest.raises(AssertionError):
        Interval(start, stop, ratio)
