"""From what a client names to a file on this machine: an upload, an address, an allowed path, another memory's."""

import threading
from dataclasses import dataclass
from pathlib import Path

from videoxl.library import Entry, Library
from videoxl.server.config import ServeConfig
from videoxl.server.files import UploadedFiles
from videoxl.server.problem import Problem
from videoxl.server.protocol.memories import Source

RETRY_SECONDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """A file to be watched."""

    path: Path
    name: str
    """What people call it."""
    sha256: str | None = None
    """Where it is known already."""


class Sources:
    """Finds videos. Every call may take as long as a download: call it from a thread."""

    def __init__(self, config: ServeConfig, library: Library, files: UploadedFiles) -> None:
        self._config, self._library, self._files = config, library, files
        self._downloads = threading.BoundedSemaphore(config.limits.max_downloads)

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
        path = video_path(entry)
        if path is None:
            raise Problem(
                404, "the video of this memory is not here any more; give its file or address again.", code="video_gone"
            )
        return Video(path=path, name=entry.source_name, sha256=entry.source_sha256)

    def find_url(self, url: str, *, stopped: threading.Event | None = None) -> Video:
        """The file that an address names: http(s), data:, or file: where that is allowed. Raises as `find` does."""
        from videoxl.library.fetch import fetch
        from videoxl.library.fetch_limits import FetchLimits

        if not self._downloads.acquire(blocking=False):
            raise Problem(
                429, "as many videos are being fetched as this server does at once; try again in a moment.",
                code="downloads_busy", headers={"Retry-After": str(RETRY_SECONDS)},
            )  # fmt: skip
        try:
            fetched = fetch(
                url, self._files.folder, FetchLimits(max_bytes=self._config.limits.max_upload_bytes),
                allowed_folders=self._config.allow_folders, allow_private=self._config.allow_private_urls,
                stopped=stopped,
            )  # fmt: skip
        finally:
            self._downloads.release()
        return Video(path=fetched.path, name=fetched.content_name, sha256=fetched.sha256)

    def _local(self, given: str) -> Video:
        from videoxl.library.fetch_local import open_local

        if "\0" in given:
            raise Problem(400, "a path with a zero byte in it names nothing.", code="invalid_value", param="path")
        with open_local(Path(given), self._config.allow_folders) as file:
            return Video(path=file.path, name=file.path.name)


def video_path(entry: Entry) -> Path | None:
    """The video of a memory, where it still is where it was."""
    if entry.source_path is None:
        return None
    path = Path(entry.source_path)
    return path if path.is_file() else None
