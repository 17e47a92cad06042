"""Where bytes from outside come down: into a file without a name for others, counted, typed, and placed whole.

Used by downloads and uploads alike. Until `place` the file is a partial one that leaving the block removes, whatever
the reason; `place` names it by its own bytes, so the same content is one file, however often and from wherever it
comes. What an earlier process left behind when it was killed is swept away.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from videoxl.errors import CapacityError, FetchTooLargeError, VideoFormatError
from videoxl.memory.folder import is_disk_full
from videoxl.video.content_type import HEAD_BYTES, ContentType, content_type, why_refused

PARTIAL_PREFIX = ".partial-"
PARTIAL_SECONDS = 24 * 3600.0  # nothing takes so long to arrive
NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


@dataclass(frozen=True, slots=True)
class Landed:
    """A file that is whole, in its place, and of a type that is read here."""

    path: Path
    sha256: str
    num_bytes: int
    content_type: ContentType


class Landing:
    """One file on its way down, in a `with` block: `write` what comes, then `place` it.

    Args:
        folder: Where the file goes; it is made, for its owner alone, if it is missing.
        max_bytes: More than this is refused while it comes.
        name: What the content is called in sentences.
    """

    def __init__(self, folder: Path, max_bytes: int, *, name: str = "the file") -> None:
        self._folder, self._max_bytes, self._name = folder, max_bytes, name
        self._digest = hashlib.sha256()
        self._head = b""
        self._type: ContentType | None = None
        self._descriptor: int | None = None
        self.num_bytes = 0

    def __enter__(self) -> Landing:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        sweep(self._folder)
        self._partial = self._folder / f"{PARTIAL_PREFIX}{secrets.token_hex(16)}"
        with _room_for(self._name):
            self._descriptor = os.open(self._partial, NEW_FILE, 0o600)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()
        self._partial.unlink(missing_ok=True)

    def write(self, content: bytes | memoryview) -> None:
        """Add bytes.

        Raises:
            FetchTooLargeError: There are more than allowed.
            VideoFormatError: They are no video and no picture; told as soon as enough of them are there.
            CapacityError: The disk is full.
        """
        self.num_bytes += len(content)
        if self.num_bytes > self._max_bytes:
            raise FetchTooLargeError(
                f"{self._name} has more than {self._max_bytes:,} bytes, which is the limit: give a smaller file, or "
                "raise the limit."
            )
        if len(self._head) < HEAD_BYTES:
            self._head += bytes(content[: HEAD_BYTES - len(self._head)])
            if len(self._head) == HEAD_BYTES:
                self._check_type()
        self._digest.update(content)
        self._write_all(memoryview(content))

    def place(self) -> Landed:
        """Put the file in its place, whole and on the disk, and end.

        Raises:
            VideoFormatError: It is no video and no picture that is read here.
            CapacityError: The disk is full.
        """
        kind = self._check_type()
        assert self._descriptor is not None, "a landing is used in a with block, and placed once"
        sha256 = self._digest.hexdigest()
        path = self._folder / f"{sha256}{kind.suffix}"
        with _room_for(self._name):
            os.fsync(self._descriptor)
            self._close()
            os.replace(self._partial, path)
        return Landed(path, sha256, self.num_bytes, kind)

    def _check_type(self) -> ContentType:
        found = self._type or content_type(self._head)
        if found is None:
            raise VideoFormatError(f"{self._name} {why_refused(self._head)}")
        if found.kind == "sound":
            raise VideoFormatError(
                f"{self._name} has no video stream, only sound ({found.name}): give a file with moving pictures."
            )
        self._type = found
        return found

    def _write_all(self, left: memoryview) -> None:
        assert self._descriptor is not None, "a landing is used in a with block"
        with _room_for(self._name):
            while left:
                left = left[os.write(self._descriptor, left) :]

    def _close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def sweep(folder: Path, *, older_than_seconds: float = PARTIAL_SECONDS) -> int:
    """Remove partial files that nobody can be writing any more; how many there were."""
    num_removed = 0
    for partial in folder.glob(f"{PARTIAL_PREFIX}*"):
        with suppress(OSError):  # another process swept it
            if time.time() - partial.lstat().st_mtime > older_than_seconds:
                partial.unlink()
                num_removed += 1
    return num_removed


@contextmanager
def _room_for(name: str) -> Iterator[None]:
    """Turn what the operating system says of a full disk into a sentence."""
    try:
        yield
    except OSError as error:
        if not is_disk_full(error):
            raise
        raise CapacityError(f"the disk is full: {name} could not be kept. Free some space and try again.") from error
