"""A video put behind the memory in a folder: made beside it, so that the memory is whole whatever happens meanwhile."""

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

from videoxl.cli.console import note
from videoxl.cli.progress import WatchProgress
from videoxl.cli.watching import Watched, say_losses
from videoxl.errors import MemoryFormatError, MemoryMismatchError

if TYPE_CHECKING:
    from videoxl.cli.watching import WatchOptions
    from videoxl.engine import VideoXL
    from videoxl.memory import CompressedMemory, MemoryAbout

DRAFT_NAME = ".adding.vxl"  # inside the memory's folder: it moves with it and goes with it


def add_with_progress(vxl: "VideoXL", source: Path, options: "WatchOptions", *, to: Path) -> Watched:
    """Add a video to the memory in a folder, which is replaced at one moment, when all of the video was watched.

    What an interrupted run of the same command had watched is gone on with.
    """
    began, draft = time.perf_counter(), to / DRAFT_NAME
    memory = vxl.open(to)
    if _was_added(vxl, memory, source, options, draft):
        num_watched = 0
    else:
        num_watched = _watch_behind(vxl, memory, source, options, draft)
        memory.save(to, overwrite=True)
    shutil.rmtree(draft, ignore_errors=True)
    say_losses(vxl, memory, options)
    return Watched(memory, time.perf_counter() - began, num_watched)


def _was_added(vxl: "VideoXL", memory: "CompressedMemory", source: Path, options: "WatchOptions", draft: Path) -> bool:
    """Whether a run of the same command was stopped after it had replaced the memory, and before it had tidied up."""
    from videoxl.video import source_fingerprint

    stored = _complete(draft)
    if stored is None or stored.sources != memory.about.sources:
        return False
    last = stored.sources[-1]
    plan = vxl.watch_config(options.sample(), **options.density()).to_json()
    return last.details.get("plan") == plan and last.sha256 == source_fingerprint(source)


def _watch_behind(
    vxl: "VideoXL", memory: "CompressedMemory", source: Path, options: "WatchOptions", draft: Path
) -> int:
    """Frames that were watched; the memory then has them, and so has the draft."""
    with WatchProgress(source.name) as progress:
        settings = {**options.sampling(), **options.density()}
        try:
            vxl.append(memory, source, out=draft, progress=progress, **settings)
        except (MemoryMismatchError, MemoryFormatError) as error:
            if not draft.exists():
                raise
            note(f"what another command had begun to add is thrown away: {error}")
            shutil.rmtree(draft)
            vxl.append(memory, source, out=draft, progress=progress, **settings)
    last = progress.last
    return last.num_frames - last.num_resumed if last else 0


def _complete(draft: Path) -> "MemoryAbout | None":
    """What a finished draft says of itself; None where there is none."""
    from videoxl.memory import inspect

    try:
        manifest = inspect(draft).manifest
    except MemoryFormatError:
        return None
    return manifest.about if manifest.is_complete else None
