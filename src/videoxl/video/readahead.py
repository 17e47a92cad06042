"""Making things ahead of their use, in a thread, a bounded number of them, and stopping for real.

However the reader leaves (end, `close()`, an error, Ctrl-C, the time limit), the thread is told, and ends between two
packets. It is a daemon, so not even a decoder that hangs can keep the program alive.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")

JOIN_SECONDS = 5.0  # a thread that does not end in this time hangs in a decoder; it is left behind


def read_ahead(
    produce: Callable[[threading.Event], Iterator[Item]], *, num_ahead: int, time_limit_seconds: float | None = None
) -> Generator[Item, None, None]:
    """The items that `produce` makes, made in a thread at most `num_ahead` (and the one in its hands) early.

    `produce` gets an event that is set when nobody reads any more. Raises TimeoutError when this reader has waited
    longer than the limit in all; the time that the reader spends between items does not count.
    """
    channel: _Channel[Item] = _Channel(num_ahead)
    thread = threading.Thread(target=_work, args=(produce, channel), name="videoxl-read-ahead", daemon=True)
    thread.start()
    num_seconds_left = time_limit_seconds
    try:
        while True:
            began = time.monotonic()
            box = channel.get(num_seconds_left)
            if num_seconds_left is not None:
                num_seconds_left = max(0.0, num_seconds_left - (time.monotonic() - began))
            if box is None:
                return
            yield box.pop()
    finally:
        channel.closed.set()
        channel.wake()
        thread.join(JOIN_SECONDS)


def _work(produce: Callable[[threading.Event], Iterator[Item]], channel: _Channel[Item]) -> None:
    try:
        for item in produce(channel.closed):
            if not channel.put(item):
                return
            del item  # held only by the channel from here on
    except BaseException as error:  # carried to the reader, whatever it is
        channel.finish(error)
    else:
        channel.finish(None)


class _Channel(Generic[Item]):
    """A bounded queue with an end, an error and a way to call it off. Items travel in a box that the taker empties."""

    def __init__(self, num_ahead: int) -> None:
        self.closed = threading.Event()
        self._num_ahead = num_ahead
        self._boxes: deque[list[Item]] = deque()
        self._changed = threading.Condition()
        self._is_finished = False
        self._error: BaseException | None = None

    def put(self, item: Item) -> bool:
        """Wait for room and add the item; False when nobody reads any more."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._boxes) < self._num_ahead or self.closed.is_set())
            if self.closed.is_set():
                return False
            self._boxes.append([item])
            self._changed.notify_all()
        return True

    def get(self, timeout_seconds: float | None) -> list[Item] | None:
        """The next item, boxed, or None at the end; the producer's error is raised here."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._boxes or self._is_finished, timeout_seconds):
                raise TimeoutError
            self._changed.notify_all()
            if self._boxes:
                return self._boxes.popleft()
        if self._error is not None:
            raise self._error
        return None

    def finish(self, error: BaseException | None) -> None:
        with self._changed:
            self._is_finished, self._error = True, error
            self._changed.notify_all()

    def wake(self) -> None:
        with self._changed:
            self._changed.notify_all()
