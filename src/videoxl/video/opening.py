"""The door to a video: whatever it is on disk, one object with what it is and a way to read it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from videoxl.errors import MissingDependencyError, UsageError, VideoNotFoundError
from videoxl.video.file_source import FileSource
from videoxl.video.folder import is_picture
from videoxl.video.isolated_limits import DecodeLimits
from videoxl.video.source import VideoSource, Watchable

Backend = Literal["auto", "pyav", "torchcodec"]
BACKENDS: tuple[Backend, ...] = ("auto", "pyav", "torchcodec")


def open_video(
    source: str | Path | Sequence[str | Path] | Watchable,
    *,
    backend: Backend = "auto",
    isolated: DecodeLimits | None = None,
) -> VideoSource:
    """A video file, a picture file, a folder of pictures or a list of them, or what needs no file, ready to be read.

    `auto` takes torchcodec where it is installed and works, else PyAV. Only local files: no URL is ever followed.
    With `isolated`, one file from a stranger is decoded in a process with these limits.
    """
    if backend not in BACKENDS:
        raise UsageError(f"got backend {backend!r}: expected one of {', '.join(BACKENDS)}.")
    if isinstance(source, Watchable):
        return source.as_source()
    if not isinstance(source, (str, Path)):
        if isolated is not None:
            raise UsageError("got a list of pictures to isolate: expected one file. Open each of them.")
        return _pictures(source)
    if isinstance(source, str) and "://" in source:
        raise UsageError(f"{source} is a URL: expected a file on this machine. Download it first.")
    path = Path(source)
    if isolated is not None:
        from videoxl.video.isolated import IsolatedSource

        return IsolatedSource(path, isolated)
    if not path.exists():
        raise VideoNotFoundError(f"{path} does not exist: expected a video, a picture or a folder. Check the path.")
    if path.is_dir() or is_picture(path):
        return _pictures(path)
    return _video_file(path, backend)


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
