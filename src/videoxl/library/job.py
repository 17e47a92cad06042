"""One video to be watched, leased to one worker: whoever holds the lease may finish it, and nobody else.

Each lease has a token of its own, so a worker that was taken for dead can do no harm when it wakes.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from videoxl.errors import LeaseLostError
from videoxl.library.catalogue import Catalogue
from videoxl.library.entries import update_entry
from videoxl.library.entry import Entry, KeptInterval
from videoxl.library.intervals import keep_interval, keep_just
from videoxl.library.kept import write_kept
from videoxl.memory import Inspection

_NOTE = """
    UPDATE job SET
        num_deaths = CASE WHEN :num_frames > most_frames THEN 0 ELSE num_deaths END,
        most_frames = max(most_frames, :num_frames),
        num_frames = :num_frames, total_frames = :total_frames, frames_per_second = :frames_per_second,
        seconds_left = :seconds_left, lease_until = :until
    WHERE entry_id = :id
"""


@dataclass(frozen=True, slots=True)
class Job:
    """A lease. Every call raises LeaseLostError once the job is no longer its holder's to do."""

    entry: Entry
    path: Path
    """Where the memory is to be written; what an earlier worker left there is gone on with."""
    worker: str
    seconds: float
    """How long the lease lasts without being renewed."""
    _token: str
    _catalogue: Catalogue
    _clock: Callable[[], float]

    def renew(self) -> None:
        """Say that the worker lives."""
        with self._mine() as connection:
            connection.execute(
                "UPDATE job SET lease_until = ? WHERE entry_id = ?", (self._clock() + self.seconds, self.entry.id)
            )

    def note(self, *, num_frames: int, total_frames: int, frames_per_second: float, seconds_left: float | None) -> None:
        """Say how far it is; this renews the lease, too."""
        values = {
            "num_frames": num_frames, "total_frames": total_frames, "frames_per_second": frames_per_second,
            "seconds_left": seconds_left, "until": self._clock() + self.seconds, "id": self.entry.id,
        }  # fmt: skip
        with self._mine() as connection:
            connection.execute(_NOTE, values)

    def keep_interval(
        self, interval: KeptInterval, vectors: bytes | None, *, num_frames: int, num_rows: int, num_bytes: int
    ) -> None:
        """Remember one interval of the memory while it grows, with what searching compares.

        Args:
            num_frames: Of the memory so far, like `num_rows` and the bytes of these.
        """
        with self._mine() as connection:
            keep_interval(connection, self.entry.id, interval, vectors)
            update_entry(
                connection, self.entry.id, num_intervals=interval.index + 1, num_frames=num_frames, num_rows=num_rows,
                num_bytes=num_bytes,
            )  # fmt: skip

    def forget_kept(self) -> None:
        """Say that nothing is kept of it, whatever was told before."""
        with self._mine() as connection:
            keep_just(connection, self.entry.id, [])
            update_entry(connection, self.entry.id, num_intervals=0, num_frames=0, num_rows=0, num_bytes=0)

    def done(self, kept: Inspection) -> None:
        """The memory is whole, as `kept` says."""
        with self._mine() as connection:
            write_kept(connection, self.entry.id, kept)
            update_entry(connection, self.entry.id, state="ready", why="", watched_at=self._clock())
            self._end(connection)

    def fail(self, reason: str) -> None:
        """It cannot be watched, and trying again by itself would not help."""
        with self._mine() as connection:
            update_entry(connection, self.entry.id, state="failed", why=reason)
            self._end(connection)

    def give_back(self, *, after_seconds: float = 0.0) -> None:
        """Leave it to whoever asks next, once `after_seconds` have passed; this counts as no death."""
        until = self._clock() + after_seconds if after_seconds > 0 else 0.0
        with self._mine() as connection:
            connection.execute(
                "UPDATE job SET worker = '', token = '', lease_until = ? WHERE entry_id = ?", (until, self.entry.id)
            )

    @contextmanager
    def _mine(self) -> Iterator[sqlite3.Connection]:
        """A change that happens only while the lease is ours."""
        with self._catalogue.writing() as connection:
            row = connection.execute("SELECT token FROM job WHERE entry_id = ?", (self.entry.id,)).fetchone()
            if row is None or row["token"] != self._token:
                raise LeaseLostError(
                    f"{self.entry.title} is no longer watched by {self.worker}: it was removed, or another worker "
                    "has taken it up. Nothing is lost; see `videoxl library list`."
                )
            yield connection

    def _end(self, connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM job WHERE entry_id = ?", (self.entry.id,))
