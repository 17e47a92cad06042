"""From what a client names to a file on this machine: an upload, an address, an allowed path, another memory's.

A path is a promise that can be broken: whoever may write to an allowed folder can put a link that leads out of it under
a name that was checked. So what is said of a file is said of one descriptor that was opened without following links,
its digest above all; the watching compares what it opens with that (`library/worker.py`).
"""

import os
import stat
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from videoxl.errors import VideoError
from videoxl.library import Entry, Library
from videoxl.server.config import ServeConfig
from videoxl.server.files import UploadedFiles
from videoxl.server.looks import Looks
from videoxl.server.problem import Problem
from videoxl.server.protocol.memories import Source

if TYPE_CHECKING:
    from videoxl.library.fetch_local import LocalFile

RETRY_SECONDS = 5
OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """A file to be watched."""

    path: Path
    name: str
    """What people call it."""
    sha256: str | None = None
    """Where it is known already."""
    duration_seconds: float | None = None
    """The same."""


class Sources:
    """Finds videos. Every call may take as long as a download: call it from a thread."""

    def __init__(self, config: ServeConfig, library: Library, files: UploadedFiles) -> None:
        self._config, self._library, self._files = config, library, files
        self._downloads = threading.BoundedSemaphore(config.limits.max_downloads)
        self._looks = Looks()

    def find(self, source: Source, *, stopped: threading.Event | None = None) -> Video:
        """The file that a source names.

        Raises:
            Problem: There is none, or it may not be watched.
            VideoError: It could not be fetched.
        """
        if source.file_id is not None:
            file = self._files.get(source.file_id)
            return Video(path=self._files.path(file), name=file.filename, sha256=file.sha256)
        if source.url is not None:
            return self.find_url(source.url, stopped=stopped)
        if source.path is not None:
            return self._local(source.path)
        assert source.memory_id is not None, "the body was checked to name one source"
        return self.of_memory(self._library.entry(source.memory_id))

    def of_memory(self, entry: Entry) -> Video:
        """The video that a memory was made of. Raises Problem (404) where it is gone."""
        with self.open(entry) as file:
            found = self._looked_at(file, entry.source_name, sha256=entry.source_sha256)
        return replace(found, path=Path(entry.source_path or file.path))

    def open(self, entry: Entry) -> "LocalFile":
        """The video of a memory, open; where its folder is one of ours or an allowed one, no link leads out of it.

        Raises Problem (404) where it is gone, or leads out.
        """
        from videoxl.library.fetch_local import LocalFile, open_local

        if entry.source_path is None:
            raise video_gone()
        path = Path(entry.source_path)
        folders = [*self._config.allow_folders, self._library.files, self._library.fetched]
        try:
            if any({folder, folder.resolve()} & {*path.parents} for folder in folders):
                return open_local(path, folders)
            file = LocalFile(path, os.open(path, OPEN_FLAGS))  # of a person at this machine, wherever it leads
        except (OSError, VideoError) as error:
            raise video_gone() from error
        if not stat.S_ISREG(os.fstat(file.descriptor).st_mode):
            os.close(file.descriptor)
            raise video_gone()
        return file

    def find_url(self, url: str, *, stopped: threading.Event | None = None) -> Video:
        """The file that an address names: http(s), data:, or file: where that is allowed. Raises as `find` does."""
        from videoxl.library.fetch import fetch
        from videoxl.library.fetch_limits import FetchLimits
        from videoxl.library.fetch_local import path_of_file_url

        if url[:5].lower() == "file:":
            return self._local(str(path_of_file_url(url)))
        if not self._downloads.acquire(blocking=False):
            raise Problem(
                429, "as many videos are being fetched as this server does at once; try again in a moment.",
                code="downloads_busy", retry_seconds=RETRY_SECONDS,
            )  # fmt: skip
        try:
            fetched = fetch(
                url, self._files.folder, FetchLimits(max_bytes=self._config.limits.max_upload_bytes),
                allow_private=self._config.allow_private_urls, stopped=stopped,
            )  # fmt: skip
        finally:
            self._downloads.release()
        return Video(path=fetched.path, name=fetched.content_name, sha256=fetched.sha256)

    def _local(self, given: str) -> Video:
        from videoxl.library.fetch_local import open_local

        if "\0" in given:
            raise Problem(400, "a path with a zero byte in it names nothing.", code="invalid_value", param="path")
        with open_local(Path(given), self._config.allow_folders) as file:
            return self._looked_at(file, file.path.name)

    def duration(self, video: Video) -> float:
        """How long it lasts. Raises VideoError for what is no video, or is gone."""
        if video.duration_seconds is not None:
            return video.duration_seconds
        from videoxl.library.fetch_local import open_local

        with open_local(video.path.absolute(), [video.path.absolute().parent]) as file:
            return self._looks.at(file, name=video.name, sha256=video.sha256).duration_seconds

    def _looked_at(self, file: "LocalFile", name: str, *, sha256: str | None = None) -> Video:
        """What is known of an open file; what is no video is refused. Its digest is computed where it is not known."""
        look = self._looks.at(file, name=name, sha256=sha256)
        return Video(path=file.path, name=name, sha256=look.sha256, duration_seconds=look.duration_seconds)


def video_gone() -> Problem:
    """What is said of a memory's video that cannot be had."""
    return Problem(404, "the video of this memory is not here any more; give it again.", code="video_gone")


def video_path(entry: Entry) -> Path | None:
    """The video of a memory, where it still is where it was."""
    if entry.source_path is None:
        return None
    path = Path(entry.source_path)
    return path if path.is_file() else None
