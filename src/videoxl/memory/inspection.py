"""What a .vxl folder holds, told without loading its rows (and without importing torch)."""

from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from videoxl.memory.folder import MANIFEST_NAME, file_bytes
from videoxl.memory.integrity import check_hash, check_sizes
from videoxl.memory.manifest import VERSION, Manifest
from videoxl.memory.manifest_reader import read_manifest
from videoxl.memory.summary import MemorySummary


@dataclass(frozen=True, slots=True)
class Inspection:
    """A .vxl folder whose shards are all there, at their full size."""

    path: Path
    manifest: Manifest
    """About, segments, geometry of rows, shards, and whether the memory is complete."""
    disk_bytes: int
    """Bytes of the manifest and the shards it names."""
    format_version: int = VERSION

    def summary(self) -> MemorySummary:
        """What was kept of what, in counts and bytes."""
        return self.manifest.summary()


def inspect(path: str | PathLike[str], *, verify: bool = False) -> Inspection:
    """Read the manifest and look at the shards' sizes; with `verify`, read them through for a changed byte."""
    folder = Path(path)
    manifest = read_manifest(folder)
    check_sizes(folder, manifest)
    for shard in manifest.shards if verify else ():
        check_hash(folder, shard)
    disk_bytes = file_bytes(folder / MANIFEST_NAME) + sum(shard.num_bytes for shard in manifest.shards)
    return Inspection(folder, manifest, disk_bytes)
