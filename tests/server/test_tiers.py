"""Memories in tiers, by bytes."""

import threading

import pytest
import torch

from videoxl.errors import CapacityError
from videoxl.memory import CompressedMemory, Segment
from videoxl.server.metrics import Metrics
from videoxl.server.problem import Problem
from videoxl.server.tiers import MemoryTiers, moved

NUM_ROWS = 256  # what a memory has room for at first, so that it allocates no more than it holds


def make_memory(seed=0):
    memory = CompressedMemory()
    segment = Segment(
        kind="interval", num_rows=NUM_ROWS, num_frames=1, start_seconds=0.0, stop_seconds=1.0, frame_seconds=(0.0,)
    )
    generator = torch.Generator().manual_seed(seed)
    memory.append(segment, *(torch.randn((1, 1, NUM_ROWS, 4), generator=generator) for _ in range(2)))
    return memory


ONE = make_memory().nbytes * 3 // 2  # rows, and their keys rotated


def make_tiers(*, memories, device="cpu", host=1):
    return MemoryTiers(
        torch.device(device), device_bytes=round(memories * ONE), host_bytes=round(host * make_memory().nbytes),
        metrics=Metrics(),
    )  # fmt: skip


def take(tiers, name, opened):
    def open_memory():
        opened.append(name)
        return make_memory()

    return tiers.take(("kept", name), ONE, open_memory)


def test_a_memory_is_opened_once_and_found_again():
    """As long as there is room, asking again reads nothing from disk."""
    tiers, opened = make_tiers(memories=2), []
    first = take(tiers, "a", opened)
    tiers.release(first)
    assert take(tiers, "a", opened) is first
    assert opened == ["a"]


def test_the_longest_unused_leaves_first():
    """What was asked of most recently stays."""
    tiers, opened = make_tiers(memories=2), []
    for name in ("a", "b", "a", "c", "a", "b"):
        tiers.release(take(tiers, name, opened))
    assert opened == ["a", "b", "c", "b"]
    assert tiers.num_bytes("device") <= 2 * ONE


def test_what_is_being_asked_stays():
    """A pinned memory is not let go of, and who wants another one is told to come later."""
    tiers, opened = make_tiers(memories=1.5), []
    first = take(tiers, "a", opened)
    with pytest.raises(Problem) as refused:
        take(tiers, "b", opened)
    assert refused.value.status_code == 429
    assert refused.value.headers["Retry-After"]
    assert take(tiers, "a", opened) is first
    tiers.release(first)
    tiers.release(first)
    take(tiers, "b", opened)
    assert opened == ["a", "b"]


def test_what_never_fits_is_said():
    """A memory that is larger than the tier is refused with both numbers, before it is read."""
    opened = []
    with pytest.raises(CapacityError, match="keeps at most"):
        take(make_tiers(memories=0.5), "a", opened)
    assert not opened


def test_many_who_ask_at_once_open_it_once():
    """Threads that want the same memory wait for the one that reads it."""
    tiers, opened = make_tiers(memories=2), []
    together = threading.Barrier(8)

    def ask():
        together.wait()
        take(tiers, "a", opened)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert opened == ["a"]


def test_a_memory_that_cannot_be_read_can_be_tried_again():
    """A failed opening leaves nothing behind."""
    tiers = make_tiers(memories=1)

    def broken():
        raise OSError("no such disk")

    for _ in range(2):
        with pytest.raises(OSError, match="no such disk"):
            tiers.take(("kept", "a"), ONE, broken)
    assert take(tiers, "a", []).num_pins == 1


def test_behind_a_device_the_host_keeps_a_copy():
    """What left the device comes back from the host's memory and not from disk."""
    tiers, opened = make_tiers(memories=1, device="meta", host=2), []
    for name in ("a", "b", "a", "b"):
        tiers.release(take(tiers, name, opened))
    assert opened == ["a", "b"]
    tiers.release(take(tiers, "c", opened))  # and the host lets go of the longest unused in turn
    tiers.release(take(tiers, "a", opened))
    assert opened == ["a", "b", "c", "a"]


def test_what_is_gone_is_forgotten():
    """A memory that was removed from the library leaves every tier."""
    tiers, opened = make_tiers(memories=2), []
    tiers.release(take(tiers, "a", opened))
    tiers.forget(lambda key: key[1] == "a")
    assert tiers.num_bytes("device") == 0
    take(tiers, "a", opened)
    assert opened == ["a", "a"]


def test_moving_changes_no_row():
    """A memory on another device has the same segments and rows."""
    memory = make_memory(seed=3)
    copy = moved(memory, torch.device("cpu"))
    assert copy.same_rows(memory)
    assert copy.segments == memory.segments
