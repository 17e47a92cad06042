"""The working cache: rotation once, forks, tails, and what transformers asks of it."""

import torch

from videoxl.memory.cache import BatchMemory, MemoryCache
from videoxl.memory.key_values import KeyValues
from videoxl.memory.memory import CompressedMemory
from videoxl.memory.segment import Segment


def rotate(keys, positions):
    """Stands for a rotary embedding: each key scaled by its position, so that a wrong position shows."""
    return keys * (positions + 1)[:, None]


def segment(num_rows):
    return Segment(kind="interval", num_rows=num_rows, num_frames=1, stop_seconds=1.0, ratio=2)


def rows(num_rows, *, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return KeyValues(*(torch.randn(3, 1, 2, num_rows, 4, generator=generator) for _ in range(2)))


def new_cache(memory=None):
    return MemoryCache(memory or CompressedMemory(), num_layers=3, rotate=rotate)


def test_a_key_is_rotated_to_its_index():
    """Whatever the steps in which rows arrive, row i is rotated to position i, and the memory keeps it un-rotated."""
    cache = new_cache()
    for number, size in enumerate((5, 1, 300, 7)):
        cache.append(segment(size), rows(size, seed=number))
    expected = rotate(cache.memory.keys, torch.arange(313))
    for layer in range(3):
        kept = cache.memory_of(layer)
        assert torch.equal(kept.keys[0], expected[layer])
        assert torch.equal(kept.values[0], cache.memory.values[layer])
    reopened = new_cache(cache.memory)
    assert torch.equal(reopened.memory_of(1).keys, cache.memory_of(1).keys)


def test_reserved_room_is_filled_in_place():
    """Up to the reserved rows nothing moves; beyond them the cache grows as ever."""
    cache = new_cache()
    cache.reserve(12)
    cache.append(segment(5), rows(5))
    first = cache.memory_of(0)
    cache.append(segment(7), rows(7, seed=1))
    assert cache.memory_of(0).keys.data_ptr() == first.keys.data_ptr()
    assert cache.memory_of(0).values.data_ptr() == first.values.data_ptr()
    cache.append(segment(1), rows(1, seed=2))
    assert torch.equal(cache.memory_of(2).keys[0], rotate(cache.memory.keys, torch.arange(13))[2])


def test_forks_do_not_see_each_other():
    """A tail, and rows appended to the memory later, belong to one fork alone."""
    cache = new_cache()
    cache.append(segment(4), rows(4))
    one, other = cache.fork(), cache.fork()
    one.extend_tail(0, KeyValues(torch.ones(1, 2, 3, 4), torch.ones(1, 2, 3, 4)))
    assert (one.num_tail, other.num_tail, cache.num_tail) == (3, 0, 0)
    other.append(segment(2), rows(2, seed=1))
    cache.append(segment(2), rows(2, seed=2))
    assert (one.num_rows, other.num_rows, cache.num_rows) == (4, 6, 6)
    assert not torch.equal(other.memory_of(0).keys, cache.memory_of(0).keys)
    assert torch.equal(other.memory_of(0).keys[:, :, :4], cache.memory_of(0).keys[:, :, :4])


def test_what_was_rewound_was_never_there():
    """Rewound and gone on with, a cache is as if it had never held the rest; a fork from before keeps it all."""
    cache, expected = new_cache(), new_cache()
    cache.reserve(20)
    for number, size in enumerate((5, 2, 9)):
        cache.append(segment(size), rows(size, seed=number))
    fork, before = cache.fork(), cache.memory.keys.clone()
    cache.rewind(1)
    assert (cache.num_rows, cache.memory_of(0).keys.shape[2], fork.num_rows) == (5, 5, 16)
    cache.append(segment(4), rows(4, seed=3))
    for size, seed in ((5, 0), (4, 3)):
        expected.append(segment(size), rows(size, seed=seed))
    for one, other in zip(cache.memory_of(2), expected.memory_of(2), strict=True):
        assert torch.equal(one, other)
    assert torch.equal(fork.memory.keys, before)
    assert torch.equal(fork.memory_of(1).keys[0], rotate(before, torch.arange(16))[1])
    cache.rewind(0)
    assert (cache.num_rows, cache.memory_of(0)) == (0, None)


def test_a_fork_of_a_conversation_continues_it():
    """A fork begins with the tail of the cache it came from, and both go on alone."""
    cache = new_cache()
    cache.append(segment(4), rows(4))
    cache.extend_tail(0, KeyValues(torch.ones(1, 2, 3, 4), torch.ones(1, 2, 3, 4)))
    fork = cache.fork()
    tail = fork.extend_tail(0, KeyValues(torch.zeros(1, 2, 100, 4), torch.zeros(1, 2, 100, 4)))
    assert tail.keys.shape[2] == 103
    assert cache.num_tail == 3
    assert torch.equal(cache.layers[0].tail.keys, torch.ones(1, 2, 3, 4))


def test_update_returns_what_transformers_expects():
    """`update` gives memory and tail in one piece; lengths, cropping and beams follow the tail."""
    cache = new_cache()
    cache.append(segment(4), rows(4))
    new = torch.arange(24.0).view(3, 2, 1, 4)
    keys, values = cache.update(new, new, 0)
    assert keys.shape == values.shape == (3, 2, 5, 4)
    assert torch.equal(keys[2, :, :4], cache.memory_of(0).keys[0])
    layer = cache.layers[0]
    assert layer.get_seq_length() == 5
    assert layer.get_mask_sizes(2) == (7, 0)
    layer.reorder_cache(torch.tensor([2, 2, 0]))
    assert torch.equal(layer.tail.keys[0], new[2])
    layer.batch_select_indices(torch.tensor([0]))
    layer.batch_repeat_interleave(2)
    assert layer.tail.keys.shape[0] == 2
    layer.crop(-1)
    assert layer.get_seq_length() == 4


def test_training_memory_equals_the_cache():
    """The differentiable memory holds the very rows that the working cache holds."""
    cache, batch = new_cache(), BatchMemory(rotate=rotate)
    for number, size in enumerate((5, 2, 9)):
        cache.append(segment(size), rows(size, seed=number))
        batch.append(rows(size, seed=number))
    for layer in range(3):
        for one, other in zip(cache.memory_of(layer), batch.memory_of(layer).joined(), strict=True):
            assert torch.equal(one, other)
