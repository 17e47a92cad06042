"""What was removed and must still come or stay, because a video in the queue goes on behind it.

A memory that is appended to is read when the appending begins, which may be hours after it was promised. Removing the
base hides it from everybody at once; its files stay, and where it waits to be watched itself, so does its job, until
the last video behind it is watched, has failed, or was removed, too. Bases of bases likewise.
"""

import sqlite3

from videoxl.library.entries import find_entry, find_hidden
from videoxl.library.entry import Entry

NEEDED = """
    WITH RECURSIVE needed (id) AS (
        SELECT e.base_id FROM job j JOIN entry e ON e.id = j.entry_id
        WHERE e.removed_at IS NULL AND e.base_id IS NOT NULL
        UNION
        SELECT e.base_id FROM needed n JOIN entry e ON e.id = n.id JOIN job j ON j.entry_id = e.id
        WHERE e.base_id IS NOT NULL
    )
"""
"""Begins a query that may then ask for `id IN (SELECT id FROM needed)`."""


def is_needed(connection: sqlite3.Connection, entry_id: str) -> bool:
    """Whether a video that waits, or is being watched, goes on behind this entry."""
    return connection.execute(f"{NEEDED} SELECT 1 FROM needed WHERE id = ?", (entry_id,)).fetchone() is not None


def unneeded(connection: sqlite3.Connection) -> list[str]:
    """Ids of what was removed and is still there, and that nothing goes on behind any more."""
    rows = connection.execute(
        f"{NEEDED} SELECT id FROM entry WHERE removed_at IS NOT NULL AND id NOT IN (SELECT id FROM needed)"
    )
    return [row["id"] for row in rows]


def find_needed(connection: sqlite3.Connection, entry_id: str, *, now: float) -> Entry:
    """The entry of a whole id, also of one that was removed and is still needed: for workers, nobody else sees it."""
    hidden = find_hidden(connection, entry_id, now=now)
    if hidden is None or not is_needed(connection, entry_id):
        return find_entry(connection, entry_id, now=now)
    return hidden
