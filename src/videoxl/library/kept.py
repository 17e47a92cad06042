"""What a .vxl folder says of itself, written down in the catalogue."""

import sqlite3
from typing import Any

from videoxl.library.entries import update_entry
from videoxl.library.intervals import intervals_of, keep_just
from videoxl.memory import Inspection


def kept_columns(kept: Inspection) -> dict[str, Any]:
    """Columns of an entry that follow from its memory."""
    summary = kept.summary()
    return {
        "duration_seconds": sum(source.duration_seconds for source in kept.manifest.about.sources),
        "num_bytes": kept.disk_bytes,
        "num_rows": summary.num_rows,
        "num_intervals": summary.num_intervals,
        "num_frames": summary.num_frames,
        "ratio": summary.compression_ratio,
    }


def write_kept(connection: sqlite3.Connection, entry_id: str, kept: Inspection) -> None:
    """Write the columns and the intervals of a memory that is whole."""
    update_entry(connection, entry_id, **kept_columns(kept))
    keep_just(connection, entry_id, intervals_of(kept.manifest))
