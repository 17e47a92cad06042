"""A document on disk: whole or not there at all, and never in the place of something else unless that was said."""

import errno
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from videoxl.errors import CapacityError, UsageError
from videoxl.export.document import Document
from videoxl.export.formats import Format

_DISK_IS_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


def write_document(document: Document, format: Format, path: Path, *, overwrite: bool = False) -> None:
    """Write the document; readers see all of it or what was there before, whenever this is stopped.

    Raises:
        UsageError: The path is taken, cannot be written, or the format cannot hold the document.
        CapacityError: The disk is full.
    """
    check_free(path, overwrite=overwrite)
    data = format.render(document).encode("utf-8")
    temporary = path.with_name(f".{path.name[:100]}.{secrets.token_hex(8)}.part")
    try:
        try:
            _write(temporary, data)
            _put(temporary, path, overwrite=overwrite)
        finally:
            with suppress(OSError):
                temporary.unlink()
    except FileExistsError:
        raise _taken(path) from None
    except OSError as error:
        if error.errno in _DISK_IS_FULL:
            raise CapacityError(f"the disk is full: {path} needs {len(data)} bytes. Free some space.") from error
        raise UsageError(f"{path} cannot be written ({error.strerror or error}). Give another --out.") from error


def check_free(path: Path, *, overwrite: bool) -> None:
    """Refuse a path that no document may be written to; asked before the work, and again after it."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        if path.parent.is_dir():
            return
        raise UsageError(f"{path.parent} is not a folder, so {path.name} cannot be written into it. Make it.") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"{str(path)!r} cannot be written ({error}). Give another --out.") from error
    if not stat.S_ISREG(mode):
        raise UsageError(f"{path} is there and is not a regular file. Give another name.")
    if not overwrite:
        raise _taken(path)


def _taken(path: Path) -> UsageError:
    return UsageError(f"{path} exists. Give another name, or say --overwrite.")


def _write(temporary: Path, data: bytes) -> None:
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)


def _put(temporary: Path, path: Path, *, overwrite: bool) -> None:
    """Give the file its name; a file that came meanwhile is not lost."""
    if overwrite:
        os.replace(temporary, path)
        return
    try:
        os.link(temporary, path)  # which, unlike replace, fails where the name is taken
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if os.path.lexists(path):
            raise _taken(path) from None
        os.replace(temporary, path)
