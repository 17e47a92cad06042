"""What was seen of video files: their digests and how long they last, for as long as they are the same files.

Every question about an upload or a file names it anew, and looking costs a process of its own and reading all of its
bytes. So what was found is kept by what the system says of the open file: device, number, size, and when it was last
written and changed. A file that was touched a moment ago is looked at every time: the clock of a file system is coarse,
and what was written a tick later would look the same.
"""

import os
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from videoxl.library.fetch_local import LocalFile

MOST_KEPT = 4096
COARSE_SECONDS = 2.0

Identity = tuple[int, int, int, int, int]


@dataclass(frozen=True, slots=True)
class Look:
    """What is known of a video file."""

    sha256: str
    duration_seconds: float


class Looks:
    """Looks at open files, each once. Safe from many threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[Identity, str | None], Look] = OrderedDict()
        self._lock = threading.Lock()

    def at(self, file: "LocalFile", *, name: str, sha256: str | None = None) -> Look:
        """What the file holds; `sha256` saves reading it where that is known, and is believed for who says it alone.

        Raises:
            VideoError: It is no video.
        """
        identity = _identity(file.descriptor)
        key = identity, sha256
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        look = _look(file, name, sha256)
        if _identity(file.descriptor) == identity and not _is_fresh(identity):
            with self._lock:
                self._kept[key] = look
                while len(self._kept) > MOST_KEPT:
                    self._kept.popitem(last=False)
        return look


def _look(file: "LocalFile", name: str, sha256: str | None) -> Look:
    from videoxl.video.isolated import IsolatedSource

    with IsolatedSource(file.path, descriptor=file.descriptor, name=name) as source:
        return Look(sha256 or source.fingerprint(), source.info.duration_seconds)


def _identity(descriptor: int) -> Identity:
    found = os.fstat(descriptor)
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _is_fresh(identity: Identity) -> bool:
    return time.time() - max(identity[-2:]) / 1e9 < COARSE_SECONDS
