"""The door to a video: whatever it is on disk, one object with what it is and a way to read it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from videoxl.errors import MissingDependencyError, UsageError, VideoNotFoundError
from videoxl.video.batch import FrameStream, TimedFrame
from videoxl.video.folder import is_picture
from videoxl.video.info import VideoInfo
from videoxl.video.reading import read_frames

Backend = Literal["auto", "pyav", "torchcodec"]
BACKENDS: tuple[Backend, ...] = ("auto", "pyav", "torchcodec")


class VideoSource(Protocol):
    """Something that can be watched. Reading leaves it as it was: read it again, or twice at once."""

    @property
    def info(self) -> VideoInfo:
        """What it is."""
        ...

    def read(
        self,
        seconds: Sequence[float] | npt.NDArray[np.float64],
        *,
        chunk_frames: int = 16,
        time_limit_seconds: float | None = None,
        max_side: int | None = None,
    ) -> FrameStream:
        """Frames on screen at the asked, rising times, in batches of at most `chunk_frames` (fewer if frames are big).

        Every asked time gives one frame or is counted in a batch's `num_lost`. Frames are read ahead in a thread that
        ends when the iterator is closed, fails, or has been waited for longer than `time_limit_seconds` in all.
        `max_side` scales frames down so that their longer side fits.
        """
        ...


def open_video(source: str | Path | Sequence[str | Path], *, backend: Backend = "auto") -> VideoSource:
    """A video file, a picture file, a folder of pictures or a list of them, ready to be read.

    `auto` takes torchcodec where it is installed and works, else PyAV. Only local files: no URL is ever followed.
    """
    if backend not in BACKENDS:
        raise UsageError(f"got backend {backend!r}: expected one of {', '.join(BACKENDS)}.")
    if not isinstance(source, (str, Path)):
        return _pictures(source)
    if isinstance(source, str) and "://" in source:
        raise UsageError(f"{source} is a URL: expected a file on this machine. Download it first.")
    path = Path(source)
    if not path.exists():
        raise VideoNotFoundError(f"{path} does not exist: expected a video, a picture or a folder. Check the path.")
    if path.is_dir() or is_picture(path):
        return _pictures(path)
    return _video_file(path, backend)


class FileSource:
    """A video file read with PyAV."""

    def __init__(self, path: Path) -> None:
        from videoxl.video.probe import examine

        self.info, self.facts = examine(path)

    def read(
        self,
        seconds: Sequence[float] | npt.NDArray[np.float64],
        *,
        chunk_frames: int = 16,
        time_limit_seconds: float | None = None,
        max_side: int | None = None,
    ) -> FrameStream:
        """See `VideoSource.read`."""

        def produce(asked: Sequence[float], stopped: threading.Event) -> Iterator[TimedFrame]:
            return self.frames_at(asked, max_side=max_side, stopped=stopped)

        return read_frames(
            self.info,
            produce,
            seconds,
            chunk_frames=chunk_frames,
            time_limit_seconds=time_limit_seconds,
            max_side=max_side,
        )

    def frames_at(
        self, asked: Sequence[float], *, max_side: int | None, stopped: threading.Event
    ) -> Iterator[TimedFrame]:
        """Frames one by one in this thread; `read` is this, ahead and in batches."""
        from videoxl.video.decode import frames_at

        return frames_at(self.info.path, self.facts, asked, max_side=max_side, stopped=stopped)


def _pictures(source: str | Path | Sequence[str | Path]) -> VideoSource:
    from videoxl.video.pictures import PictureSource

    return PictureSource(source)


def _video_file(path: Path, backend: Backend) -> VideoSource:
    pyav = FileSource(path)
    if backend == "pyav":
        return pyav
    from videoxl.video.torchcodec_backend import TorchcodecSource

    try:
        return TorchcodecSource(pyav)
    except MissingDependencyError:
        if backend == "torchcodec":
            raise
        return pyav
