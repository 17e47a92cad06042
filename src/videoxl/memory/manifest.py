"""The manifest of a .vxl folder: everything but the rows, as canonical JSON.

Its bytes depend on what is remembered and on nothing else: keys are sorted, floats are the shortest that read back the
same, and no time, place or process is named. `manifest_reader` is the way back.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any

from videoxl.memory.about import MemoryAbout
from videoxl.memory.segment import Segment
from videoxl.memory.summary import MemorySummary, summarise

FORMAT = "videoxl-memory"
VERSION = 1
SHARD_ROWS = 1024  # about 60 MB for a 7B model; at most this much work is lost to a kill
ELEMENT_BYTES = {"bfloat16": 2, "float16": 2, "float32": 4, "float64": 8}


@dataclass(frozen=True, slots=True)
class RowGeometry:
    """The shape that all rows share."""

    dtype: str
    num_layers: int
    num_key_value_heads: int
    head_dim: int

    @property
    def row_bytes(self) -> int:
        """Bytes of one row, key and value, over all layers."""
        return 2 * self.num_layers * self.num_key_value_heads * self.head_dim * ELEMENT_BYTES[self.dtype]


@dataclass(frozen=True, slots=True)
class ShardEntry:
    """One file of rows, as the manifest knows it. The name holds the content's hash, so one name has one content."""

    first_row: int
    num_rows: int
    num_bytes: int
    sha256: str

    @property
    def stop_row(self) -> int:
        return self.first_row + self.num_rows

    @property
    def name(self) -> str:
        return f"rows-{self.first_row:08d}-{self.stop_row:08d}-{self.sha256[:16]}.safetensors"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a .vxl folder says about itself. Parts that do not fit each other raise ValueError, as in `Segment`."""

    about: MemoryAbout
    segments: tuple[Segment, ...] = ()
    geometry: RowGeometry | None = None
    """None while no row was kept."""
    shards: tuple[ShardEntry, ...] = ()
    shard_rows: int = SHARD_ROWS
    is_complete: bool = False
    """False for a run that was interrupted and may be resumed."""

    def __post_init__(self) -> None:
        sources = {segment.source for segment in self.segments}
        if self.about.sources and max(sources, default=0) >= len(self.about.sources):
            raise ValueError(f"a segment is of source {max(sources)}, and there are {len(self.about.sources)}")
        if (self.geometry is None) == bool(self.segments):
            raise ValueError(f"rows have a shape if and only if there are segments, got {len(self.segments)} segments")
        stops = shard_stops(self.segments, self.shard_rows)
        if [(shard.first_row, shard.stop_row) for shard in self.shards] != list(zip([0, *stops], stops, strict=False)):
            raise ValueError(f"the segments have {self.num_rows} rows, and the shards do not hold just these")

    @property
    def num_rows(self) -> int:
        return sum(segment.num_rows for segment in self.segments)

    @property
    def nbytes(self) -> int:
        """Bytes of the kept rows."""
        return self.num_rows * self.geometry.row_bytes if self.geometry else 0

    def summary(self) -> MemorySummary:
        """What was kept of what, in counts and bytes."""
        return summarise(self.about, self.segments, num_bytes=self.nbytes)

    def to_bytes(self) -> bytes:
        """The content of manifest.json, with a hash over itself."""
        document = {
            "format": FORMAT,
            "version": VERSION,
            "about": asdict(self.about),
            "complete": self.is_complete,
            "rows": asdict(self.geometry) if self.geometry else None,
            "segments": [_segment_fields(segment) for segment in self.segments],
            "shard_rows": self.shard_rows,
            "shards": [asdict(shard) | {"name": shard.name} for shard in self.shards],
        }
        return canonical(document | {"sha256": self_hash(document)}) + b"\n"


def shard_stops(segments: Sequence[Segment], shard_rows: int) -> list[int]:
    """The row after each shard: the first end of a segment at which it has `shard_rows` rows, and the last of all.

    So the cut depends on what is remembered, never on when a run was interrupted.
    """
    stops, first, row = [], 0, 0
    for segment in segments:
        row += segment.num_rows
        if row - first >= shard_rows:
            stops.append(row)
            first = row
    return stops if row == first else [*stops, row]


def canonical(document: dict[str, Any]) -> bytes:
    """The one way to write this JSON object; ValueError where it holds NaN or infinity."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def self_hash(document: dict[str, Any]) -> str:
    """The hash that a manifest carries over all its other fields."""
    return hashlib.sha256(canonical(document)).hexdigest()


def _segment_fields(segment: Segment) -> dict[str, Any]:
    """A segment without the fields that are as by default, its numbers as Python's own."""
    given: dict[str, Any] = {"kind": segment.kind}
    for field in fields(segment)[1:]:
        value = getattr(segment, field.name)
        if field.default is MISSING or value != field.default:
            if isinstance(value, tuple):
                given[field.name] = [int(item) if field.name == "token_ids" else float(item) for item in value]
            else:
                given[field.name] = float(value) if field.name.endswith("_seconds") else int(value)
    return given
