"""Tails of many conversations: what each holds, whoever comes and goes beside it."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from videoxl.memory.cache import MemoryCache
from videoxl.memory.key_values import KeyValues
from videoxl.memory.memory import CompressedMemory
from videoxl.memory.segment import Segment
from videoxl.memory.tails import LEAST_ROOM, Tails, room_for

LAYERS, HEADS, WIDTH, MEMORY_ROWS = 2, 2, 4, 5
ROW_BYTES = 2 * LAYERS * HEADS * WIDTH * 4


def cache():
    memory = CompressedMemory()
    part = torch.zeros(LAYERS, HEADS, MEMORY_ROWS, WIDTH)
    memory.append(Segment(kind="text", num_rows=MEMORY_ROWS, token_ids=(0,) * MEMORY_ROWS), part, part)
    return MemoryCache(memory, num_layers=LAYERS, rotate=lambda keys, positions: keys)


def rows(number, num_rows):
    """Rows that are found again by their numbers."""
    numbers = 1000.0 * number + torch.arange(num_rows)
    keys = numbers[None, None, :, None] + torch.zeros(LAYERS, HEADS, num_rows, WIDTH)
    return KeyValues(keys, -keys)


WHAT = st.one_of(
    st.tuples(st.just("add"), st.sampled_from([1, 2, 63, 64, 65, 127, 200])),
    st.tuples(st.just("remove"), st.integers(0, 20)),
    st.tuples(st.just("step"), st.integers(1, 3)),
)


@settings(max_examples=60)
@given(st.lists(WHAT, max_size=25))
def test_every_tail_is_kept(actions):
    """After any coming, growing and going, a step reads of each tail the rows that were put there, in order."""
    tails, expected, number = Tails(cache()), {}, 0
    for what, value in [*actions, ("step", 1)]:
        if what == "add":
            number += 1
            tails.add(number, rows(number, value))
            expected[number] = (1000.0 * number + torch.arange(value)).tolist()
        elif what == "remove" and expected:
            owner = sorted(expected)[value % len(expected)]
            tails.remove(owner)
            del expected[owner]
        elif what == "step" and expected:
            for _ in range(value):
                step(tails, expected)
        assert set(tails.owners) == set(expected)
        assert len(tails) == len(expected)
        needed = sum(map(len, expected.values())) * ROW_BYTES
        places = max(3 * len(expected), 2)
        assert needed <= tails.nbytes <= places * max(map(room_for, map(len, expected.values())), default=0) * ROW_BYTES


def step(tails, expected):
    """Read one more row of each, as the decoder does, and compare."""
    positions = tails.begin_step()
    owners = tails.owners
    assert positions[:, 0].tolist() == [MEMORY_ROWS + len(expected[owner]) for owner in owners]
    new = torch.tensor([9e5 + owner for owner in owners])[:, None, None, None].expand(-1, HEADS, 1, WIDTH)
    for layer in range(LAYERS):
        padded = tails.extend_tail(layer, KeyValues(new, -new))
        place = 0
        for group, mask in zip(padded.groups, padded.masks, strict=True):
            for index in range(len(group.keys)):
                owner = owners[place]
                seen = mask[index, 0, 0]
                for head in range(HEADS):
                    assert group.keys[index, head, seen, 0].tolist() == [*expected[owner], 9e5 + owner]
                assert torch.equal(group.values, -group.keys)
                place += 1
        assert place == len(owners)
    tails.end_step()
    for owner in owners:
        expected[owner].append(9e5 + owner)


def test_a_step_that_is_not_ended_was_none():
    """Rows of a step that failed are written over by the next one."""
    tails, expected = Tails(cache()), {1: (1000.0 + torch.arange(LEAST_ROOM)).tolist()}
    tails.add(1, rows(1, LEAST_ROOM))
    tails.begin_step()
    broken = torch.full((1, HEADS, 1, WIDTH), 7.0)
    tails.extend_tail(0, KeyValues(broken, -broken))
    step(tails, expected)
    step(tails, expected)


def test_a_long_tail_costs_its_own_rows():
    """One long history beside many short questions does not make them as long."""
    tails = Tails(cache())
    for number in range(30):
        tails.add(number, rows(number, 20))
    short = tails.nbytes
    tails.add(30, rows(30, 5000))
    assert tails.nbytes - short <= 2 * 8192 * ROW_BYTES
    tails.remove(30)
    assert tails.nbytes == short
