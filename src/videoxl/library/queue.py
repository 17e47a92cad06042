"""The jobs of a library: who may watch what, so that any number of processes share the work.

A worker that lives renews its lease; one that was killed does not, and when the lease has run out the job is given to
the next who asks. A video over which worker after worker dies without getting any further is called failed.
"""

import secrets
import sqlite3
from collections.abc import Callable, Collection

from videoxl.errors import UsageError
from videoxl.library.catalogue import Catalogue
from videoxl.library.entries import update_entry
from videoxl.library.entry import JobProgress
from videoxl.library.folder import LibraryFolder
from videoxl.library.job import Job
from videoxl.library.promise import NEEDED, find_needed

MOST_DEATHS = 3

_WAITING = f"""
    {NEEDED}
    SELECT j.*, e.model_fingerprint FROM job j JOIN entry e ON e.id = j.entry_id
    WHERE (e.removed_at IS NULL OR e.id IN (SELECT id FROM needed)) AND j.lease_until <= :now
      AND NOT EXISTS (SELECT 1 FROM job b WHERE b.entry_id = e.base_id)
    ORDER BY j.queued_at, j.rowid
"""
_TAKE = """
    UPDATE job SET worker = :worker, token = :token, lease_until = :until, num_deaths = :num_deaths
    WHERE entry_id = :id
"""


class JobQueue:
    """Leases on the videos that wait to be watched, oldest first."""

    def __init__(self, catalogue: Catalogue, folder: LibraryFolder, clock: Callable[[], float]) -> None:
        self._catalogue, self._folder, self._clock = catalogue, folder, clock

    def lease(
        self, worker: str, seconds: float, *, model_fingerprint: str | None, only: Collection[str] | None
    ) -> Job | None:
        """The oldest job that nobody works on, taken for `seconds`; None where there is nothing to do."""
        if not worker or not seconds > 0:
            raise UsageError(f"got worker {worker!r} and a lease of {seconds} s: expected a name and more than 0 s.")
        now = self._clock()
        with self._catalogue.writing() as connection:
            for row in connection.execute(_WAITING, {"now": now}).fetchall():
                is_wanted = (only is None or row["entry_id"] in only) and (
                    model_fingerprint is None or row["model_fingerprint"] == model_fingerprint
                )
                if is_wanted and not _is_hopeless(connection, row):
                    return self._take(connection, row, worker, seconds, now)
        return None

    def progress(self, entry_id: str) -> JobProgress | None:
        """How far an entry is; None where it is neither queued nor watched."""
        with self._catalogue.reading() as connection:
            row = connection.execute("SELECT * FROM job WHERE entry_id = ?", (entry_id,)).fetchone()
        if row is None:
            return None
        return JobProgress(
            num_frames=row["num_frames"],
            total_frames=row["total_frames"],
            frames_per_second=row["frames_per_second"],
            seconds_left=row["seconds_left"],
            worker=row["worker"] if row["lease_until"] > self._clock() else "",
        )

    def num_waiting(self) -> int:
        """Videos that nobody works on yet, those included that were removed and must be watched for others."""
        with self._catalogue.reading() as connection:
            found = connection.execute(
                "SELECT count(*) FROM job WHERE worker = '' OR lease_until <= ?", (self._clock(),)
            ).fetchone()
        return int(found[0])

    def _take(self, connection: sqlite3.Connection, row: sqlite3.Row, worker: str, seconds: float, now: float) -> Job:
        token, entry_id = secrets.token_hex(16), row["entry_id"]
        num_deaths = row["num_deaths"] + bool(row["worker"])
        connection.execute(
            _TAKE,
            {"worker": worker, "token": token, "until": now + seconds, "num_deaths": num_deaths, "id": entry_id},
        )
        entry = find_needed(connection, entry_id, now=now)
        return Job(entry, self._folder.memory(entry.id), worker, seconds, token, self._catalogue, self._clock)


def enqueue(connection: sqlite3.Connection, entry_id: str, *, now: float) -> None:
    """Put an entry at the end of the queue; one that waits there already keeps its place."""
    update_entry(connection, entry_id, state="queued", why="")
    connection.execute("INSERT OR IGNORE INTO job (entry_id, queued_at) VALUES (?, ?)", (entry_id, now))


def _is_hopeless(connection: sqlite3.Connection, row: sqlite3.Row) -> bool:
    """Whether the last of the workers that a video may cost has died over it; the entry then says so."""
    if not row["worker"] or row["num_deaths"] + 1 < MOST_DEATHS:
        return False
    at = f"at frame {row['most_frames']} of {row['total_frames']}" if row["total_frames"] else "before its first frame"
    why = (
        f"{MOST_DEATHS} workers died over it, {at}: too little memory, or a video that crashes the decoder. "
        "Check it with `videoxl info`, then add it again."
    )
    update_entry(connection, row["entry_id"], state="failed", why=why)
    connection.execute("DELETE FROM job WHERE entry_id = ?", (row["entry_id"],))
    return True
