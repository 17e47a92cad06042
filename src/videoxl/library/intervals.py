"""Intervals of memories in the catalogue: their times, how densely they are kept, and what searching compares.

They are written one by one while a video is watched, so that any process can tell how far it is and what is kept.
"""

import sqlite3
from collections.abc import Sequence

from videoxl.library.entry import KeptInterval
from videoxl.memory.manifest import Manifest

_KEEP = """
    INSERT INTO interval (entry_id, number, start_seconds, stop_seconds, num_rows, num_tokens, ratio, source, vectors)
    VALUES (:entry_id, :number, :start_seconds, :stop_seconds, :num_rows, :num_tokens, :ratio, :source, :vectors)
    ON CONFLICT (entry_id, number) DO UPDATE SET
        start_seconds = :start_seconds, stop_seconds = :stop_seconds, num_rows = :num_rows, num_tokens = :num_tokens,
        ratio = :ratio, source = :source, vectors = coalesce(:vectors, vectors)
"""


def intervals_of(manifest: Manifest) -> list[KeptInterval]:
    """The intervals that a memory says it keeps."""
    segments = [segment for segment in manifest.segments if segment.kind == "interval"]
    return [
        KeptInterval(
            index=index,
            start_seconds=segment.start_seconds,
            stop_seconds=segment.stop_seconds,
            num_rows=segment.num_rows,
            num_tokens=segment.num_frames * manifest.about.tokens_per_frame,
            ratio=segment.ratio,
            source=segment.source,
        )
        for index, segment in enumerate(segments)
    ]


def keep_interval(connection: sqlite3.Connection, entry_id: str, interval: KeptInterval, vectors: bytes | None) -> None:
    """Write one interval; without vectors, those that are there already stay."""
    values = {
        "entry_id": entry_id, "number": interval.index, "start_seconds": interval.start_seconds,
        "stop_seconds": interval.stop_seconds, "num_rows": interval.num_rows, "num_tokens": interval.num_tokens,
        "ratio": interval.ratio, "source": interval.source, "vectors": vectors,
    }  # fmt: skip
    connection.execute(_KEEP, values)


def keep_just(connection: sqlite3.Connection, entry_id: str, intervals: list[KeptInterval]) -> None:
    """Write all intervals of a memory that is whole, and forget others."""
    for interval in intervals:
        keep_interval(connection, entry_id, interval, None)
    connection.execute("DELETE FROM interval WHERE entry_id = ? AND number >= ?", (entry_id, len(intervals)))


def copy_intervals(connection: sqlite3.Connection, from_id: str, to_id: str) -> None:
    """Give an entry the intervals of the memory that it goes on behind; those that it has behind them stay."""
    connection.execute(
        """
        INSERT OR REPLACE INTO interval
        SELECT ?, number, start_seconds, stop_seconds, num_rows, num_tokens, ratio, source, vectors
        FROM interval WHERE entry_id = ?
        """,
        (to_id, from_id),
    )


def read_intervals(connection: sqlite3.Connection, entry_id: str) -> list[KeptInterval]:
    """The intervals of an entry, in order."""
    rows = connection.execute("SELECT * FROM interval WHERE entry_id = ? ORDER BY number", (entry_id,))
    return [
        KeptInterval(
            index=row["number"],
            start_seconds=row["start_seconds"],
            stop_seconds=row["stop_seconds"],
            num_rows=row["num_rows"],
            num_tokens=row["num_tokens"],
            ratio=row["ratio"],
            source=row["source"],
        )
        for row in rows
    ]


def read_vectors(connection: sqlite3.Connection, entry_id: str) -> list[bytes]:
    """The vectors of all intervals of an entry, equally long; none at all where one has none."""
    rows = connection.execute("SELECT vectors FROM interval WHERE entry_id = ? ORDER BY number", (entry_id,))
    vectors = [row["vectors"] or b"" for row in rows]
    return vectors if len({len(vector) for vector in vectors}) == 1 and all(vectors) else []


def write_vectors(connection: sqlite3.Connection, entry_id: str, vectors: Sequence[bytes]) -> None:
    """Give the intervals of an entry their vectors, one each; another number of them is of another memory."""
    [num_intervals] = connection.execute("SELECT count(*) FROM interval WHERE entry_id = ?", (entry_id,)).fetchone()
    if len(vectors) == num_intervals:
        connection.executemany(
            "UPDATE interval SET vectors = ? WHERE entry_id = ? AND number = ?",
            [(vector, entry_id, number) for number, vector in enumerate(vectors)],
        )
