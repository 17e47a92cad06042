"""How a run of an evaluation goes, told on stderr."""

from types import TracebackType
from typing import TYPE_CHECKING, Self

from videoxl.cli.console import note
from videoxl.cli.live_line import live_line, short_time

if TYPE_CHECKING:
    from videoxl.evaluation.run_progress import RunProgress


class RunBar:
    """A listener for `run_task`, in a `with` block; remembers what it was told last."""

    def __init__(self, name: str) -> None:
        self.last: RunProgress | None = None
        self._name = name
        self._show = live_line("asking", name)

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
        is_last = progress.num_videos >= progress.total_videos
        self._show.update(_line(progress), done=progress.num_items, total=progress.total_items, is_last=is_last)


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
