"""How long work goes, on stderr: a bar on a terminal, a plain line now and then elsewhere."""

import sys
import time

from videoxl.cli.console import note

SECONDS_BETWEEN_LINES = 5.0


class Lines:
    """For files and pipes: the first report, the last one, and one every few seconds."""

    def __init__(self, verb: str, name: str) -> None:
        self._what = f"{verb} {name}"
        self._next_seconds = 0.0

    def update(self, line: str, *, done: int, total: int, is_last: bool) -> None:
        """Say how far the work is."""
        if time.monotonic() >= self._next_seconds or is_last:
            self._next_seconds = time.monotonic() + SECONDS_BETWEEN_LINES
            note(f"{self._what}: {line}")

    def close(self) -> None:
        """Nothing is open."""


class Bar:
    """For people: one line that fills up, and is gone when the work is done."""

    def __init__(self, verb: str, name: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        columns = TextColumn(f"{verb} {{task.description}}"), BarColumn(), TextColumn("{task.fields[line]}")
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task(_unmarked(name), total=None, line="opening")
        self._bar.start()

    def update(self, line: str, *, done: int, total: int, is_last: bool) -> None:
        """Fill the bar so far."""
        self._bar.update(self._task, completed=done, total=total, line=_unmarked(line))

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._bar.stop()


def live_line(verb: str, name: str) -> Lines | Bar:
    """What suits stderr as it is; `verb` is what is being done to `name`, as "watching"."""
    return (Bar if sys.stderr.isatty() else Lines)(verb, name)


def short_time(seconds: float) -> str:
    """`48 s`, `3:05`, `1:02:03`."""
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02d}:{rest:02d}"
    return f"{minutes}:{rest:02d}" if minutes else f"{rest} s"


def _unmarked(text: str) -> str:
    """Names of files are no markup."""
    return text.replace("[", r"\[")
