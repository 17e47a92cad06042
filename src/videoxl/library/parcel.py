"""A memory as one file, NAME.vxlz: an uncompressed zip of its folder, its thumbnails and what searching compares.

    parcel.json          format, version, title, and the size and digest of every other file
    memory/...           the .vxl folder
    thumbnails/N.jpg     one an interval
    vectors.bin          the vectors of all intervals in order, equally long

The bytes depend on the memory, its thumbnails and its title alone. `parcel_reader` is the way back.
"""

import hashlib
import json
import logging
import os
import re
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from videoxl.errors import UsageError
from videoxl.library.adoption import check_complete, memory_files
from videoxl.library.entry import Entry
from videoxl.memory import inspect
from videoxl.memory.folder import TEMPORARY_SUFFIX, readable, writable

logger = logging.getLogger(__name__)

SUFFIX = ".vxlz"
FORMAT = "videoxl-parcel"
VERSION = 1
INDEX_NAME = "parcel.json"
VECTORS_NAME = "vectors.bin"
MOST_VECTORS_BYTES = 256 << 20  # more are left out, and that memory is then not found by what it shows
THUMBNAIL = re.compile(r"\d{1,6}\.jpg")
CHUNK_BYTES = 1 << 20
BIRTH_OF_ZIP = (1980, 1, 1, 0, 0, 0)  # the same content gives the same bytes


def write_parcel(
    entry: Entry, memory: Path, thumbnails: Path, vectors: list[bytes], path: Path, *, overwrite: bool
) -> Path:
    """Write the file at one moment; one that is there is refused unless `overwrite`."""
    check_complete(inspect(memory), memory)
    target = path if path.suffix == SUFFIX else path.with_name(path.name + SUFFIX)
    if target.exists() and not overwrite:
        raise UsageError(f"{target} is there already. Give another name, or say that it may be replaced.")
    temporary = target.with_name(target.name + TEMPORARY_SUFFIX)
    with writable(target, num_bytes=entry.num_bytes):
        try:
            with zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
                _write(archive, entry, memory, thumbnails, vectors)
            os.replace(temporary, target)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
    return target


def _write(archive: zipfile.ZipFile, entry: Entry, memory: Path, thumbnails: Path, vectors: list[bytes]) -> None:
    files = {f"memory/{name}": _add(archive, f"memory/{name}", memory / name) for name in memory_files(memory)}
    for path in _thumbnails(thumbnails):
        files[f"thumbnails/{path.name}"] = _add(archive, f"thumbnails/{path.name}", path)
    if sum(map(len, vectors)) > MOST_VECTORS_BYTES:
        logger.warning("%s: its vectors are too many for one file; a search will not find what it shows", entry.title)
        vectors = []
    if vectors:
        content = b"".join(vectors)
        files[VECTORS_NAME] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        archive.writestr(_info(VECTORS_NAME), content)
    index = {"format": FORMAT, "version": VERSION, "title": entry.title, "num_vectors": len(vectors), "files": files}
    archive.writestr(_info(INDEX_NAME), json.dumps(index, sort_keys=True))


def _add(archive: zipfile.ZipFile, name: str, path: Path) -> dict[str, int | str]:
    """Copy one file in; its size and digest."""
    digest, num_bytes = hashlib.sha256(), 0
    with readable(path), archive.open(_info(name), "w", force_zip64=True) as target:
        for chunk in _chunks(path):
            target.write(chunk)
            digest.update(chunk)
            num_bytes += len(chunk)
    return {"bytes": num_bytes, "sha256": digest.hexdigest()}


def _thumbnails(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if THUMBNAIL.fullmatch(path.name) and path.is_file())


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, BIRTH_OF_ZIP)
    info.external_attr = 0o600 << 16
    return info
