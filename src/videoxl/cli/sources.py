"""What a person pointed at: a memory or something to watch; looked at before any model is loaded."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from videoxl.errors import MemoryFormatError, UsageError

if TYPE_CHECKING:
    from videoxl.memory import Inspection
    from videoxl.video import VideoSource

MEMORY_SUFFIX = ".vxl"
MANIFEST_NAME = "manifest.json"

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+:/", re.IGNORECASE)  # a path has lost the second slash; C:/ is a drive


def is_memory(path: Path) -> bool:
    """Whether a path means a memory: by its name, or by what lies in it."""
    return path.suffix == MEMORY_SUFFIX or (path / MANIFEST_NAME).is_file()


def may_be_id(path: Path) -> bool:
    """Whether a path that names nothing here reads like the id of a memory of the library."""
    from videoxl.library.address import is_prefix

    return is_prefix(str(path)) and not path.exists()


def open_source(path: Path) -> "VideoSource":
    """Something to watch, open. Raises UsageError for an address, VideoError for what is no video."""
    from videoxl.video import open_video

    if _ADDRESS.match(str(path)) and not path.exists():
        address = str(path).replace(":/", "://", 1)
        raise UsageError(
            f"{address} is an address, expected a file or a folder. `videoxl library add ADDRESS` fetches and watches "
            "it, and says the id to ask by."
        )
    return open_video(path)


def inspect_memory(path: Path, *, partial: bool) -> "Inspection":
    """The manifest of a memory that can be asked; an unfinished one only where that was said."""
    from videoxl.memory import inspect
    from videoxl.video.clock import clock

    inspection = inspect(path)
    manifest = inspection.manifest
    if manifest.is_complete:
        return inspection
    intervals = [segment for segment in manifest.segments if segment.kind == "interval"]
    video = manifest.about.sources[-1]
    done = clock(intervals[-1].stop_seconds) if intervals else "the beginning"
    if partial and intervals:
        return inspection
    raise MemoryFormatError(
        f"{path} is not finished: watching {video.name} stopped at {done} of {clock(video.duration_seconds)}. "
        f"Go on with `videoxl watch {video.name} -o {path}`"
        + (", or ask what is there with --partial." if intervals else ".")
    )
