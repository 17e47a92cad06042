"""Who needs a memory's files: any number of readers, or one who takes them away.

The locks are the operating system's: a process that is killed holds none, so nothing has to be guessed stale and no
lock runs out under somebody who reads for a long time. Windows has no shared locks; there it refuses by itself to move
a file that somebody reads.
"""

import errno
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

logger = logging.getLogger(__name__)

OWNER_ONLY = 0o600
_UNSUPPORTED = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}


@contextmanager
def needing(path: Path) -> Iterator[None]:
    """Keep whoever would take the files away from doing so; waits for one who just does it."""
    descriptor = _locked(path, shared=True)
    assert descriptor is not None, "a shared lock is waited for"
    try:
        yield
    finally:
        os.close(descriptor)


@contextmanager
def taking(path: Path) -> Iterator[bool]:
    """Whether nobody needs the files; if so, nobody can begin to until the block ends, and the lock's file goes."""
    descriptor = _locked(path, shared=False)
    try:
        yield descriptor is not None
    finally:
        if descriptor is not None:
            with suppress(OSError):
                os.unlink(path)
            os.close(descriptor)


def _locked(path: Path, *, shared: bool) -> int | None:
    """An open, locked file; None where an exclusive lock cannot be had at once."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), OWNER_ONLY)
        try:
            if not _lock(descriptor, shared=shared):
                os.close(descriptor)
                return None
            # The last holder of an exclusive lock may have removed the file between our opening and our locking it.
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(descriptor), os.stat(path)):
                    return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _lock(descriptor: int, *, shared: bool) -> bool:
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
        logger.warning("this file system has no locks: a memory may be removed while somebody reads it")
    return True
