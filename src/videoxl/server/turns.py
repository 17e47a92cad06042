"""Whose turn it is to compute: one thread at a time, answers first, and watching never less than its share.

A step of an answer takes milliseconds; a stretch of watching is cut into slices of about as long (`pacing.py`). At the
end of a slice the watcher lets waiting answers go before, but no longer than leaves it its share of the time, so that a
hundred people who never stop asking slow a video down and do not stop it.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

WATCHING_SHARE = 0.25  # of the time, while people keep asking


class ModelTurns:
    """A lock with manners, for one thread that answers and one that watches."""

    def __init__(self, *, watching_share: float = WATCHING_SHARE, clock: Callable[[], float] = time.monotonic) -> None:
        assert 0 < watching_share < 1, f"a share lies between 0 and 1, got {watching_share}"
        self._changed = threading.Condition()
        self._is_taken = False
        self._is_owed = False  # the watcher has waited long enough: answers wait now
        self._is_asked = False
        self._watcher: int | None = None
        self._slice_began = 0.0
        self._patience = (1 - watching_share) / watching_share
        self._clock = clock

    def say_asked(self, is_asked: bool) -> None:
        """Whether there are questions under way: only then does watching make room."""
        with self._changed:
            self._is_asked = is_asked
            self._changed.notify_all()

    @contextmanager
    def answering(self) -> Iterator[None]:
        """The turn of one step of answers."""
        with self._changed:
            self._changed.wait_for(lambda: not self._is_taken and not self._is_owed)
            self._is_taken = True
        try:
            yield
        finally:
            self._release()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """The turn of a stretch of watching, in which this thread calls `pause` as often as it can."""
        with self._changed:
            self._claim()
            self._watcher = threading.get_ident()
        try:
            yield
        finally:
            self._watcher = None
            self._release()

    def pause(self) -> None:
        """Let answers go before, if there are any; no effect in a thread that does not have the watching turn."""
        if self._watcher != threading.get_ident() or not self._is_asked:
            return
        with self._changed:
            until = self._clock() + (self._clock() - self._slice_began) * self._patience
            self._is_taken = False
            self._changed.notify_all()
            while self._is_asked and (left := until - self._clock()) > 0:
                self._changed.wait(left)
            self._claim()

    def _claim(self) -> None:
        self._is_owed = True
        self._changed.wait_for(lambda: not self._is_taken)
        self._is_taken, self._is_owed = True, False
        self._slice_began = self._clock()

    def _release(self) -> None:
        with self._changed:
            self._is_taken = False
            self._changed.notify_all()
