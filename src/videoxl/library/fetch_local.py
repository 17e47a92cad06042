"""A file of this machine that somebody else named: read only under allowed folders, and opened so that it stays there.

The name is resolved first (links, `..`), checked, and then walked from the allowed folder down, part by part, each
opened without following links. Swapping a part for a link between the check and the opening makes the opening fail.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from urllib.parse import unquote, urlsplit

from videoxl.errors import FetchRefusedError, VideoFormatError, VideoNotFoundError

STAY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
FOLDER_FLAGS = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | STAY
FILE_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | STAY  # not waiting for a pipe's other end
LOCAL_HOSTS = ("", "localhost")


@dataclass(frozen=True, slots=True)
class LocalFile:
    """An open file under an allowed folder: its true path, and the descriptor that says which file it is."""

    path: Path
    descriptor: int

    def __enter__(self) -> LocalFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self.descriptor)


def open_local(path: str | Path, allowed_folders: Sequence[str | Path]) -> LocalFile:
    """Open a file by its absolute path, if it lies under an allowed folder; use it in a `with` block.

    Whether a file outside is there is not told.

    Raises:
        FetchRefusedError: No folder is allowed, or the file does not lie under one.
        VideoNotFoundError: It lies there and cannot be opened.
        VideoFormatError: It is no regular file.
    """
    asked = Path(path)
    if not asked.is_absolute() or "\0" in str(path):
        raise FetchRefusedError("got a path that does not begin at the root: give the whole path of the file.")
    if not allowed_folders:
        raise FetchRefusedError(
            "files of this machine may not be read from here: upload the file, or have the operator allow its folder."
        )
    try:
        resolved = asked.resolve()
        folders = [Path(folder).resolve() for folder in allowed_folders]
    except (OSError, RuntimeError) as error:  # a circle of links
        raise _outside(asked) from error
    folder = next((folder for folder in folders if folder in resolved.parents), None)
    if folder is None:
        raise _outside(asked)
    descriptor = _walk(folder, resolved.relative_to(folder).parts, asked)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise VideoFormatError(f"{asked.name} is not a regular file: give a video or a picture.")
    return LocalFile(resolved, descriptor)


def path_of_file_url(url: str) -> Path:
    """The path that a file:// address names.

    Raises:
        FetchRefusedError: It names another machine, or no path.
    """
    parts = urlsplit(url)
    if parts.netloc.lower() not in LOCAL_HOSTS or parts.query or parts.fragment:
        raise FetchRefusedError("got a file:// address of another machine: expected file:///path/to/video.mp4.")
    return Path(unquote(parts.path))


def _walk(folder: Path, parts: tuple[str, ...], asked: Path) -> int:
    """Open a file below a folder, one part after the other, through no link."""
    current = -1
    try:
        current = os.open(folder, FOLDER_FLAGS)
        for index, part in enumerate(parts):
            flags = FILE_FLAGS if index == len(parts) - 1 else FOLDER_FLAGS
            following = os.open(part, flags, dir_fd=current)
            os.close(current)
            current = following
    except OSError as error:
        if current >= 0:
            with suppress(OSError):
                os.close(current)
        raise VideoNotFoundError(f"{asked.name} does not exist or may not be read: check the path.") from error
    return current


def _outside(asked: Path) -> FetchRefusedError:
    return FetchRefusedError(
        f"{asked.name} does not lie in a folder that may be read from here: upload the file, or have the operator "
        "allow its folder."
    )
