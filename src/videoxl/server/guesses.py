"""How often a key may be guessed: a few times a minute, over all who guess."""

import threading
import time
from collections import deque
from collections.abc import Callable

MOST_WRONG = 20
WINDOW_SECONDS = 60.0


class Guesses:
    """Counts wrong keys; there is no list of addresses to fill, and none to hide behind."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: deque[float] = deque(maxlen=MOST_WRONG)
        self._lock = threading.Lock()

    @property
    def are_too_many(self) -> bool:
        """Whether the next guess is not even looked at."""
        with self._lock:
            return len(self._wrong) == MOST_WRONG and self._clock() - self._wrong[0] < WINDOW_SECONDS

    def note_wrong(self) -> None:
        """One more."""
        with self._lock:
            self._wrong.append(self._clock())
