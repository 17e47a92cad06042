"""Memories that were made elsewhere, and taken into the library: copied or moved, checked, and given an entry."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from videoxl.errors import MemoryFormatError, UsageError
from videoxl.library.address import address_of, is_id
from videoxl.library.catalogue import Catalogue
from videoxl.library.entries import find_entry, insert_entry, settings_text, update_entry
from videoxl.library.entry import Entry
from videoxl.library.folder import LibraryFolder, remove_tree
from videoxl.library.intervals import write_vectors
from videoxl.library.kept import kept_columns, write_kept
from videoxl.library.label import plain_label
from videoxl.library.settings import WatchSettings
from videoxl.memory import Inspection, MemoryAbout, inspect
from videoxl.memory.folder import MANIFEST_NAME, is_shard_name, writable

UNFINISHED = "its watching was interrupted; add the video again, and it goes on where it was."


class Adopter:
    """Takes .vxl folders into one library."""

    def __init__(self, catalogue: Catalogue, folder: LibraryFolder, clock: Callable[[], float]) -> None:
        self._catalogue, self._folder, self._clock = catalogue, folder, clock

    def copy(self, memory: Path, *, title: str | None, source_path: Path | None) -> Entry:
        """Take a copy of a whole memory in."""
        check_complete(inspect(memory), memory)
        incoming = self._folder.new_incoming()
        try:
            copied = incoming / "memory.vxl"
            with writable(copied):
                copied.mkdir()
            for name in memory_files(memory):
                with writable(copied / name, num_bytes=(memory / name).stat().st_size):
                    shutil.copyfile(memory / name, copied / name, follow_symlinks=False)
            return self.take(copied, title=title, source_path=source_path)
        finally:
            remove_tree(incoming)

    def take(
        self,
        memory: Path,
        *,
        title: str | None,
        source_path: Path | None,
        thumbnails: Path | None = None,
        vectors: Sequence[bytes] = (),
    ) -> Entry:
        """Move a memory in, from the same file system, after every byte of it was checked.

        One that is not finished becomes a failed entry, which goes on once its video is added again.
        """
        kept = inspect(memory, verify=True)
        entry_id, now = address_of(kept.manifest), self._clock()
        with self._catalogue.writing() as connection:
            row = connection.execute("SELECT state, removed_at FROM entry WHERE id = ?", (entry_id,)).fetchone()
            place = self._folder.memory(entry_id)
            if row is None or row["removed_at"] is not None or row["state"] == "failed":
                self._settle(memory, place, kept)
                if thumbnails is not None and not self._folder.thumbnails_of(entry_id).exists():
                    with writable(place):
                        os.replace(thumbnails, self._folder.thumbnails_of(entry_id))
                connection.execute("DELETE FROM entry WHERE id = ?", (entry_id,))
                columns = entry_columns(entry_id, kept, title=title, source_path=source_path, now=now)
                insert_entry(connection, columns)
                write_kept(connection, entry_id, kept)
                write_vectors(connection, entry_id, vectors)
            elif title is not None:
                update_entry(connection, entry_id, title=plain_label(title, otherwise="memory"))
            return find_entry(connection, entry_id, now=now)

    def _settle(self, memory: Path, place: Path, kept: Inspection) -> None:
        """Put a memory where it belongs; a whole one that is there already is the same, and stays for its readers."""
        if _is_whole(place):
            return
        with writable(place, num_bytes=kept.disk_bytes):
            self._folder.throw_away(place)
            os.replace(memory, place)


def entry_columns(
    entry_id: str, kept: Inspection, *, title: str | None, source_path: Path | None, now: float
) -> dict[str, Any]:
    """Columns of the entry of a memory that is there, finished or not."""
    about, is_complete = kept.manifest.about, kept.manifest.is_complete
    last = about.sources[-1] if about.sources else None
    name = plain_label(last.name if last else "", otherwise="memory")
    return {
        "id": entry_id,
        "title": plain_label(title or Path(name).stem, otherwise=name),
        "source_sha256": last.sha256 if last else "",
        "source_name": name,
        "source_path": None if source_path is None else str(source_path),
        "model_name": plain_label(about.model_name, otherwise="unknown"),
        "model_fingerprint": about.model_fingerprint,
        "settings": settings_text(settings_of(about)),
        "state": "ready" if is_complete else "failed",
        "why": "" if is_complete else UNFINISHED,
        "created_at": now,
        "watched_at": now if is_complete else None,
        **kept_columns(kept),
    }


def find_again(folder: LibraryFolder, connection: sqlite3.Connection) -> None:
    """Give the memories that lie in the library's folder entries in a catalogue that is being made."""
    for path in sorted(folder.memories.glob("*.vxl")):
        if not is_id(path.stem):
            continue
        try:
            kept = inspect(path)
        except MemoryFormatError:
            continue  # begun and never saved, or damaged: `gc` takes it away
        now = path.stat().st_mtime
        insert_entry(connection, entry_columns(path.stem, kept, title=None, source_path=None, now=now))
        write_kept(connection, path.stem, kept)


def check_complete(kept: Inspection, path: Path) -> None:
    """Refuse a memory whose watching was not finished."""
    if not kept.manifest.is_complete:
        raise UsageError(
            f"{path} is not finished, and the library takes whole memories. Finish it with `videoxl watch`, or add "
            "the video itself."
        )


def memory_files(memory: Path) -> list[str]:
    """The files that a .vxl folder consists of: its manifest and rows, nothing else that lies there."""
    names = [name for name in os.listdir(memory) if name == MANIFEST_NAME or is_shard_name(name)]
    return sorted(name for name in names if not (memory / name).is_symlink())


def _is_whole(memory: Path) -> bool:
    try:
        return inspect(memory).manifest.is_complete
    except MemoryFormatError:
        return False


def settings_of(about: MemoryAbout) -> WatchSettings:
    """The settings that a manifest states, or the nearest that can be said of a memory made in another way."""
    try:
        return WatchSettings.from_json(about.plan)
    except UsageError:
        return WatchSettings(planner="fixed", ratio=1, interval_frames=1)
