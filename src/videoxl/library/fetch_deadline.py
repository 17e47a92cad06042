"""One end for everything a download does, however many steps it takes, and a way to call it off."""

from __future__ import annotations

import threading
from collections.abc import Callable

from videoxl.errors import FetchError


class Deadline:
    """Seconds from now on, by a clock that never goes back; `stopped` ends them at once."""

    def __init__(self, seconds: float, *, clock: Callable[[], float], stopped: threading.Event | None = None) -> None:
        self._seconds, self._clock, self._stopped = seconds, clock, stopped
        self._began = clock()

    def passed(self) -> float:
        """Seconds since the beginning."""
        return self._clock() - self._began

    def left(self) -> float:
        """Seconds until the end, more than zero.

        Raises:
            FetchError: There are none left, or it was called off.
        """
        if self._stopped is not None and self._stopped.is_set():
            raise FetchError("the download was called off before its end; nothing of it was kept.")
        left = self._seconds - self.passed()
        if left <= 0:
            raise FetchError(
                f"the download took longer than {self._seconds:g} s, which is the limit: try again, or upload the file."
            )
        return left
