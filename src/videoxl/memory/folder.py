"""The files of a .vxl folder: which names are ours, and writing each whole or not at all."""

import errno
import os
import re
import shutil
import stat
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from videoxl.errors import CapacityError, MemoryFormatError, UsageError

MANIFEST_NAME = "manifest.json"
LOCK_NAME = "writer.lock"
TEMPORARY_SUFFIX = ".part"
REBUILD = "Copy the memory again from where it came, or rebuild it with `videoxl watch --overwrite`."

_SHARD_NAME = re.compile(r"rows-\d{8,16}-\d{8,16}-[0-9a-f]{16}\.safetensors")
_DISK_IS_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


def is_shard_name(name: str) -> bool:
    """Whether a file of this name can be a shard; anything with a folder in it cannot."""
    return _SHARD_NAME.fullmatch(name) is not None


def is_disk_full(error: OSError) -> bool:
    """Whether it says that there is no room left."""
    return error.errno in _DISK_IS_FULL


def is_ours(name: str) -> bool:
    """Whether this package writes files of this name into a .vxl folder."""
    name = name.removesuffix(TEMPORARY_SUFFIX)
    return name in (MANIFEST_NAME, LOCK_NAME) or is_shard_name(name)


def write_whole(path: Path, data: bytes) -> None:
    """Put `data` at `path` so that any reader, at any moment and after any crash, finds all of it or what was there."""
    temporary = path.with_name(path.name + TEMPORARY_SUFFIX)
    with writable(path, num_bytes=len(data)):
        try:
            remove(temporary)
            _write(temporary, data)
            os.replace(temporary, path)
            _sync_folder(path.parent)
        except BaseException:
            with suppress(OSError):
                remove(temporary)
            raise


def remove(path: Path) -> None:
    """Remove a file that may be gone already."""
    with suppress(FileNotFoundError):
        os.unlink(path)


def remove_strays(folder: Path, *, keep: Collection[str]) -> None:
    """Remove what interrupted or superseded writing left: temporary files, and shards that are not in `keep`."""
    for name in os.listdir(folder):
        if is_ours(name) and (name.endswith(TEMPORARY_SUFFIX) or (is_shard_name(name) and name not in keep)):
            with writable(folder / name):
                remove(folder / name)


def prepare_folder(folder: Path, *, overwrite: bool) -> bool:
    """Make the folder, or accept one that a memory may be written into; True where it holds a memory to replace."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file, and a memory is a folder. Give another name.")
    with writable(folder):
        folder.mkdir(parents=True, exist_ok=True)
        others = [name for name in sorted(os.listdir(folder)) if not (is_ours(name) or name.startswith("."))]
    holds_memory = (folder / MANIFEST_NAME).exists()
    if holds_memory and not _is_manifest(folder / MANIFEST_NAME):
        raise UsageError(f"{folder} holds a {MANIFEST_NAME} that is not of a memory. Give another name.")
    if others and not holds_memory:
        raise UsageError(f"{folder} holds other files ({others[0]}) and no memory. Give the name of a new folder.")
    if holds_memory and not overwrite:
        raise UsageError(
            f"{folder} already holds a memory. Give another name, resume it, or say that it may be replaced."
        )
    return holds_memory


def read_file(path: Path, *, most_bytes: int) -> bytes:
    """The content of a regular file; a pipe, a device or an endless file of a stranger cannot hold us up."""
    with readable(path):
        num_bytes = file_bytes(path)
        if num_bytes > most_bytes:
            raise MemoryFormatError(
                f"{path} has {num_bytes} bytes, more than the {most_bytes} of any memory. {REBUILD}"
            )
        return path.read_bytes()


def file_bytes(path: Path) -> int:
    """Size of a regular file."""
    with readable(path):
        status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise MemoryFormatError(f"{path} is not a regular file. {REBUILD}")
    return status.st_size


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn what the operating system says about reading `path` into a sentence."""
    try:
        yield
    except FileNotFoundError:
        raise MemoryFormatError(f"{path} is missing. {REBUILD}") from None
    except OSError as error:
        raise MemoryFormatError(
            f"{path} cannot be read ({error.strerror or error}). Check that you may read it."
        ) from error


@contextmanager
def writable(path: Path, *, num_bytes: int = 0) -> Iterator[None]:
    """Turn what the operating system says about writing `path` into a sentence."""
    try:
        yield
    except OSError as error:
        if is_disk_full(error):
            free = shutil.disk_usage(path.parent).free
            raise CapacityError(
                f"the disk is full: {path} needs {num_bytes} bytes and {free} are free. "
                f"Free some space and run the same command again; what was saved before is kept."
            ) from error
        raise UsageError(
            f"{path} cannot be written ({error.strerror or error}). Give a folder you may write to."
        ) from error


def _write(path: Path, data: bytes) -> None:
    # O_EXCL: a link that a stranger left under this name is not followed.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    """Make the new name last; Windows does so by itself."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_manifest(path: Path) -> bool:
    """Whether the file was one of ours, damaged or not; only such a file is ever replaced."""
    return stat.S_ISREG(path.stat().st_mode) and b'"videoxl-memory"' in path.read_bytes()
