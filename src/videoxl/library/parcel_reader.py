"""A NAME.vxlz from anybody, unpacked into a folder of its own, or refused before it can do harm.

Only names that we write ourselves are taken, each once, stored as they are: nothing can unpack to more bytes than the
file has, and nothing lands outside. Every digest is checked, pictures are drawn anew, and the memory is then read with
the distrust that any .vxl folder meets.
"""

import hashlib
import io
import json
import os
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from videoxl.errors import MemoryFormatError
from videoxl.library.folder import LibraryFolder, remove_tree
from videoxl.library.label import plain_label
from videoxl.library.parcel import CHUNK_BYTES, FORMAT, INDEX_NAME, MOST_VECTORS_BYTES, THUMBNAIL, VECTORS_NAME, VERSION
from videoxl.library.picture import MOST_BYTES as MOST_THUMBNAIL_BYTES
from videoxl.library.picture import drawn_anew
from videoxl.memory import inspect, plain
from videoxl.memory.folder import MANIFEST_NAME, file_bytes, is_shard_name, readable, writable

MOST_DIRECTORY_BYTES = 8 << 20  # of the zip's table of contents: a hundred hours of thumbnails take 4 MB
MOST_INDEX_BYTES = 16 << 20
MOST_MANIFEST_BYTES = 64 << 20  # three hundred hours of intervals
MOST_INTERVALS = 1 << 17
EXPORT_AGAIN = "Export it again with `videoxl library export`, or copy it again."

_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Parcel:
    """What was in the file, checked as far as it can be without reading the memory."""

    memory: Path
    thumbnails: Path | None
    vectors: tuple[bytes, ...]
    title: str


@contextmanager
def unpacked(path: Path, folder: LibraryFolder) -> Iterator[Parcel]:
    """The content of the file, in a folder that is removed when the block ends; move out of it what shall stay."""
    total = file_bytes(path)
    incoming = folder.new_incoming()
    try:
        with _faults_of(path), path.open("rb") as file, zipfile.ZipFile(_Bounded(file, total)) as archive:
            members = _members(archive, total)
            index = _index(archive, members)
            parcel = _unpack(archive, members, index, incoming)
            _check_intervals(parcel.memory)
        yield parcel
    finally:
        remove_tree(incoming)


class _Bounded(io.BufferedIOBase):
    """A file from which nobody can read very much at once: a table of contents of gigabytes is refused, not read."""

    def __init__(self, file: io.BufferedReader, total: int) -> None:
        self._file, self._total = file, total

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            size = max(0, self._total - self._file.tell())
        if size > MOST_DIRECTORY_BYTES:
            raise ValueError(f"its table of contents is larger than {MOST_DIRECTORY_BYTES} bytes")
        return self._file.read(size)

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True


@contextmanager
def _faults_of(path: Path) -> Iterator[None]:
    """Turn whatever is wrong with the file into one sentence."""
    try:
        with readable(path):
            yield
    except (ValueError, KeyError, RecursionError, zipfile.BadZipFile, NotImplementedError, EOFError) as fault:
        raise MemoryFormatError(
            f"{path} is no memory that can be taken in: {str(fault)[:200]}. {EXPORT_AGAIN}"
        ) from fault


def _members(archive: zipfile.ZipFile, total: int) -> dict[str, zipfile.ZipInfo]:
    """The files of the zip by name; anything that we would not have written is refused."""
    members: dict[str, zipfile.ZipInfo] = {}
    num_bytes = 0
    for info in archive.infolist():
        name = info.filename
        if not _is_ours(name):
            raise ValueError(f"it holds a file named {name[:80]!r}")
        if name in members:
            raise ValueError(f"it holds {name} twice")
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1 or info.compress_size != info.file_size:
            raise ValueError(f"{name} is compressed or encrypted")
        num_bytes += info.file_size
        members[name] = info
    if num_bytes > total:
        raise ValueError(f"its files have {num_bytes} bytes, and it has {total} itself")
    return members


def _is_ours(name: str) -> bool:
    folder, _, rest = name.partition("/")
    if folder == "memory":
        return rest == MANIFEST_NAME or is_shard_name(rest)
    if folder == "thumbnails":
        return THUMBNAIL.fullmatch(rest) is not None
    return name in (INDEX_NAME, VECTORS_NAME)


def _index(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo]) -> dict[str, Any]:
    if INDEX_NAME not in members:
        raise ValueError(f"it has no {INDEX_NAME}")
    content = b"".join(_chunks(archive, members[INDEX_NAME], most_bytes=MOST_INDEX_BYTES))
    index = plain.mapping(json.loads(content), INDEX_NAME)
    if index.get("format") != FORMAT:
        raise ValueError(f"format should be {FORMAT}, got {str(index.get('format'))[:40]}")
    if (version := plain.count(index.get("version"), "version")) != VERSION:
        raise ValueError(f"it has format {version} and this videoxl reads {VERSION}; upgrade videoxl")
    index = plain.record(index, INDEX_NAME, ("format", "version", "title", "num_vectors", "files"))
    files = plain.mapping(index["files"], "files")
    if set(files) != set(members) - {INDEX_NAME}:
        raise ValueError(f"the files are not those that {INDEX_NAME} names")
    for name, said in files.items():
        said = plain.record(said, name, ("bytes", "sha256"))
        if plain.count(said["bytes"], "bytes") != members[name].file_size:
            raise ValueError(f"{name} has {members[name].file_size} bytes and should have {said['bytes']}")
        if not _DIGEST.fullmatch(plain.text(said["sha256"], "sha256")):
            raise ValueError(f"the digest of {name} is none")
    return index


def _unpack(
    archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], index: dict[str, Any], incoming: Path
) -> Parcel:
    memory, thumbnails = incoming / "memory.vxl", incoming / "thumbnails"
    memory.mkdir()
    thumbnails.mkdir()
    vectors: tuple[bytes, ...] = ()
    for name, said in index["files"].items():
        folder, _, rest = name.partition("/")
        if folder == "memory":
            most = MOST_MANIFEST_BYTES if rest == MANIFEST_NAME else said["bytes"]
            _copy(_chunks(archive, members[name], most_bytes=most), memory / rest, said)
        elif folder == "thumbnails":
            picture = b"".join(_chunks(archive, members[name], most_bytes=MOST_THUMBNAIL_BYTES))
            _check_digest(name, hashlib.sha256(picture).hexdigest(), said)
            with writable(thumbnails / rest, num_bytes=len(picture)):
                (thumbnails / rest).write_bytes(drawn_anew(picture))
        else:
            vectors = _vectors(archive, members[name], index["num_vectors"], said)
    title = plain_label(plain.text(index["title"], "title"), otherwise="memory")
    return Parcel(memory, thumbnails if any(thumbnails.iterdir()) else None, vectors, title)


def _check_intervals(memory: Path) -> None:
    """Refuse what would keep the catalogue busy for long, however small its rows are."""
    number = inspect(memory).summary().num_intervals
    if number > MOST_INTERVALS:
        raise ValueError(f"its memory has {number} intervals, more than {MOST_INTERVALS}")


def _copy(chunks: Iterator[bytes], path: Path, said: dict[str, Any]) -> None:
    digest = hashlib.sha256()
    with writable(path, num_bytes=said["bytes"]), path.open("xb") as file:
        for chunk in chunks:
            file.write(chunk)
            digest.update(chunk)
        file.flush()
        os.fsync(file.fileno())
    _check_digest(path.name, digest.hexdigest(), said)


def _vectors(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, num_vectors: object, said: dict[str, Any]
) -> tuple[bytes, ...]:
    number = plain.count(num_vectors, "num_vectors", least=1)
    content = b"".join(_chunks(archive, info, most_bytes=MOST_VECTORS_BYTES))
    _check_digest(VECTORS_NAME, hashlib.sha256(content).hexdigest(), said)
    size, rest = divmod(len(content), number)
    if number > MOST_INTERVALS:
        raise ValueError(f"it has {number} vectors, more than {MOST_INTERVALS}")
    if rest or not size:
        raise ValueError(f"{VECTORS_NAME} has {len(content)} bytes for {number} vectors")
    return tuple(content[start : start + size] for start in range(0, len(content), size))


def _chunks(archive: zipfile.ZipFile, info: zipfile.ZipInfo, *, most_bytes: int) -> Iterator[bytes]:
    """The content of one file of the zip, never more of it than was announced."""
    if info.file_size > most_bytes:
        raise ValueError(f"{info.filename} has {info.file_size} bytes, more than the {most_bytes} of any memory")
    num_left = info.file_size
    with archive.open(info) as file:
        while num_left and (chunk := file.read(min(CHUNK_BYTES, num_left))):
            num_left -= len(chunk)
            yield chunk
    if num_left:
        raise ValueError(f"{info.filename} is cut short")


def _check_digest(name: str, found: str, said: dict[str, Any]) -> None:
    if found != said["sha256"]:
        raise ValueError(f"{name} is damaged: its sha256 is {found[:12]} and should be {said['sha256'][:12]}")
