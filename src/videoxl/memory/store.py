"""A memory as a .vxl folder, and back.

The folder holds `manifest.json` and shards of rows. Its bytes depend on what is remembered alone: `save` makes the same
files as a `MemoryWriter` that was fed the same segments, interrupted or not.
"""

from contextlib import suppress
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import torch

from videoxl.errors import CapacityError, MemoryFormatError
from videoxl.memory.folder import MANIFEST_NAME, prepare_folder, remove_strays, write_whole
from videoxl.memory.lock import FolderLock
from videoxl.memory.manifest import SHARD_ROWS, Manifest, shard_stops
from videoxl.memory.manifest_reader import read_manifest
from videoxl.memory.memory import CompressedMemory
from videoxl.memory.shard import check_hash, check_size, encode_shard, geometry_of, open_shard


def save(
    memory: CompressedMemory, path: str | PathLike[str], *, overwrite: bool = False, shard_rows: int = SHARD_ROWS
) -> None:
    """Write a whole memory as the folder `path`.

    A memory that is there already is refused unless `overwrite`; it is then replaced at one moment, the replacing of
    the manifest, and stays whole if anything fails before.
    """
    folder = Path(path)
    prepare_folder(folder, overwrite=overwrite)
    lock = FolderLock(folder)
