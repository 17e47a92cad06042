"""A memory against the plainest model of one: a list of segments with their rows."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from videoxl.memory import CompressedMemory, MemoryAbout, Segment

SHAPE = (2, 3, 5)  # layers, key/value heads, head width

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["append", "append", "fork", "truncate", "reserve"]), st.integers(0, 9), st.integers(0, 40)
    ),
    max_size=40,
)


def interval(num_rows: int) -> Segment:
    """An interval of one frame a row."""
    return Segment("interval", num_rows, num_frames=num_rows, start_seconds=1.0, stop_seconds=3.0, ratio=2)


def new_rows(num_rows: int, stamp: int) -> torch.Tensor:
    """Rows that no other stamp has."""
    layers, heads, width = SHAPE
    return stamp * 1000.0 + torch.arange(layers * heads * num_rows * width).reshape(layers, heads, num_rows, width)


def first_room(num_rows: int) -> CompressedMemory:
    """An empty memory that begins with room for so many rows."""
    memory = CompressedMemory()
    memory.reserve(num_rows)
    return memory


@given(steps=STEPS, room=st.sampled_from([1, 3, 200]))
def test_appends_forks_and_truncations_are_those_of_separate_lists(steps, room):
    """Whatever is appended to, forked from or cut off one memory, no other memory and no view taken earlier changes."""
    memories, lists, views = [first_room(room)], [[]], []
    for stamp, (step, which, amount) in enumerate(steps):
        memory, kept = memories[which % len(memories)], lists[which % len(memories)]
        if step == "append":
            num_rows = amount % 7 + 1
            rows = new_rows(num_rows, stamp)
            memory.append(interval(num_rows), rows, -rows)
            kept.append(rows.clone())
            rows.zero_()
            views.append((memory.keys, memory.keys.clone()))
        elif step == "fork":
            memories.append(memory.fork())
            lists.append(list(kept))
        elif step == "truncate":
            memory.truncate(amount % (len(kept) + 1))
            del kept[amount % (len(kept) + 1) :]
        else:
            memory.reserve(amount)
    for memory, kept in zip(memories, lists, strict=True):
        assert [segment.num_rows for segment in memory.segments] == [rows.shape[2] for rows in kept]
        assert memory.num_rows == sum(rows.shape[2] for rows in kept)
        if kept:
            assert torch.equal(memory.keys, torch.cat(kept, dim=2))
            assert torch.equal(memory.values, -torch.cat(kept, dim=2))
    assert all(torch.equal(view, then) for view, then in views)


@given(counts=st.lists(st.integers(1, 5), min_size=1, max_size=12))
def test_every_row_belongs_to_the_segment_whose_range_holds_it(counts):
    """Row ranges of segments lie end to end, and a row's segment is the one whose range it is in."""
    memory = CompressedMemory()
    for stamp, num_rows in enumerate(counts):
        memory.append(interval(num_rows), new_rows(num_rows, stamp), new_rows(num_rows, stamp))
    assert [row for index in range(len(counts)) for row in memory.row_range(index)] == list(range(memory.num_rows))
    assert all(row in memory.row_range(memory.segment_of_row(row)) for row in range(memory.num_rows))
    assert memory.row_range(-1) == memory.row_range(len(counts) - 1)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_nbytes_is_what_the_kept_tensors_take(dtype):
    """nbytes counts kept rows to the byte, room that is not used left out; allocated_bytes counts that too."""
    memory = CompressedMemory()
    assert memory.nbytes == 0
    memory.reserve(100)
    for stamp in range(5):
        memory.append(interval(3), new_rows(3, stamp).to(dtype), new_rows(3, stamp).to(dtype))
    assert memory.nbytes == memory.keys.nbytes + memory.values.nbytes == 2 * 2 * 3 * 15 * 5 * dtype.itemsize
    assert memory.allocated_bytes == memory.nbytes * 100 // 15
    memory.truncate(2)
    assert memory.nbytes == memory.keys.nbytes + memory.values.nbytes


def test_a_fork_copies_no_rows():
    """A fork reads the very rows of its origin, also after the origin has grown in place."""
    memory = CompressedMemory()
    memory.append(interval(4), new_rows(4, 1), new_rows(4, 1))
    fork = memory.fork()
    memory.append(interval(4), new_rows(4, 2), new_rows(4, 2))
    assert fork.keys.data_ptr() == memory.keys.data_ptr()
    assert fork.num_rows == 4


def test_appending_copies_a_row_a_few_times_at_most():
    """Growing is amortised: a thousand appends make new buffers a dozen times, and reserved room makes none."""
    for reserved, most_buffers in ((1, 20), (1000, 1)):
        memory, buffers = first_room(reserved), set()
        for stamp in range(1000):
            memory.append(interval(1), new_rows(1, stamp), new_rows(1, stamp))
            buffers.add(memory.keys.data_ptr())
        assert len(buffers) <= most_buffers


def test_rows_made_without_gradients_and_in_inference_mode_mix():
    """A memory begun in inference mode can be appended to and read outside it, and keeps no graph."""
    memory = CompressedMemory()
    with torch.inference_mode():
        memory.append(interval(2), new_rows(2, 1), new_rows(2, 1))
    graph = new_rows(2, 2).requires_grad_()
    memory.append(interval(2), graph * 2, graph * 3)
    assert not memory.keys.requires_grad
    assert not memory.keys.is_inference()
    (memory.keys * torch.ones(1, requires_grad=True)).sum().backward()


def test_same_rows_compares_bits():
    """Rows are the same only bit for bit: NaN is NaN, 0.0 is not -0.0, and one number type is not another."""

    def holding(number: float, dtype: torch.dtype = torch.float32) -> CompressedMemory:
        memory = CompressedMemory()
        rows = torch.full((1, 1, 1, 2), number, dtype=dtype)
        memory.append(interval(1), rows, rows)
        return memory

    assert holding(float("nan")).same_rows(holding(float("nan")))
    assert not holding(0.0).same_rows(holding(-0.0))
    assert not holding(1.0).same_rows(holding(1.0, torch.bfloat16))
    assert not holding(1.0).same_rows(CompressedMemory())
    assert CompressedMemory().same_rows(CompressedMemory())


def test_summary_counts_what_went_in_and_what_stayed():
    """The summary's ratio is visual tokens over the rows kept of them; text does not count."""
    memory = CompressedMemory(MemoryAbout(tokens_per_frame=6))
    assert memory.summary().compression_ratio == 0
    memory.append(Segment("text", 2, token_ids=(5, 6)), new_rows(2, 0), new_rows(2, 0))
    memory.append(interval(3), new_rows(3, 1), new_rows(3, 1))
    summary = memory.summary()
    assert (summary.num_frames, summary.num_visual_tokens, summary.num_visual_rows) == (3, 18, 3)
    assert (summary.num_text_rows, summary.num_rows, summary.num_bytes) == (2, 5, memory.nbytes)
    assert summary.compression_ratio == 6
    assert memory.duration_seconds == summary.duration_seconds == 2.0
    assert memory.intervals == memory.segments[1:]


def test_rows_of_another_shape_or_type_are_our_own_mistake():
    """Rows that do not fit the segment or the rows before them stop at an assertion and leave the memory as it was."""
    memory = CompressedMemory()
    memory.append(interval(2), new_rows(2, 1), new_rows(2, 1))
    before = memory.fork()
    for keys, values in (
        (new_rows(3, 1), new_rows(3, 1)),
        (new_rows(2, 1), new_rows(3, 1)),
        (new_rows(2, 1)[:1], new_rows(2, 1)[:1]),
        (new_rows(2, 1).bfloat16(), new_rows(2, 1).bfloat16()),
        (new_rows(2, 1)[0], new_rows(2, 1)[0]),
    ):
        with pytest.raises(AssertionError):
            memory.append(interval(2), keys, values)
    assert memory.same_rows(before)
    assert memory.segments == before.segments


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "text", "num_rows": 2, "token_ids": (1,)},
        {"kind": "text", "num_rows": 1, "token_ids": (1,), "num_frames": 1},
        {"kind": "interval", "num_rows": 0, "num_frames": 1},
        {"kind": "interval", "num_rows": 1},
        {"kind": "interval", "num_rows": 1, "num_frames": 1, "token_ids": (1,)},
        {"kind": "interval", "num_rows": 1, "num_frames": 1, "ratio": 0},
        {"kind": "interval", "num_rows": 1, "num_frames": 1, "start_seconds": 2.0, "stop_seconds": 1.0},
        {"kind": "interval", "num_rows": 1, "num_frames": 1, "stop_seconds": float("inf")},
        {"kind": "interval", "num_rows": 1, "num_frames": 2, "frame_seconds": (1.0,)},
        {"kind": "interval", "num_rows": 1, "num_frames": 2, "similarities": (1.0,)},
        {"kind": "gap", "num_rows": 1, "num_frames": 1},
    ],
)
def test_a_segment_that_makes_no_sense_is_refused(fields):
    """A segment has rows, and times, tokens and frames that go with its kind."""
    with pytest.raises(ValueError, match="got"):
        Segment(**fields)
