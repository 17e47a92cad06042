"""Taking memories away, by name, by age or by size, without pulling files from under anybody.

Removing marks an entry, and from then on nobody finds it. Its files go at once where nobody needs them, else when the
last who does leaves; where that one is killed, whoever looks into the queue next takes them away. What a video in the
queue goes on behind stays until that is watched (`promise.py`). A file system is changed before the catalogue forgets,
so a process that is killed in between leaves something that the next sweep finishes.
"""

import logging
import os
import sqlite3
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from pathlib import Path

from videoxl.errors import UsageError
from videoxl.library.address import is_id
from videoxl.library.catalogue import Catalogue
from videoxl.library.entries import list_entries, update_entry
from videoxl.library.entry import Collected, Entry
from videoxl.library.folder import LibraryFolder, remove_tree, tree_bytes
from videoxl.library.promise import is_needed, unneeded
from videoxl.library.read_lock import taking

logger = logging.getLogger(__name__)

LEFTOVER_SECONDS = 86400.0  # age from which something that was being copied in counts as left by a killed process


class Remover:
    """Removes entries of one library."""

    def __init__(self, catalogue: Catalogue, folder: LibraryFolder, clock: Callable[[], float]) -> None:
        self._catalogue, self._folder, self._clock = catalogue, folder, clock
        self._stuck: set[str] = set()

    def remove(self, entry: Entry) -> int:
        """Forget an entry and all that was asked of it; the bytes that could be freed right away."""
        with self._catalogue.writing() as connection:
            update_entry(connection, entry.id, removed_at=self._clock())
            connection.execute("DELETE FROM question WHERE entry_id = ?", (entry.id,))
            forgotten = _forget_unneeded(connection)
            if entry.id not in forgotten:
                self._keep_video(connection, entry.id)
        return sum(self.sweep(entry_id) for entry_id in forgotten)

    def sweep_removed(self) -> int:
        """Take away what nobody needs any more of all that was removed; where there is nothing, this is one look."""
        with self._catalogue.reading() as connection:
            if not unneeded(connection):
                return 0
        with self._catalogue.writing() as connection:
            forgotten = _forget_unneeded(connection)
        num_bytes = 0
        for entry_id in forgotten:
            try:
                num_bytes += self.sweep(entry_id)
            except OSError as error:  # what is left of one memory keeps nobody from working on others
                if entry_id not in self._stuck:
                    logger.warning("memory %s was removed, and its files cannot be (%s)", entry_id[:8], error)
                self._stuck.add(entry_id)
        return num_bytes

    def sweep(self, entry_id: str) -> int:
        """Take the files of a removed entry away if nobody needs them; the bytes that this freed."""
        thrown: list[Path] = []
        with taking(self._folder.lock(entry_id)) as is_ours:
            if is_ours:
                # In the transaction: whoever adds the same video again either finds the entry as it was, or none.
                with self._catalogue.writing() as connection:
                    row = connection.execute("SELECT * FROM entry WHERE id = ?", (entry_id,)).fetchone()
                    is_removed = row is not None and row["removed_at"] is not None
                    if is_removed and not is_needed(connection, entry_id):
                        thrown = self._throw_away(entry_id)
                        if not self._folder.memory(entry_id).exists():
                            connection.execute("DELETE FROM entry WHERE id = ?", (entry_id,))
                            thrown += self._throw_away_downloads(connection, {row["source_path"]})
        return sum(remove_tree(path) for path in thrown)

    def drop_download(self, path: Path) -> None:
        """Take a download away, unless an entry was made of it."""
        with self._catalogue.writing() as connection:
            thrown = self._throw_away_downloads(connection, [str(path)])
        for place in thrown:
            remove_tree(place)

    def collect(
        self, *, max_age_seconds: float | None, max_bytes: int | None, spared: Collection[str] = ()
    ) -> Collected:
        """Remove what was used longest ago until the limits hold; what is being read or watched stays.

        Args:
            spared: Ids of entries that stay in any case.
        """
        _check(max_age_seconds, max_bytes)
        num_bytes = self._clear_away()
        removed: list[Entry] = []
        num_in_use = 0
        for entry in self._due(max_age_seconds, max_bytes, spared):
            if self._is_in_use(entry):
                num_in_use += 1
                continue
            num_bytes += self.remove(entry)
            removed.append(entry)
        return Collected(entries=tuple(removed), num_bytes=num_bytes, num_in_use=num_in_use)

    def disk_bytes(self, entry_id: str) -> int:
        """What an entry takes on disk: its memory and its thumbnails."""
        return sum(tree_bytes(path) for path in self._places(entry_id))

    def _due(self, max_age_seconds: float | None, max_bytes: int | None, spared: Collection[str]) -> list[Entry]:
        now = self._clock()
        with self._catalogue.reading() as connection:
            entries = list_entries(connection, now=now, state=None, text=None, limit=None, after=None)
        settled = [entry for entry in entries if entry.state in ("ready", "failed") and entry.id not in spared]
        total = sum(self.disk_bytes(entry.id) for entry in entries) if max_bytes is not None else 0
        due = []
        for entry in sorted(settled, key=lambda entry: entry.used_at):
            is_old = max_age_seconds is not None and now - entry.used_at > max_age_seconds
            if is_old or (max_bytes is not None and total > max_bytes):
                due.append(entry)
                total -= self.disk_bytes(entry.id) if max_bytes is not None else 0
        return due

    def _is_in_use(self, entry: Entry) -> bool:
        with self._catalogue.reading() as connection:
            if is_needed(connection, entry.id):
                return True
        with taking(self._folder.lock(entry.id)) as is_ours:
            return not is_ours

    def _keep_video(self, connection: sqlite3.Connection, entry_id: str) -> None:
        """Give an entry that is to be watched though it was removed a name of its own for an upload that may go now."""
        row = connection.execute(
            "SELECT e.source_path FROM entry e JOIN job j ON j.entry_id = e.id WHERE e.id = ?", (entry_id,)
        ).fetchone()
        path = Path(row["source_path"]) if row is not None and row["source_path"] is not None else None
        if path is not None and path.parent == self._folder.files:
            own = self._folder.fetched / f"{entry_id}{path.suffix}"
            try:
                with suppress(FileExistsError):  # of the same bytes: the id follows from them
                    os.link(path, own)
            except OSError as error:  # it is gone already, or the file system has no second names: watching will say so
                logger.warning("the upload of memory %s cannot be kept (%s)", entry_id[:8], error)
            else:
                update_entry(connection, entry_id, source_path=str(own))

    def _clear_away(self) -> int:
        """Finish what killed processes began: removed entries, files of none, copies that never became whole."""
        num_bytes = self.sweep_removed()
        with self._catalogue.reading() as connection:
            known = {row["id"] for row in connection.execute("SELECT id FROM entry")}
        for room in (self._folder.memories, self._folder.thumbnails, self._folder.locks):
            strays = {path.stem for path in room.iterdir() if is_id(path.stem)} - known
            num_bytes += sum(self._sweep_stray(entry_id) for entry_id in sorted(strays))
        with self._catalogue.writing() as connection:
            # New ones stay: their entry may be just about to come.
            old = [str(path) for path in self._folder.fetched.iterdir() if self._is_left(path)]
            thrown = self._throw_away_downloads(connection, old)
        num_bytes += sum(remove_tree(path) for path in [*thrown, *self._folder.trash.iterdir()])
        return num_bytes + sum(remove_tree(path) for path in self._folder.incoming.iterdir() if self._is_left(path))

    def _sweep_stray(self, entry_id: str) -> int:
        """Take away files under an id that the catalogue does not have (or, by now, has)."""
        thrown: list[Path] = []
        with taking(self._folder.lock(entry_id)) as is_ours, self._catalogue.writing() as connection:
            row = connection.execute("SELECT id FROM entry WHERE id = ?", (entry_id,)).fetchone()
            if is_ours and row is None:
                thrown = self._throw_away(entry_id)
        return sum(remove_tree(path) for path in thrown)

    def _throw_away_downloads(self, connection: sqlite3.Connection, paths: Iterable[str | None]) -> list[Path]:
        """Move those of the files away that were downloaded, and that no entry was made of."""
        used = {row["source_path"] for row in connection.execute("SELECT source_path FROM entry")}
        unused = [Path(path) for path in paths if path is not None and path not in used]
        return self._thrown(path for path in unused if path.parent == self._folder.fetched)

    def _throw_away(self, entry_id: str) -> list[Path]:
        return self._thrown(self._places(entry_id))

    def _thrown(self, paths: Iterable[Path]) -> list[Path]:
        thrown = []
        for path in paths:
            with suppress(OSError):  # where a system refuses to move what is open, the next sweep finds it
                thrown.append(self._folder.throw_away(path))
        return [path for path in thrown if path is not None]

    def _places(self, entry_id: str) -> tuple[Path, Path]:
        return self._folder.memory(entry_id), self._folder.thumbnails_of(entry_id)

    def _is_left(self, path: Path) -> bool:
        with suppress(OSError):
            return self._clock() - path.stat().st_mtime > LEFTOVER_SECONDS
        return False


def _forget_unneeded(connection: sqlite3.Connection) -> list[str]:
    """End the watching of all that was removed and is not needed any more; their ids."""
    forgotten = unneeded(connection)
    for table in ("job", "interval"):
        connection.executemany(f"DELETE FROM {table} WHERE entry_id = ?", [(entry_id,) for entry_id in forgotten])
    return forgotten


def _check(max_age_seconds: float | None, max_bytes: int | None) -> None:
    if max_age_seconds is not None and not max_age_seconds >= 0:
        raise UsageError(f"max_age_seconds is {max_age_seconds}, expected 0 or more.")
    if max_bytes is not None and max_bytes < 0:
        raise UsageError(f"max_bytes is {max_bytes}, expected 0 or more.")
