"""One writer a folder: a lock that the operating system drops when its process ends, however it ends.

So a lock left by a killed process never has to be guessed stale; the file stays, and the next writer takes it over.
"""

import errno
import logging
import os
import sys
import weakref
from contextlib import suppress
from pathlib import Path

from videoxl.errors import UsageError
from videoxl.memory.folder import LOCK_NAME, prepare_folder, writable

logger = logging.getLogger(__name__)

_UNSUPPORTED = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}


def take_folder(folder: Path, *, overwrite: bool) -> tuple["FolderLock", bool]:
    """Lock a folder for a new memory, making it where needed; and whether it holds a memory that is to be replaced."""
    prepare_folder(folder, overwrite=overwrite)
    lock = FolderLock(folder)
    try:
        # Again: another run may have written its memory between our look and our lock.
        return lock, prepare_folder(folder, overwrite=overwrite)
    except BaseException:
        lock.release()
        raise


def is_locked(folder: Path) -> bool:
    """Whether somebody writes a memory there right now."""
    try:
        descriptor = os.open(folder / LOCK_NAME, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
    except OSError:
        return False
    try:
        return not _lock(descriptor)
    finally:
        os.close(descriptor)


class FolderLock:
    """Held from construction to `release`, or until the holder is gone."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / LOCK_NAME
        descriptor = self._take()
        self._close = weakref.finalize(self, os.close, descriptor)
        with suppress(OSError):  # only for the sentence that the other run prints
            os.ftruncate(descriptor, 0)
            os.write(descriptor, str(os.getpid()).encode())

    def release(self) -> None:
        """Remove the lock file and let the next writer in."""
        if self._close.alive:
            with suppress(OSError):
                os.unlink(self.path)
            self._close()

    def _take(self) -> int:
        while True:
            with writable(self.path):
                descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
            if not _lock(descriptor):
                holder = _holder(descriptor)
                os.close(descriptor)
                raise UsageError(
                    f"{self.path.parent} is being written by another run (process {holder}). "
                    f"Wait until it ends, or write to another folder."
                )
            # The last holder may have removed the file between our opening and our locking it.
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(descriptor), os.stat(self.path)):
                    return descriptor
            os.close(descriptor)


def _holder(descriptor: int) -> str:
    """Number of the process that wrote itself into the lock file."""
    with suppress(OSError):
        return os.read(descriptor, 20).decode("ascii", "replace") or "unknown"
    return "unknown"


def _lock(descriptor: int) -> bool:
    """Lock an open file without waiting; False where somebody else holds it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            return False
        logger.warning("this file system has no locks: nothing keeps a second run from writing the same memory")
    return True
