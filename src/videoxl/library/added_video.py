"""The video of an entry as it was added: opened to be watched, and refused where another one has its name by now.

Its digest is compared with that of the entry. It is computed once, and is the one that the memory keeps of its source,
so a huge file is read through no more often than without the comparison. It is of the bytes that are decoded: where a
source holds its file open (`IsolatedSource`, for whatever a stranger may name or change), by that open file; where a
decoder opens its file by name, what the system says of the name tells whether another one was put there in between.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from videoxl.errors import VideoError, VideoFormatError, VideoNotFoundError
from videoxl.library.entry import Entry
from videoxl.library.thumbnails import SeenSource
from videoxl.video import VideoSource, source_fingerprint

Stamp = tuple[int, int, int, int]
"""Device, number on it, bytes, and when it was written last."""


class AddedVideo:
    """The video of an entry, open. Raises VideoFormatError where it is not the one that was added."""

    def __init__(self, entry: Entry, path: Path, open_source: Callable[[Path], VideoSource]) -> None:
        self._entry, self._path = entry, path
        self._first = dict(_stamps(path))
        self._is_read = False
        self.source = self._opened(open_source)

    def check_opened(self) -> None:
        """Refuse a file that was put in the place of the one whose digest was compared, before it was decoded.

        Call it when frames have come: the decoder has its file open then, and what happens to the name is no matter.
        One of the same bytes is the same video: an upload that comes once more takes the place of the first.
        """
        is_another = not self._is_read and any(
            stamp[:2] != self._first.get(name, stamp)[:2] for name, stamp in _stamps(self._path)
        )
        if is_another and not self._has_same_bytes():
            raise self.changed()
        self._is_read = True

    def check_whole(self) -> None:
        """Refuse a file that was written to while it was watched. Call it when all was read."""
        self.check_opened()
        for name, stamp in _stamps(self._path):
            first = self._first.get(name, stamp)
            if stamp[:2] == first[:2] and stamp != first:
                raise self.changed()

    def changed(self) -> VideoFormatError:
        """What is said of it then."""
        return VideoFormatError(f"{self._entry.source_name} has changed since it was added. Add it again.")

    def _has_same_bytes(self) -> bool:
        """Whether the name still means the same video; only a file is opened, and what is gone is no other one."""
        try:
            is_same = self._path.is_file() and source_fingerprint(self._path) == self._entry.source_sha256
        except VideoNotFoundError:
            return True
        return is_same or not self._path.exists()

    def _opened(self, open_source: Callable[[Path], VideoSource]) -> SeenSource:
        entry = self._entry
        try:
            source = SeenSource(open_source(self._path), name=entry.source_name)
            is_same = source.fingerprint() == entry.source_sha256
        except VideoNotFoundError:
            raise
        except VideoError as error:  # by now it may be no video at all
            if source_fingerprint(self._path) == entry.source_sha256:
                raise
            raise self.changed() from error
        if not is_same:
            raise self.changed()
        return source


def _stamps(path: Path) -> Iterator[tuple[str, Stamp]]:
    """What the system says of a file, or of each file of a folder of pictures; nothing of what is gone."""
    with suppress(OSError):
        for each in sorted(path.iterdir()) if path.is_dir() else [path]:
            status = os.stat(each)
            yield str(each), (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
