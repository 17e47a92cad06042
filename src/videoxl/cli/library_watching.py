"""Watching into the library from any verb: this process works on what it wants, or waits for the one that does."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from videoxl.cli.console import note
from videoxl.cli.home import open_library
from videoxl.cli.progress import WatchProgress
from videoxl.cli.watching import say_losses
from videoxl.errors import LeaseLostError, MemoryFormatError, VideoXLError

if TYPE_CHECKING:
    from videoxl.cli.watching import WatchOptions
    from videoxl.engine import Progress, VideoXL
    from videoxl.library import Entry, Job, Library, WatchSettings
    from videoxl.memory import CompressedMemory

SECONDS_BETWEEN_LOOKS = 0.5


@dataclass(frozen=True, slots=True)
class Kept:
    """A memory out of the library, and how this run came by it."""

    library: "Library"
    entry: "Entry"
    path: Path
    memory: "CompressedMemory"
    num_frames_watched: int
    """In this run; 0 where the memory was ready already, or another process watched it."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A video that can be watched as it was asked for."""

    path: Path
    settings: "WatchSettings"
    duration_seconds: float


def check_video(vxl: "VideoXL", source: Path, options: "WatchOptions", *, isolated: bool = False) -> Checked:
    """Refuse what cannot be carried out, before anything of it is kept.

    Args:
        isolated: It came from elsewhere, and is opened behind a wall.
    """
    from videoxl.engine.watch import check_watch
    from videoxl.library import WatchSettings
    from videoxl.video import DecodeLimits, open_video

    video = open_video(source, isolated=DecodeLimits() if isolated else None)
    config = vxl.watch_config(options.sample(), **options.density())
    check_watch(vxl.model, video, config)
    return Checked(source, WatchSettings.of(config), video.info.duration_seconds)


def add_video(
    library: "Library", vxl: "VideoXL", video: Checked, *, name: str | None = None, title: str | None = None
) -> "Entry":
    """The entry of a video with these settings."""
    return library.add(
        video.path, video.settings, model_name=vxl.name, model_fingerprint=vxl.fingerprint, name=name, title=title,
        duration_seconds=video.duration_seconds,
    )  # fmt: skip


def keep_watched(vxl: "VideoXL", source: Path, options: "WatchOptions") -> Kept:
    """The memory of a video out of the library of this home: kept from another time, gone on with, or made now.

    Raises:
        VideoXLError: It could not be watched; the message says why.
    """
    video = check_video(vxl, source, options)
    library = open_library()
    entry = add_video(library, vxl, video)
    if entry.state == "ready":
        try:
            return _opened(library, vxl, entry, 0)
        except MemoryFormatError as error:
            note(f"the kept memory is made anew: {error}")
            library.again(entry.id)
    progresses: list[Progress] = []
    [entry] = watch_entries(library, vxl, [entry], progresses=progresses)
    if entry.state == "failed":
        raise VideoXLError(entry.why)
    last = progresses[-1] if progresses else None
    kept = _opened(library, vxl, entry, last.num_frames - last.num_resumed if last else 0)
    say_losses(vxl, kept.memory, options)
    return kept


def watch_entries(
    library: "Library", vxl: "VideoXL", entries: Sequence["Entry"], *, progresses: "list[Progress] | None" = None
) -> "list[Entry]":
    """The same entries once each is ready or has failed, in the same order; removed ones are left out.

    What another process watches is waited for, and taken up where that process dies.

    Args:
        progresses: Gets the last progress of each video that this process has watched.
    """
    from videoxl.library.worker import LEASE_SECONDS, worker_name

    wanted = {entry.id for entry in entries}
    pause, has_waited = threading.Event(), False
    while waiting := [entry for entry in _found(library, entries) if entry.state in ("queued", "watching")]:
        job = library.lease(worker_name(), LEASE_SECONDS, model_fingerprint=vxl.fingerprint, only=wanted)
        if job is not None:
            work_with_progress(library, vxl, job, progresses=progresses)
            continue
        if not has_waited:
            progress = library.progress(waiting[0].id)
            by = f" by {progress.worker}" if progress and progress.worker else ""
            note(f"{waiting[0].title} is being watched{by}; waiting for it. Ctrl-C leaves that to go on alone.")
            has_waited = True
        pause.wait(SECONDS_BETWEEN_LOOKS)
    return _found(library, entries)


def work_with_progress(
    library: "Library", vxl: "VideoXL", job: "Job", *, progresses: "list[Progress] | None" = None
) -> "Entry | None":
    """Watch the video of a job on the terminal; None where somebody else took it over, or removed it."""
    from videoxl.library.worker import work_on

    with WatchProgress(job.entry.source_name) as progress:
        try:
            entry = work_on(job, library, vxl, progress=progress)
        except LeaseLostError as error:
            note(str(error))
            return None
    if progresses is not None and progress.last is not None:
        progresses.append(progress.last)
    return entry


def _opened(library: "Library", vxl: "VideoXL", entry: "Entry", num_frames_watched: int) -> Kept:
    with library.reading(entry.id) as path:
        return Kept(library, library.entry(entry.id), path, vxl.open(path), num_frames_watched)


def _found(library: "Library", entries: Sequence["Entry"]) -> "list[Entry]":
    known = {entry.id: entry for entry in library.entries()}
    return [known[entry.id] for entry in entries if entry.id in known]
