"""How a run of an evaluation goes, on stderr: a bar on a terminal, a plain line now and then elsewhere."""

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from videoxl.cli.console import note
from videoxl.cli.progress import SECONDS_BETWEEN_LINES, short_time

if TYPE_CHECKING:
    from videoxl.evaluation.run_progress import RunProgress


class RunBar:
    """A listener for `run_task`, in a `with` block; remembers what it was told last."""

    def __init__(self, name: str) -> None:
        self.last: RunProgress | None = None
        self._name = name
        self._show = _Bar(name) if sys.stderr.isatty() else _Lines(name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._show.close()

    def __call__(self, progress: "RunProgress") -> None:
        if self.last is None and progress.num_resumed:
            note(f"going on with {self._name} behind item {progress.num_resumed}, where an earlier run was stopped.")
        self.last = progress
        self._show.update(progress)


class _Lines:
    """For files and pipes: the first report, the last one, and one every few seconds."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._next_seconds = 0.0

    def update(self, progress: "RunProgress") -> None:
        is_last = progress.num_videos >= progress.total_videos
        if time.monotonic() >= self._next_seconds or is_last:
            self._next_seconds = time.monotonic() + SECONDS_BETWEEN_LINES
            note(f"asking {self._name}: {_line(progress)}")

    def close(self) -> None:
        """Nothing is open."""


class _Bar:
    """For people: one line that fills up, and is gone when the work is done."""

    def __init__(self, name: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as RichProgress

        columns = TextColumn("asking {task.description}"), BarColumn(), TextColumn("{task.fields[line]}")
        self._bar = RichProgress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task(name, total=None, line="opening")
        self._bar.start()

    def update(self, progress: "RunProgress") -> None:
        # Text of a file's name is no markup.
        line = _line(progress).replace("[", r"\[")
        self._bar.update(self._task, completed=progress.num_items, total=progress.total_items, line=line)

    def close(self) -> None:
        self._bar.stop()


def _line(progress: "RunProgress") -> str:
    parts = [
        f"{progress.num_items}/{progress.total_items} items",
        f"{progress.num_videos}/{progress.total_videos} videos",
        f"{progress.items_per_second:.2f} items/s",
    ]
    if progress.seconds_left is not None:
        parts.append(f"{short_time(progress.seconds_left)} left")
    if progress.watching is not None:
        parts.append(
            f"watching {progress.video}: {progress.watching.num_frames}/{progress.watching.total_frames} frames"
        )
    return ", ".join(parts)
