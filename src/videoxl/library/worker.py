"""Watching what waits in a library, with a model, in the caller's thread.

    while (job := library.lease(name, LEASE_SECONDS, model_fingerprint=vxl.fingerprint)) is not None:
        work_on(job, library, vxl)

Everything that others want to know is written down while the work goes on: how far it is, each interval, its thumbnail
and what searching compares. What stops a worker from outside gives the job back; what is wrong with a video fails it.
"""

import logging
import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import torch

from videoxl.engine import Progress, VideoXL
from videoxl.errors import (
    EntryNotFoundError,
    LeaseLostError,
    MemoryFormatError,
    MemoryMismatchError,
    UsageError,
    VideoFormatError,
    VideoXLError,
)
from videoxl.library.added_video import AddedVideo
from videoxl.library.embedding import interval_vectors
from videoxl.library.entry import Entry, KeptInterval
from videoxl.library.heartbeat import Heartbeat
from videoxl.library.job import Job
from videoxl.library.library import Library
from videoxl.library.thumbnails import SeenSource
from videoxl.memory import CompressedMemory, Segment, inspect
from videoxl.memory.lock import is_locked
from videoxl.video import VideoSource, open_video

logger = logging.getLogger(__name__)

LEASE_SECONDS = 30.0
SECONDS_BETWEEN_NOTES = 0.5
SECONDS_UNTIL_FREE = 5.0  # before a folder that another run still writes is tried again

T = TypeVar("T")
Between = Callable[[CompressedMemory], None]
"""Called after each kept interval with the growing memory: to wait, to fork it, or to raise and so stop the work."""


def work_on(
    job: Job,
    library: Library,
    vxl: VideoXL,
    *,
    between: Between | None = None,
    open_source: Callable[[Path], VideoSource] | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Entry:
    """Watch the video of a job to its end; returns its entry, ready or failed (or queued, where another run is at it).

    KeyboardInterrupt, and whatever `between` or `progress` raise, is raised again after the job was given back and all
    rows so far were saved: whoever takes it next goes on there.

    Raises:
        LeaseLostError: The entry was removed, or another worker has taken it over.
    """
    work = _Work(job, library, vxl, between, open_source or (lambda path: open_stored(path, library)), progress)
    return work.do()


def worker_name() -> str:
    """What this process calls itself."""
    return f"{socket.gethostname()}:{os.getpid()}"


def open_stored(path: Path, library: Library) -> VideoSource:
    """A video as it should be opened: what came from elsewhere, and lies in the library's folder, in a safe place."""
    if {library.files, library.fetched} & set(path.parents):
        from videoxl.video.isolated import IsolatedSource

        return IsolatedSource(path)
    return open_video(path)


class _Stopped(Exception):
    """Carries what a listener raised through code that would take it for a fault of the video."""

    def __init__(self, reason: BaseException) -> None:
        super().__init__(str(reason))
        self.reason = reason


def _tell(listener: Callable[[T], None] | None, news: T) -> None:
    if listener is not None:
        try:
            listener(news)
        except BaseException as error:
            raise _Stopped(error) from error


class _Work:
    """One job, from its video to its entry."""

    def __init__(
        self,
        job: Job,
        library: Library,
        vxl: VideoXL,
        between: Between | None,
        open_source: Callable[[Path], VideoSource],
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self._job, self._library, self._vxl = job, library, vxl
        self._between, self._open_source, self._progress = between, open_source, progress
        self._heartbeat = Heartbeat(job)
        self._added: AddedVideo | None = None
        self._next_note_seconds = 0.0
        self._num_intervals: int | None = None
        self._num_frames = 0

    def do(self) -> Entry:
        """See `work_on`."""
        try:
            return self._done()
        finally:
            self._library.sweep()  # what it went on behind and was removed is needed no more

    def _done(self) -> Entry:
        job = self._job
        try:
            with self._library.holding(job.entry.id), self._heartbeat:
                self._watch()
                job.done(inspect(job.path))
        except LeaseLostError:
            raise
        except _Stopped as stopped:
            self._give_back()
            raise stopped.reason from None
        except Exception as error:
            if is_locked(job.path):
                job.give_back(after_seconds=SECONDS_UNTIL_FREE)
            else:
                job.fail(self._why(error))
        except BaseException:  # Ctrl-C, or the process is told to end
            self._give_back()
            raise
        try:
            return self._library.needed(job.entry.id)
        except EntryNotFoundError as error:
            raise LeaseLostError(f"{job.entry.title} was removed when it was watched.") from error

    def _give_back(self) -> None:
        with suppress(LeaseLostError):  # then there is nothing to give
            self._job.give_back()

    def _watch(self) -> None:
        entry = self._job.entry
        if entry.model_fingerprint != self._vxl.fingerprint:
            raise MemoryMismatchError(
                f"it is to be watched by the model {entry.model_name} ({entry.model_fingerprint[:12]}), and this "
                f"worker has {self._vxl.name} ({self._vxl.fingerprint[:12]}). Start a worker with that model."
            )
        if entry.source_path is None:
            raise UsageError("where its video lies is not known. Add the video itself.")
        added = self._added = AddedVideo(entry, Path(entry.source_path), self._open_source)
        begins_with = None if entry.base_id is None else self._base(entry.base_id)
        try:
            try:
                self._watch_into(added.source, begins_with)
            except (MemoryFormatError, MemoryMismatchError) as error:
                logger.warning("what was kept of %s is made anew: %s", entry.title, error)
                self._library.discard(self._job)
                self._watch_into(added.source, begins_with)
            added.check_whole()
        except VideoFormatError:  # nothing of another video is gone on with when this one is added again
            self._library.discard(self._job)
            self._job.forget_kept()
            raise

    def _watch_into(self, video: SeenSource, begins_with: CompressedMemory | None) -> None:
        self._num_intervals = None
        out, settings = self._job.path, self._job.entry.settings.arguments()
        if begins_with is None:
            self._vxl.watch(video, out=out, progress=self._note, on_interval=self._keep, **settings)
            return
        if settings.pop("timestamps") is not None:
            raise UsageError("a video that is appended cannot be watched at given timestamps; give a rate instead.")
        memory = begins_with.fork()  # it may have to begin again
        self._vxl.append(memory, video, out=out, progress=self._note, on_interval=self._keep, **settings)

    def _base(self, base_id: str) -> CompressedMemory:
        """The memory that this one goes on behind."""
        try:
            base = self._library.needed(base_id)
        except EntryNotFoundError as error:
            raise UsageError(
                "the memory that it goes on behind was removed. Watch that video again, and append this one to it."
            ) from error
        if base.state != "ready":
            raise UsageError(f"it goes on behind {base.title}, which is {base.state}. Have that watched first.")
        with self._library.reading_needed(base) as path:
            memory = self._vxl.open(path)
        self._library.begin_behind(self._job, base)
        return memory

    def _note(self, progress: Progress) -> None:
        self._heartbeat.check()
        self._check_opened()
        is_last = progress.num_frames >= progress.total_frames
        if time.monotonic() >= self._next_note_seconds or is_last:
            self._next_note_seconds = time.monotonic() + SECONDS_BETWEEN_NOTES
            self._job.note(
                num_frames=progress.num_frames,
                total_frames=progress.total_frames,
                frames_per_second=progress.frames_per_second,
                seconds_left=progress.seconds_left,
            )
        _tell(self._progress, progress)

    def _keep(self, memory: CompressedMemory, segment: Segment, visual_ND: torch.Tensor) -> None:
        self._heartbeat.check()
        self._check_opened()
        if self._num_intervals is None:
            self._num_intervals, self._num_frames = len(memory.intervals) - 1, memory.num_frames - segment.num_frames
        number = self._num_intervals
        interval = KeptInterval(
            index=number,
            start_seconds=segment.start_seconds,
            stop_seconds=segment.stop_seconds,
            num_rows=segment.num_rows,
            num_tokens=len(visual_ND),
            ratio=segment.ratio,
            source=segment.source,
        )
        assert self._added is not None
        picture = self._added.source.picture_of(segment)
        if picture is not None:  # before the interval is told of, so that whoever hears of it finds its picture
            self._library.keep_thumbnail(self._job.entry.id, number, picture)
        self._num_intervals, self._num_frames = number + 1, self._num_frames + segment.num_frames
        self._job.keep_interval(
            interval,
            interval_vectors(visual_ND, segment.num_frames),
            num_frames=self._num_frames,
            num_rows=memory.num_rows,
            num_bytes=memory.nbytes,
        )
        _tell(self._between, memory)

    def _check_opened(self) -> None:
        assert self._added is not None, "frames come of a video that was opened"
        self._added.check_opened()

    def _why(self, error: Exception) -> str:
        """What went wrong, in a sentence that names no place on this machine."""
        entry = self._job.entry
        text = str(error) if isinstance(error, VideoXLError) else f"unexpected {type(error).__name__}: {error}"
        logger.warning("%s could not be watched (%s)", entry.title, type(error).__name__)
        logger.debug("where it failed", exc_info=error)
        if entry.source_path is not None:
            path = Path(entry.source_path)
            text = text.replace(str(path), entry.source_name).replace(path.name, entry.source_name)
        return text.replace(str(self._job.path), "its memory").replace(str(self._library.folder), "the library")
