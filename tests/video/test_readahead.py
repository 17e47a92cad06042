"""Reading ahead: in order, bounded, and over when it is over."""

import gc
import itertools
import threading
import tracemalloc
import weakref

import numpy as np
import pytest

from videoxl.errors import VideoDecodeError
from videoxl.video import batch as batch_module
from videoxl.video import open_video
from videoxl.video.readahead import read_ahead

THREAD_NAME = "videoxl-read-ahead"


def reading_threads() -> list[threading.Thread]:
    """The threads that read ahead just now."""
    return [thread for thread in threading.enumerate() if thread.name == THREAD_NAME]


class Counted:
    """An item that says when it is gone."""


@pytest.mark.parametrize("num_ahead", [1, 3])
def test_no_more_is_alive_than_the_bound(num_ahead: int) -> None:
    """Beside the items ahead there is at most one being made and one in the reader's hands."""
    alive: weakref.WeakSet[Counted] = weakref.WeakSet()
    most = 0

    def produce(stopped: threading.Event):
        nonlocal most
        for _ in range(50):
            item = Counted()
            alive.add(item)
            most = max(most, len(alive))
            yield item
            del item

    num_read = 0
    for item in read_ahead(produce, num_ahead=num_ahead):
        num_read += 1
        del item
    assert num_read == 50
    assert most <= num_ahead + 2


def test_items_come_in_order_and_once() -> None:
    """Reading ahead is invisible: the same items, in the same order."""
    assert list(read_ahead(lambda stopped: iter(range(500)), num_ahead=2)) == list(range(500))


def test_an_error_arrives_after_what_came_before_it() -> None:
    """What was made before the error is read first; then the error itself is raised in the reader."""

    def produce(stopped: threading.Event):
        yield 1
        raise ZeroDivisionError("inside")

    reader = read_ahead(produce, num_ahead=5)
    assert next(reader) == 1
    with pytest.raises(ZeroDivisionError, match="inside"):
        next(reader)


@pytest.mark.parametrize("leave", ["close", "error", "interrupt", "forget"])
def test_the_thread_ends_however_the_reader_leaves(clips, leave: str) -> None:
    """Closed, failed, interrupted or forgotten: after it no reading thread is left, though most is unread."""
    reader = open_video(clips.write("long.mp4", num_frames=200)).read(np.arange(200) / 25, chunk_frames=2)
    next(reader)
    assert len(reading_threads()) == 1
    if leave == "close":
        reader.close()
    elif leave == "forget":
        del reader
        gc.collect()
    else:
        kind = RuntimeError if leave == "error" else KeyboardInterrupt
        with pytest.raises(kind):
            reader.throw(kind())
    assert reading_threads() == []


def test_a_finished_reading_leaves_no_thread(clips) -> None:
    """Reading to the end needs no closing."""
    list(open_video(clips.write()).read([0, 1]))
    assert reading_threads() == []


def test_nothing_runs_before_the_first_batch_is_asked_for(clips) -> None:
    """A reading that nobody begins costs no thread."""
    reader = open_video(clips.write()).read([0, 1])
    assert reading_threads() == []
    reader.close()


def test_stopping_interrupts_a_long_decode(clips) -> None:
    """The reader may leave while one far frame is being decoded; the walk then stops between two packets."""
    from videoxl.video.decode import frames_at
    from videoxl.video.walk import ReadingStopped

    source = open_video(clips.write("one.mp4", keyframe_every=1000, num_frames=200))
    stopped = threading.Event()
    stopped.set()
    with pytest.raises(ReadingStopped):
        next(frames_at(source.media, source.facts, [7.9], max_side=None, stopped=stopped))


def test_the_time_limit_holds_even_when_the_decoder_hangs(clips, monkeypatch: pytest.MonkeyPatch) -> None:
    """A decoder that never comes back costs the limit, and the error says how far reading got."""
    source = open_video(clips.write())
    let_go = threading.Event()
    real = source.frames_at

    def hang(asked, *, max_side, stopped):
        yield from itertools.islice(real(asked, max_side=max_side, stopped=stopped), 3)
        let_go.wait(30)

    monkeypatch.setattr(source, "frames_at", hang)
    monkeypatch.setattr("videoxl.video.readahead.JOIN_SECONDS", 0.01)
    reader = source.read([0, 0.1, 0.2, 0.3], chunk_frames=1, time_limit_seconds=0.5)
    with pytest.raises(VideoDecodeError, match=r"limit of 0\.5 s, with 2 of 4 frames"):
        list(reader)
    let_go.set()
    for thread in reading_threads():
        thread.join()


def test_time_spent_by_the_reader_is_free() -> None:
    """Only waiting counts against the limit: with everything made ahead, any limit is enough."""
    made = threading.Event()

    def produce(stopped: threading.Event):
        yield from range(3)
        made.set()

    reader = read_ahead(produce, num_ahead=3, time_limit_seconds=30.0)
    assert next(reader) == 0
    made.wait()
    assert list(reader) == [1, 2]


def test_memory_does_not_grow_with_the_length(clips, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading ten times as many frames takes the same memory: a fixed number of chunks of a fixed size."""
    chunk_bytes = 200_000
    monkeypatch.setattr(batch_module, "MAX_CHUNK_BYTES", chunk_bytes)
    source = open_video(clips.write("wide.mp4", size=(160, 120), num_frames=200))

    def peak_bytes(num_frames: int) -> int:
        tracemalloc.start()
        for batch in source.read(np.arange(num_frames) / 25, chunk_frames=1000):
            assert batch.frames_FCHW.nbytes <= chunk_bytes
            del batch
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    # Two ahead, one being filled, one being let go, one in hand, and a picture of 58 kB on its way.
    assert peak_bytes(20) < 6 * chunk_bytes
    assert peak_bytes(200) < 6 * chunk_bytes


def test_batches_are_at_most_as_large_as_asked(clips) -> None:
    """chunk_frames is a ceiling; every batch but the last reaches it while frames are small."""
    batches = list(open_video(clips.write()).read(np.arange(50) / 25, chunk_frames=16))
    assert [batch.num_frames for batch in batches] == [16, 16, 16, 2]


def test_one_source_can_be_read_twice_at_once(clips) -> None:
    """Two readings of one source do not disturb each other."""
    source = open_video(clips.write())
    seconds = np.arange(50) / 25
    pairs = zip(source.read(seconds, chunk_frames=4), source.read(seconds, chunk_frames=4), strict=True)
    assert all(clips.indices([first]) == clips.indices([second]) for first, second in pairs)
