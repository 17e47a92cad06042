"""A library of watched videos: a folder with memories, their thumbnails, and a catalogue of them.

    library = Library(folder)
    entry = library.add(Path("film.mp4"), settings, model_name=vxl.name, model_fingerprint=vxl.fingerprint)
    ...                                     # a worker, in this process or another, watches it (`worker.py`)
    with library.reading(entry.id) as path:
        memory = vxl.open(path)

What a memory is called follows from its video, settings and model, so the same is never watched twice. Any number of
threads and processes may use one library at once.
"""

import shutil
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from videoxl.errors import MemoryFormatError
from videoxl.library.addition import Adder, NewVideo
from videoxl.library.adoption import Adopter, find_again
from videoxl.library.catalogue import Catalogue
from videoxl.library.entries import find_entry, list_entries, update_entry
from videoxl.library.entry import Collected, Entry, Hit, JobProgress, KeptInterval, Question, State
from videoxl.library.folder import LibraryFolder, remove_tree
from videoxl.library.intervals import copy_intervals, read_intervals, read_vectors
from videoxl.library.job import Job
from videoxl.library.label import plain_label
from videoxl.library.parcel import write_parcel
from videoxl.library.parcel_reader import unpacked
from videoxl.library.picture import keep_thumbnail
from videoxl.library.promise import find_needed, is_needed
from videoxl.library.questions import note_question, read_questions
from videoxl.library.queue import JobQueue
from videoxl.library.read_lock import needing
from videoxl.library.removal import Remover
from videoxl.library.search import QueryEmbedder, search
from videoxl.library.settings import WatchSettings
from videoxl.memory.folder import MANIFEST_NAME

if TYPE_CHECKING:
    from videoxl.engine import Answer

DEFAULT_HITS = 20


class Library:
    """All that is kept under one folder, which is made where it is missing.

    Args:
        clock: Seconds since 1970; what leases and ages are measured by.

    Raises:
        LibraryError: The catalogue is damaged, of a newer videoxl, or cannot be read or written.
        CapacityError: The disk is full.
    """

    def __init__(self, folder: str | PathLike[str], *, clock: Callable[[], float] = time.time) -> None:
        self._folder = LibraryFolder(Path(folder))
        self._catalogue = Catalogue(self._folder.catalogue, fill=partial(find_again, self._folder))
        self._clock = clock
        parts = self._catalogue, self._folder, clock
        self._queue, self._remover = JobQueue(*parts), Remover(*parts)
        self._adder = Adder(*parts, drop_download=self._remover.drop_download)
        self._adopter = Adopter(*parts)

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return self._folder.path

    @property
    def files(self) -> Path:
        """A folder for videos that were uploaded; whoever puts them there takes them away."""
        return self._folder.files

    @property
    def fetched(self) -> Path:
        """A folder for videos that were downloaded to be added; they go with the last entry that was made of them."""
        return self._folder.fetched

    def close(self) -> None:
        """Let the catalogue go."""
        self._catalogue.close()

    def add(
        self,
        source: str | PathLike[str],
        settings: WatchSettings,
        *,
        model_name: str,
        model_fingerprint: str,
        title: str | None = None,
        name: str | None = None,
        source_sha256: str | None = None,
        duration_seconds: float = 0.0,
    ) -> Entry:
        """The entry of a video: a ready one where the same was watched before, else one that waits in the queue.

        One that failed is tried again. The file itself stays where it is.

        Args:
            settings: With the model's defaults filled in: `WatchSettings.of(vxl.watch_config(...))`.
            name: What a person calls the file, where its own name says nothing.
            source_sha256: The digest of the file, where it is known already.
        """
        video = NewVideo(
            path=Path(source), settings=settings, model_name=model_name, model_fingerprint=model_fingerprint,
            name=name, title=title, source_sha256=source_sha256, duration_seconds=duration_seconds,
        )  # fmt: skip
        return self._adder.add(video)

    def append(
        self,
        entry_id: str,
        source: str | PathLike[str],
        settings: WatchSettings,
        *,
        title: str | None = None,
        name: str | None = None,
        source_sha256: str | None = None,
        duration_seconds: float = 0.0,
    ) -> Entry:
        """A new entry: the memory of `entry_id` with another video behind it. The one it is made of stays as it is."""
        base = self.entry(entry_id)
        video = NewVideo(
            path=Path(source), settings=settings, model_name=base.model_name, model_fingerprint=base.model_fingerprint,
            name=name, title=title, source_sha256=source_sha256, duration_seconds=duration_seconds,
        )  # fmt: skip
        return self._adder.add(video, base=base)

    def adopt(
        self,
        memory: str | PathLike[str],
        *,
        title: str | None = None,
        source_path: Path | None = None,
        move: bool = False,
    ) -> Entry:
        """Take a .vxl folder in, copied or moved; every byte of it is checked first.

        One whose watching was interrupted is taken only when it may be moved, as an entry that failed: adding its
        video goes on with it.
        """
        folder = Path(memory)
        take = self._adopter.take if move else self._adopter.copy
        return take(folder, title=title, source_path=source_path)

    def again(self, entry_id: str) -> Entry:
        """Have an entry watched once more: one that failed, or whose memory turned out to be damaged."""
        return self._adder.again(self.entry(entry_id).id)

    def entry(self, id_or_prefix: str) -> Entry:
        """The one entry whose id begins so; EntryNotFoundError where there is none, or more than one."""
        with self._catalogue.reading() as connection:
            return find_entry(connection, id_or_prefix, now=self._clock())

    def entries(
        self, *, state: State | None = None, text: str | None = None, limit: int | None = None, after: str | None = None
    ) -> list[Entry]:
        """Entries, the newest first.

        Args:
            text: Only those with this in their title or file name.
            after: Only those behind this one.
        """
        with self._catalogue.reading() as connection:
            return list_entries(connection, now=self._clock(), state=state, text=text, limit=limit, after=after)

    def rename(self, entry_id: str, title: str) -> Entry:
        """Give an entry another title."""
        with self._catalogue.writing() as connection:
            entry = find_entry(connection, entry_id, now=self._clock())
            update_entry(connection, entry.id, title=plain_label(title, otherwise=entry.source_name))
            return find_entry(connection, entry.id, now=self._clock())

    def remove(self, entry_id: str) -> None:
        """Forget an entry. Whoever reads its memory reads on; its files go when the last one leaves.

        What waits to be watched behind it still comes: until then it is kept, and watched where it was not yet.
        """
        self._remover.remove(self.entry(entry_id))

    def sweep(self) -> None:
        """Take away what was removed while somebody needed it and nobody does any more, whoever was killed meanwhile.

        `lease` begins with this, and `work_on` ends with it. Where there is nothing to do it costs one look.
        """
        self._remover.sweep_removed()

    def gc(
        self,
        *,
        max_age_seconds: float | None = None,
        max_bytes: int | None = None,
        spared: Collection[str] = (),
    ) -> Collected:
        """Remove what was used longest ago: all that is older, and until the rest takes no more bytes on disk.

        What is being read, watched or waits to be watched stays. Leftovers of killed processes go in any case.

        Args:
            spared: Ids of entries that stay, too.
        """
        return self._remover.collect(max_age_seconds=max_age_seconds, max_bytes=max_bytes, spared=spared)

    def disk_bytes(self, entry_id: str) -> int:
        """What an entry takes on disk, its thumbnails included: what `gc` counts."""
        return self._remover.disk_bytes(self.entry(entry_id).id)

    def drop_download(self, path: Path) -> None:
        """Take a file in `fetched` away, unless an entry was made of it."""
        self._remover.drop_download(path)

    @contextmanager
    def reading(self, entry_id: str) -> Iterator[Path]:
        """The .vxl folder of an entry, which stays in place until the block ends, even when the entry is removed.

        Of a video that is still being watched it holds what was saved so far.
        """
        with self.reading_needed(self.entry(entry_id)) as path:
            yield path

    @contextmanager
    def reading_needed(self, entry: Entry) -> Iterator[Path]:
        """As `reading`, also of an entry that was removed and that a video in the queue goes on behind."""
        with self.holding(entry.id):
            path = self._folder.memory(entry.id)
            if not (path / MANIFEST_NAME).exists():
                raise MemoryFormatError(
                    f"{entry.title} is {entry.state}{': ' + entry.why if entry.why else ''}, and nothing of it is kept "
                    f"yet. See `videoxl library show {entry.id[:8]}`."
                )
            yield path

    def version(self, entry_id: str) -> tuple[int, int] | None:
        """Another one whenever what is kept of an entry is another; None where nothing is."""
        try:
            status = (self._folder.memory(entry_id) / MANIFEST_NAME).stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size

    def intervals(self, entry_id: str) -> list[KeptInterval]:
        """What is kept of a video part by part, also while it is being watched."""
        with self._catalogue.reading() as connection:
            return read_intervals(connection, find_entry(connection, entry_id, now=self._clock()).id)

    def thumbnail(self, entry_id: str, index: int) -> Path | None:
        """A JPEG of an interval; None where there is none."""
        path = self._folder.thumbnails_of(self.entry(entry_id).id) / f"{int(index)}.jpg"
        return path if path.is_file() else None

    def note_answer(self, entry_id: str, answer: "Answer | Mapping[str, Any]") -> Question:
        """Remember what was asked about an entry, and answered."""
        given = answer if isinstance(answer, Mapping) else answer.to_json()
        with self._catalogue.writing() as connection:
            entry = find_entry(connection, entry_id, now=self._clock())
            return note_question(connection, entry.id, given, now=self._clock())

    def questions(self, entry_id: str) -> list[Question]:
        """What was asked about an entry, the oldest first."""
        with self._catalogue.reading() as connection:
            return read_questions(connection, find_entry(connection, entry_id, now=self._clock()).id)

    def search(self, text: str, *, limit: int = DEFAULT_HITS, embedder: QueryEmbedder | None = None) -> list[Hit]:
        """Places that have to do with the words, best first: titles, questions and answers that hold them.

        Args:
            embedder: A model's sight of words (`embedding.TextEmbedder`): also intervals that show them, of videos
                that the same model watched.
        """
        with self._catalogue.reading() as connection:
            return search(connection, text, limit=limit, embedder=embedder, now=self._clock())

    def lease(
        self,
        worker: str,
        seconds: float,
        *,
        model_fingerprint: str | None = None,
        only: Collection[str] | None = None,
    ) -> Job | None:
        """The oldest video that waits to be watched, or whose worker is gone, for `seconds`; None where none does.

        It may be of an entry that was removed, where others go on behind it (`needed`).

        Args:
            model_fingerprint: Only what this model shall watch.
            only: Only these entries.
        """
        self.sweep()
        return self._queue.lease(worker, seconds, model_fingerprint=model_fingerprint, only=only)

    def num_waiting(self) -> int:
        """Videos in the queue that nobody works on yet, also of entries that were removed and that others need."""
        return self._queue.num_waiting()

    def needed(self, entry_id: str) -> Entry:
        """The entry of a whole id, also of one that was removed and that a video in the queue goes on behind."""
        with self._catalogue.reading() as connection:
            return find_needed(connection, entry_id, now=self._clock())

    def is_needed(self, entry_id: str) -> bool:
        """Whether a video in the queue goes on behind this entry, which may be removed."""
        with self._catalogue.reading() as connection:
            return is_needed(connection, entry_id)

    def progress(self, entry_id: str) -> JobProgress | None:
        """How far the watching of an entry is; None where it neither waits nor is being watched."""
        return self._queue.progress(self.entry(entry_id).id)

    def export_file(self, entry_id: str, path: str | PathLike[str], *, overwrite: bool = False) -> Path:
        """Write an entry with its memory and thumbnails as one file, NAME.vxlz."""
        entry = self.entry(entry_id)
        with self._catalogue.reading() as connection:
            vectors = read_vectors(connection, entry.id)
        with self.reading(entry.id) as memory:
            pictures = self._folder.thumbnails_of(entry.id)
            return write_parcel(entry, memory, pictures, vectors, Path(path), overwrite=overwrite)

    def import_file(self, path: str | PathLike[str]) -> Entry:
        """Take a NAME.vxlz in. It may come from anybody: nothing in it is believed that can be checked."""
        with unpacked(Path(path), self._folder) as parcel:
            return self._adopter.take(
                parcel.memory, title=parcel.title, source_path=None, thumbnails=parcel.thumbnails,
                vectors=parcel.vectors,
            )  # fmt: skip

    @contextmanager
    def holding(self, entry_id: str) -> Iterator[None]:
        """Keep the files of an entry in place, whatever there is of them; when it was removed meanwhile, they go after.

        A worker holds what it makes, so that removing an entry does not take the folder from under it.
        """
        try:
            with needing(self._folder.lock(entry_id)):
                self.needed(entry_id)  # it may have been removed before our lock held
                yield
        finally:
            if self._is_gone(entry_id):
                self._remover.sweep(entry_id)

    def begin_behind(self, job: Job, base: Entry) -> None:
        """Give the entry of a job what is known of the memory that it goes on behind, where it does not have it yet."""
        with self._catalogue.writing() as connection:
            copy_intervals(connection, base.id, job.entry.id)
            if job.entry.num_intervals < base.num_intervals:
                update_entry(
                    connection, job.entry.id, num_intervals=base.num_intervals, num_frames=base.num_frames,
                    num_rows=base.num_rows, num_bytes=base.num_bytes,
                )  # fmt: skip
        pictures = self._folder.thumbnails_of(base.id)
        if pictures.is_dir():
            shutil.copytree(pictures, self._folder.thumbnails_of(job.entry.id), dirs_exist_ok=True)

    def keep_thumbnail(self, entry_id: str, index: int, picture: bytes) -> None:
        """Write the thumbnail of an interval, a JPEG."""
        keep_thumbnail(self._folder.thumbnails_of(entry_id), index, picture)

    def discard(self, job: Job) -> None:
        """Take away what an earlier worker left of a memory, because it is damaged."""
        thrown = self._folder.throw_away(job.path)
        if thrown is not None:
            remove_tree(thrown)

    def _is_gone(self, entry_id: str) -> bool:
        """Whether it was removed; where nothing is left of it, it has no more than the lock that we have made anew."""
        with self._catalogue.reading() as connection:
            row = connection.execute("SELECT removed_at FROM entry WHERE id = ?", (entry_id,)).fetchone()
        return row is None or row["removed_at"] is not None
