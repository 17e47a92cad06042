"""Rows of the catalogue as entries, and back. Whether somebody watches an entry follows from the lease on its job.

So nothing has to be put right after a worker was killed: when the lease runs out, the entry is queued again.
"""

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from videoxl.errors import EntryNotFoundError, LibraryError, UsageError
from videoxl.library.address import ID_CHARACTERS, LEAST_CHARACTERS, is_prefix
from videoxl.library.entry import STATES, Entry, State
from videoxl.library.settings import WatchSettings

_SELECT_ALL = """
    SELECT e.*,
           CASE WHEN e.state = 'queued' AND j.worker != '' AND j.lease_until > :now THEN 'watching' ELSE e.state END
               AS shown_state,
           (SELECT count(*) FROM question q WHERE q.entry_id = e.id) AS num_questions
    FROM entry e LEFT JOIN job j ON j.entry_id = e.id
"""
_SELECT = f"{_SELECT_ALL} WHERE e.removed_at IS NULL"
_AS_THEY_ARE = (
    "id", "title", "source_sha256", "source_name", "source_path", "duration_seconds", "model_name",
    "model_fingerprint", "base_id", "ratio", "num_bytes", "num_rows", "num_intervals", "num_frames", "why",
    "created_at", "watched_at", "asked_at", "num_questions",
)  # fmt: skip


def find_entry(connection: sqlite3.Connection, id_or_prefix: str, *, now: float) -> Entry:
    """The one entry whose id is, or begins with, the given digits."""
    if not is_prefix(id_or_prefix):
        raise EntryNotFoundError(
            f"{id_or_prefix[:60]!r} is no id of a memory, expected {LEAST_CHARACTERS} to {ID_CHARACTERS} hex digits "
            "as `videoxl library list` shows them."
        )
    # The prefix is hex digits only, so it holds no wildcard.
    rows = connection.execute(
        f"{_SELECT} AND e.id LIKE :prefix ORDER BY e.id LIMIT 2", {"now": now, "prefix": f"{id_or_prefix}%"}
    ).fetchall()
    if not rows:
        raise EntryNotFoundError(f"the library has no memory {id_or_prefix}. See `videoxl library list`.")
    if len(rows) > 1:
        raise EntryNotFoundError(f"{id_or_prefix} begins more than one id of the library. Give more of its digits.")
    return as_entry(rows[0])


def find_hidden(connection: sqlite3.Connection, entry_id: str, *, now: float) -> Entry | None:
    """An entry that was removed, and of which something is still there."""
    row = connection.execute(
        f"{_SELECT_ALL} WHERE e.removed_at IS NOT NULL AND e.id = :id", {"now": now, "id": entry_id}
    ).fetchone()
    return None if row is None else as_entry(row)


def list_entries(
    connection: sqlite3.Connection,
    *,
    now: float,
    state: State | None,
    text: str | None,
    limit: int | None,
    after: str | None,
) -> list[Entry]:
    """Entries, the newest first, from behind `after` on."""
    if state is not None and state not in STATES:
        raise UsageError(f"state is {state!r}, expected one of {', '.join(STATES)}.")
    if limit is not None and limit < 1:
        raise UsageError(f"limit is {limit}, expected 1 or more.")
    sql, values = _SELECT, {"now": now, "limit": -1 if limit is None else limit}
    values_of: dict[str, Any] = dict(values)
    if state is not None:
        sql += " AND shown_state = :state"
        values_of["state"] = state
    if text:
        sql += " AND (e.title LIKE :text ESCAPE '!' OR e.source_name LIKE :text ESCAPE '!')"
        values_of["text"] = f"%{_literally(text)}%"
    if after is not None:
        last = find_entry(connection, after, now=now)
        sql += " AND (e.created_at, e.id) < (:created_at, :last_id)"
        values_of |= {"created_at": last.created_at, "last_id": last.id}
    rows = connection.execute(f"{sql} ORDER BY e.created_at DESC, e.id DESC LIMIT :limit", values_of)
    return [as_entry(row) for row in rows]


def as_entry(row: sqlite3.Row) -> Entry:
    """An entry from a row of the catalogue."""
    try:
        settings = WatchSettings.from_json(json.loads(row["settings"]))
    except (ValueError, TypeError) as error:
        raise LibraryError(
            f"the catalogue's row of {row['id']} is damaged ({error}). Remove that memory and watch it again."
        ) from error
    return Entry(**{name: row[name] for name in _AS_THEY_ARE}, settings=settings, state=row["shown_state"])


def insert_entry(connection: sqlite3.Connection, values: Mapping[str, Any]) -> None:
    """A new row; columns that are not given are as the schema says."""
    columns = ", ".join(values)
    places = ", ".join(f":{name}" for name in values)
    connection.execute(f"INSERT INTO entry ({columns}) VALUES ({places})", dict(values))


def update_entry(connection: sqlite3.Connection, entry_id: str, **values: Any) -> None:
    """Other values in some columns of one row."""
    changes = ", ".join(f"{name} = :{name}" for name in values)
    connection.execute(f"UPDATE entry SET {changes} WHERE id = :id", {**values, "id": entry_id})


def settings_text(settings: WatchSettings) -> str:
    """Settings as a column holds them."""
    return json.dumps(settings.to_json(), sort_keys=True)


def _literally(text: str) -> str:
    for special in "!%_":
        text = text.replace(special, f"!{special}")
    return text
