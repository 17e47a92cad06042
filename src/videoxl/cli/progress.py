"""How watching goes, told on stderr."""

from types import TracebackType
from typing import TYPE_CHECKING, Self

from videoxl.cli.console import note
from videoxl.cli.live_line import live_line, short_time

if TYPE_CHECKING:
    from videoxl.engine import Progress


class WatchProgress:
    """A listener for `VideoXL.watch`, in a `with` block; remembers what it was told last."""

    def __init__(self, name: str) -> None:
        self.last: Progress | None = None
        self._name = name
        self._show = live_line("watching", name)

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
        num_frames, total_frames = progress.num_frames, progress.total_frames
        is_last = num_frames >= total_frames
        self._show.update(_line(progress), done=num_frames, total=total_frames, is_last=is_last)


def _line(progress: "Progress") -> str:
    left = progress.seconds_left
    parts = [
        f"{progress.num_frames}/{progress.total_frames} frames",
        f"{progress.frames_per_second:.1f} frames/s",
        f"{progress.num_rows} rows",
    ]
    return ", ".join(parts if left is None else [*parts, f"{short_time(left)} left"])
