"""A memory as a .vxl folder, and back.

The folder holds `manifest.json` and shards of rows. Its bytes depend on what is remembered alone: `save` makes the same
files as a `MemoryWriter` that was fed the same segments, interrupted or not.
"""

import os
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from os import PathLike
from pathlib import Path

import torch

from videoxl.errors import CapacityError, MemoryFormatError, VideoXLError
from videoxl.memory.folder import MANIFEST_NAME, remove_strays, write_whole
from videoxl.memory.integrity import check_hash, check_sizes
from videoxl.memory.lock import take_folder
from videoxl.memory.manifest import SHARD_ROWS, Manifest, ShardEntry, shard_stops
from videoxl.memory.manifest_reader import read_manifest
from videoxl.memory.memory import CompressedMemory
from videoxl.memory.shard import encode_shard, geometry_of, open_shard


def save(
    memory: CompressedMemory, path: str | PathLike[str], *, overwrite: bool = False, shard_rows: int = SHARD_ROWS
) -> None:
    """Write a whole memory as the folder `path`.

    A memory that is there already is refused unless `overwrite`; it is then replaced at one moment, when the manifest
    is, and stays whole if anything fails before.
    """
    folder = Path(path)
    lock, _ = take_folder(folder, overwrite=overwrite)
    try:
        files_before = os.listdir(folder)
        content = b""
        try:
            shards = _write_shards(memory, folder, shard_rows)
            geometry = geometry_of(memory.keys) if memory.segments else None
            content = Manifest(memory.about, memory.segments, geometry, shards, shard_rows, is_complete=True).to_bytes()
            write_whole(folder / MANIFEST_NAME, content)
        except BaseException:
            _undo(folder, content, files_before)
            raise
        remove_strays(folder, keep={shard.name for shard in shards})
    finally:
        lock.release()


def open_memory(
    path: str | PathLike[str], *, device: torch.device | str = "cpu", verify: bool = True
) -> CompressedMemory:
    """The memory that a .vxl folder holds; of an interrupted run, what was saved.

    Every shard is read through for a changed byte first, unless `verify` is off. A folder that is being written may be
    opened: its state at one moment is what you get.
    """
    folder = Path(path)
    manifest = read_manifest(folder)
    while True:
        try:
            return load_rows(folder, manifest, device=device, verify=verify)
        except MemoryFormatError:
            # A writer that goes on removes the shard it has superseded, after naming the new one.
            newer = read_manifest(folder)
            if newer == manifest:
                raise
            manifest = newer


def load_rows(
    folder: Path, manifest: Manifest, *, device: torch.device | str = "cpu", verify: bool = True
) -> CompressedMemory:
    """The memory that `manifest` describes, its rows read into buffers of just their size."""
    check_sizes(folder, manifest)
    memory = CompressedMemory(manifest.about, device=device)
    memory.reserve(manifest.num_rows)
    segments = iter(manifest.segments)
    for shard in manifest.shards:
        assert manifest.geometry is not None, "a manifest with shards says the shape of rows"
        if verify:
            check_hash(folder, shard)
        with open_shard(folder, shard, manifest.geometry) as (keys_LKNE, values_LKNE), _enough_memory(manifest):
            keys_LKNE, values_LKNE = keys_LKNE.to(device), values_LKNE.to(device)
            row = 0
            while row < shard.num_rows:
                segment = next(segments)
                rows = slice(row, row + segment.num_rows)
                memory.append(segment, keys_LKNE[:, :, rows], values_LKNE[:, :, rows])
                row += segment.num_rows
    return memory


@contextmanager
def _enough_memory(manifest: Manifest) -> Iterator[None]:
    """Turn a failed allocation, on whatever device, into a sentence."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not re.search("out of memory|allocate memory", str(error)):
            raise
        raise CapacityError(
            f"this memory needs {manifest.nbytes} bytes for its {manifest.num_rows} rows, and they cannot be had. "
            f"Open it on a device with more memory, or watch the video with a higher ratio."
        ) from error


def _write_shards(memory: CompressedMemory, folder: Path, shard_rows: int) -> tuple[ShardEntry, ...]:
    shards, first = [], 0
    for stop in shard_stops(memory.segments, shard_rows):
        shard, data = encode_shard(first, memory.keys[:, :, first:stop], memory.values[:, :, first:stop])
        write_whole(folder / shard.name, data)
        shards.append(shard)
        first = stop
    return tuple(shards)


def _undo(folder: Path, content: bytes, files_before: Collection[str]) -> None:
    """Remove what a failed save has written, unless its manifest stands already."""
    with suppress(OSError, VideoXLError):
        manifest = folder / MANIFEST_NAME
        if not manifest.exists() or manifest.read_bytes() != content:
            remove_strays(folder, keep=files_before)
