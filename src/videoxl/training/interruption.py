"""Ctrl-C and SIGTERM as a wish that is granted at the end of the step; a second one is granted at once."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class TrainingInterrupted(KeyboardInterrupt):
    """A run was asked to stop, wrote a checkpoint, and can go on from it."""

    def __init__(self, step: int, checkpoint: Path) -> None:
        super().__init__(f"interrupted at step {step}; {checkpoint} is whole. Run the same command again to go on.")
        self.step, self.checkpoint = step, checkpoint


class Interruption:
    """Whether somebody asked to stop."""

    def __init__(self) -> None:
        self.is_wanted = False

    def ask(self, number: int, frame: FrameType | None) -> None:
        """A signal came."""
        if self.is_wanted:
            raise KeyboardInterrupt
        self.is_wanted = True


@contextmanager
def interruption() -> Iterator[Interruption]:
    """Take the signals while a run lasts; only a program's main thread gets any."""
    wish = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield wish
        return
    before = {number: signal.signal(number, wish.ask) for number in SIGNALS}
    try:
        yield wish
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
