"""A video becomes an entry: found again where the same was added before, put into the queue where it was not."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from videoxl.errors import MemoryFormatError, UsageError, VideoNotFoundError
from videoxl.library.address import address
from videoxl.library.catalogue import Catalogue
from videoxl.library.entries import find_entry, insert_entry, settings_text, update_entry
from videoxl.library.entry import Entry
from videoxl.library.folder import LibraryFolder
from videoxl.library.kept import write_kept
from videoxl.library.label import plain_label
from videoxl.library.queue import enqueue
from videoxl.library.settings import WatchSettings
from videoxl.memory import inspect


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVideo:
    """What is known of a video that shall be watched."""

    path: Path
    settings: WatchSettings
    model_name: str
    model_fingerprint: str
    name: str | None = None
    """What a person calls the file; its own name where not given."""
    title: str | None = None
    source_sha256: str | None = None
    """Digest of its bytes; computed where not given."""
    duration_seconds: float = 0.0


class Adder:
    """Adds videos to one library."""

    def __init__(
        self,
        catalogue: Catalogue,
        folder: LibraryFolder,
        clock: Callable[[], float],
        *,
        drop_download: Callable[[Path], None],
    ) -> None:
        """Args: drop_download: Takes a file that was brought for an entry away, if it is none of another's."""
        self._catalogue, self._folder, self._clock = catalogue, folder, clock
        self._drop_download = drop_download

    def add(self, video: NewVideo, *, base: Entry | None = None) -> Entry:
        """The entry of a video, on its own or behind the memory `base`; costs nothing where it is there already.

        Raises VideoNotFoundError for a file of the library's own folders that was taken away since it was found.
        """
        from videoxl.video import source_fingerprint  # brings numpy

        path = video.path.expanduser().absolute()
        sha256 = video.source_sha256 or source_fingerprint(path)
        entry_id = address(
            source_sha256=sha256, settings=video.settings, model_fingerprint=video.model_fingerprint,
            base_id=base.id if base else None,
        )  # fmt: skip
        now = self._clock()
        with self._catalogue.writing() as connection:
            if base is not None:
                find_entry(connection, base.id, now=now)  # it may have been removed since it was found
            if path.parent in (self._folder.files, self._folder.fetched) and not path.exists():
                raise VideoNotFoundError(
                    f"{video.name or path.name} was removed while it was being added: give it again."
                )
            row = connection.execute("SELECT * FROM entry WHERE id = ?", (entry_id,)).fetchone()
            if row is None:
                self._insert(connection, entry_id, sha256, path, video, base, now)
            else:
                update_entry(connection, entry_id, source_path=str(path))
                self._revive(connection, entry_id, row, video, now)
            entry = find_entry(connection, entry_id, now=now)
        if row is not None and row["source_path"] not in (None, entry.source_path):
            self._drop_download(Path(row["source_path"]))
        return entry

    def again(self, entry_id: str) -> Entry:
        """Put an entry into the queue once more, whatever became of it."""
        now = self._clock()
        with self._catalogue.writing() as connection:
            entry = find_entry(connection, entry_id, now=now)
            if entry.source_path is None:
                raise UsageError(
                    f"where the video of {entry.title} lies is not known, so it cannot be watched again. "
                    "Add the video itself."
                )
            enqueue(connection, entry.id, now=now)
            return find_entry(connection, entry.id, now=now)

    def _insert(
        self,
        connection: sqlite3.Connection,
        entry_id: str,
        sha256: str,
        path: Path,
        video: NewVideo,
        base: Entry | None,
        now: float,
    ) -> None:
        name = plain_label(video.name or path.name, otherwise="video")
        behind = f"{base.title} + " if base else ""
        values = {
            "id": entry_id,
            "title": plain_label(video.title or behind + Path(name).stem, otherwise=name),
            "source_sha256": sha256,
            "source_name": name,
            "source_path": str(path),
            "duration_seconds": video.duration_seconds + (base.duration_seconds if base else 0.0),
            "model_name": plain_label(video.model_name, otherwise="unknown"),
            "model_fingerprint": video.model_fingerprint,
            "settings": settings_text(video.settings),
            "base_id": base.id if base else None,
            "ratio": float(video.settings.ratio),
            "state": "queued",
            "created_at": now,
        }
        insert_entry(connection, values)
        enqueue(connection, entry_id, now=now)

    def _revive(
        self, connection: sqlite3.Connection, entry_id: str, row: sqlite3.Row, video: NewVideo, now: float
    ) -> None:
        """What was removed and is still there, because somebody reads it, is simply found again."""
        if row["removed_at"] is not None:
            name = plain_label(video.name or video.path.name, otherwise="video")
            title = plain_label(video.title or Path(name).stem, otherwise=name)
            update_entry(connection, entry_id, removed_at=None, created_at=now, title=title, asked_at=None)
        if not (row["state"] == "ready" and self._is_whole(entry_id)):
            enqueue(connection, entry_id, now=now)
        elif row["removed_at"] is not None:
            write_kept(connection, entry_id, inspect(self._folder.memory(entry_id)))

    def _is_whole(self, entry_id: str) -> bool:
        """Whether a memory lies where it should, as far as a look at it tells."""
        try:
            return inspect(self._folder.memory(entry_id)).manifest.is_complete
        except MemoryFormatError:
            return False
