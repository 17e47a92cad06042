"""How watching goes, on stderr: a bar on a terminal, a plain line now and then elsewhere."""

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from videoxl.cli.console import note

if TYPE_CHECKING:
    from videoxl.engine import Progress

SECONDS_BETWEEN_LINES = 5.0


class WatchProgress:
    """A listener for `VideoXL.watch`, in a `with` block; remembers what it was told last."""

    def __init__(self, name: str) -> None:
        self.last: Progress | None = None
        self._name = name
        self._show = _Bar(name) if sys.stderr.isatty() else _Lines(name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._show.close()

    def __call__(self, progress: "Progress") -> None:
        if self.last is None and progress.num_resumed:
            note(f"going on with {self._name} behind frame {progress.num_resumed}, where an earlier run was stopped.")
        self.last = progress
        self._show.update(progress)


def short_time(seconds: float) -> str:
    """`48 s`, `3:05`, `1:02:03`."""
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02d}:{rest:02d}"
    return f"{minutes}:{rest:02d}" if minutes else f"{rest} s"


class _Lines:
    """For files and pipes: the first report, the last one, and one every few seconds."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._next_seconds = 0.0

    def update(self, progress: "Progress") -> None:
        is_last = progress.num_frames >= progress.total_frames
        if time.monotonic() >= self._next_seconds or is_last:
            self._next_seconds = time.monotonic() + SECONDS_BETWEEN_LINES
            note(f"watching {self._name}: {_line(progress)}")

    def close(self) -> None:
        """Nothing is open."""


class _Bar:
    """For people: one line that fills up, and is gone when the work is done."""

    def __init__(self, name: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as RichProgress

        columns = TextColumn("watching {task.description}"), BarColumn(), TextColumn("{task.fields[line]}")
        self._bar = RichProgress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task(name.replace("[", r"\["), total=None, line="opening")
        self._bar.start()

    def update(self, progress: "Progress") -> None:
        self._bar.update(self._task, completed=progress.num_frames, total=progress.total_frames, line=_line(progress))

    def close(self) -> None:
        self._bar.stop()


def _line(progress: "Progress") -> str:
    left = progress.seconds_left
    parts = [
        f"{progress.num_frames}/{progress.total_frames} frames",
        f"{progress.frames_per_second:.1f} frames/s",
        f"{progress.num_rows} rows",
    ]
    return ", ".join(parts if left is None else [*parts, f"{short_time(left)} left"])
