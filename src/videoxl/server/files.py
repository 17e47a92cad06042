"""Uploaded files: bytes under their hash in the library's folder, and a record of what a client calls them.

    files/<sha256>.mp4       the bytes, once, however often they are uploaded
    files/file-<id>.json     one upload

Records are written whole and under a lock that all servers on the library share, so that bytes which one client gives
up are not taken from under another one's upload of the same film.
"""

import json
import logging
import os
import re
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from videoxl.compression.size import ByteSize
from videoxl.errors import VideoError
from videoxl.memory.folder import write_whole
from videoxl.server.problem import Problem

if TYPE_CHECKING:
    from videoxl.library.fetch_landing import Landing
    from videoxl.library.fetch_local import LocalFile

FILE_ID = re.compile(r"file-[0-9a-f]{24}")
BLOB = re.compile(r"[0-9a-f]{64}\.\w+")
LEFTOVER_SECONDS = 86400.0  # age from which bytes without a record count as left by a killed process
LOCK_NAME = ".lock"
OWNER_ONLY = 0o600

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadedFile:
    """One upload."""

    id: str
    filename: str
    purpose: str
    num_bytes: int
    created_at: int
    expires_at: int | None
    sha256: str
    blob: str
    """Name of the file that holds the bytes."""
    media_type: str

    def to_json(self) -> dict[str, Any]:
        """As OpenAI says it."""
        return {
            "id": self.id,
            "object": "file",
            "bytes": self.num_bytes,
            "created_at": self.created_at,
            "expires_at": self.expires_at,
            "filename": self.filename,
            "purpose": self.purpose,
            "status": "processed",
        }


class UploadedFiles:
    """The uploads of a library. Safe from many threads and processes."""

    def __init__(self, folder: Path, *, max_bytes: int, is_needed: Callable[[Path], bool]) -> None:
        """Args: is_needed: Whether a memory was made of this file, whose player still wants it."""
        self.folder = folder
        self._max_bytes, self._is_needed = max_bytes, is_needed

    def check_room(self, num_bytes: int) -> None:
        """Refuse (507) what would grow the folder over its limit."""
        held = self._held_bytes()
        if held + num_bytes > self._max_bytes:
            raise Problem(
                507, f"uploaded files take {ByteSize(held)} of the {ByteSize(self._max_bytes)} that they may; "
                "delete some.", code="storage_full",
            )  # fmt: skip

    def keep(self, landing: "Landing", *, filename: str, purpose: str, expires_at: int | None) -> UploadedFile:
        """Place what has come down into the folder, and write its record. Raises VideoError for what is no video."""
        with self._alone():
            landed = landing.place()
            file = UploadedFile(
                id=f"file-{secrets.token_hex(12)}",
                filename=filename,
                purpose=purpose,
                num_bytes=landed.num_bytes,
                created_at=int(time.time()),
                expires_at=expires_at,
                sha256=landed.sha256,
                blob=landed.path.name,
                media_type=landed.content_type.media_type,
            )
            try:
                write_whole(self._record(file.id), json.dumps(asdict(file)).encode())
            except BaseException:
                self._drop(file.blob)
                raise
        return file

    def get(self, file_id: str) -> UploadedFile:
        """One upload. Raises Problem (404)."""
        if FILE_ID.fullmatch(file_id):
            with suppress(FileNotFoundError):
                file = _read(self._record(file_id))
                if file is None:
                    raise Problem(
                        404, f"what was written down about {file_id} is damaged; upload it again.",
                        code="file_not_found", param="file_id",
                    )  # fmt: skip
                if not _is_over(file):
                    return file
        raise Problem(
            404, f"there is no file {file_id[:60]!r}; see GET /v1/files.", code="file_not_found", param="file_id"
        )

    def path(self, file: UploadedFile) -> Path:
        """Where its bytes are. Raises Problem (404) where they are gone."""
        path = self.folder / file.blob
        if not path.is_file():
            raise _bytes_gone(file)
        return path

    def open(self, file: UploadedFile) -> "LocalFile":
        """Its bytes, open: whoever deletes it meanwhile takes nothing away from who reads it. Raises as `path` does."""
        from videoxl.library.fetch_local import open_local

        try:
            return open_local(self.folder / file.blob, [self.folder])
        except VideoError as error:
            raise _bytes_gone(file) from error

    def all(self) -> list[UploadedFile]:
        """Every upload, the newest first; those that have run out are removed on the way."""
        files = []
        for file in filter(None, self._records()):
            if _is_over(file):
                with suppress(Problem):
                    self._remove(file)
            else:
                files.append(file)
        return sorted(files, key=lambda file: (-file.created_at, file.id))

    def remove(self, file_id: str) -> None:
        """Take an upload away, and its bytes where no other upload and no memory needs them."""
        self._remove(self.get(file_id))

    @contextmanager
    def holding(self, path: Path) -> Iterator[None]:
        """Take no bytes away until the block ends, in which a memory may come to need these; of our files only."""
        with self._alone() if path.parent == self.folder else nullcontext():
            yield

    def drop(self, path: Path) -> None:
        """Take bytes away that a memory needed and no upload or other memory does."""
        if path.parent == self.folder:
            with self._alone():
                self._drop(path.name)

    def sweep(self) -> None:
        """Take bytes away that a server placed and was killed before it had written down what they are for.

        New ones stay: another server on this library may have fetched them for a memory that is just about to come.
        """
        with self._alone():
            recorded = {file.blob for file in self._records() if file is not None}
            for path in self.folder.iterdir():
                if BLOB.fullmatch(path.name) and path.name not in recorded and _is_old(path):
                    self._drop(path.name)

    def _held_bytes(self) -> int:
        held = 0
        with os.scandir(self.folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):  # deleted, placed or given up since it was listed
                    if entry.is_file(follow_symlinks=False):
                        held += entry.stat(follow_symlinks=False).st_size
        return held

    def _remove(self, file: UploadedFile) -> None:
        with self._alone():
            self._record(file.id).unlink(missing_ok=True)
            self._drop(file.blob)

    def _drop(self, blob: str) -> None:
        """A damaged record may be of any bytes, so as long as there is one they all stay."""
        may_be_recorded = any(file is None or file.blob == blob for file in self._records())
        if not may_be_recorded and not self._is_needed(self.folder / blob):
            (self.folder / blob).unlink(missing_ok=True)

    def _records(self) -> Iterator[UploadedFile | None]:
        """Of every upload; None for a damaged one."""
        for path in self.folder.glob("file-*.json"):
            with suppress(FileNotFoundError):
                yield _read(path)

    def _record(self, file_id: str) -> Path:
        return self.folder / f"{file_id}.json"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """While no other thread or process changes the folder."""
        descriptor = os.open(self.folder / LOCK_NAME, os.O_RDWR | os.O_CREAT, OWNER_ONLY)
        try:
            if sys.platform != "win32":
                import fcntl

                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _read(path: Path) -> UploadedFile | None:
    """A record; None where it is damaged, or of another release. Raises FileNotFoundError."""
    try:
        file = UploadedFile(**json.loads(path.read_bytes()))
    except (ValueError, TypeError, RecursionError):
        file = None
    if file is None or not _is_whole(file):
        log.warning("the record %s of an upload is damaged and is left alone; remove it if you know why.", path.name)
        return None
    return file


def _is_old(path: Path) -> bool:
    with suppress(FileNotFoundError):
        return time.time() - path.stat().st_mtime > LEFTOVER_SECONDS
    return False


def _is_whole(file: UploadedFile) -> bool:
    numbers = file.num_bytes, file.created_at, file.expires_at or 0
    words = file.id, file.filename, file.purpose, file.sha256, file.blob, file.media_type
    return all(isinstance(each, int) for each in numbers) and all(isinstance(each, str) for each in words)


def _bytes_gone(file: UploadedFile) -> Problem:
    return Problem(404, f"the bytes of file {file.id} are gone; upload it again.", code="file_not_found")


def _is_over(file: UploadedFile) -> bool:
    return file.expires_at is not None and file.expires_at <= time.time()
