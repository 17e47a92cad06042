"""Whether the shards that a manifest names are there and whole, found out without loading a row."""

import hashlib
from pathlib import Path

from videoxl.errors import MemoryFormatError
from videoxl.memory.folder import REBUILD, file_bytes, readable
from videoxl.memory.manifest import Manifest, ShardEntry


def check_sizes(folder: Path, manifest: Manifest) -> None:
    """Refuse shards that are missing, cut short, or too small for their rows.

    Once this has passed, the rows that a manifest promises are no more than the disk really holds.
    """
    for shard in manifest.shards:
        path = folder / shard.name
        found = file_bytes(path)
        if found != shard.num_bytes:
            raise MemoryFormatError(f"{path} has {found} bytes and should have {shard.num_bytes}. {REBUILD}")
        if manifest.geometry is None or shard.num_bytes < shard.num_rows * manifest.geometry.row_bytes:
            raise MemoryFormatError(f"{path} is too small for the {shard.num_rows} rows it should hold. {REBUILD}")


def check_hash(folder: Path, shard: ShardEntry) -> None:
    """Refuse a shard of which a byte has changed."""
    path = folder / shard.name
    with readable(path), path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != shard.sha256:
        raise MemoryFormatError(
            f"{path} is damaged: its sha256 is {found[:12]} and should be {shard.sha256[:12]}. {REBUILD}"
        )
