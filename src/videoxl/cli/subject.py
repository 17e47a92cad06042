"""What questions are about: a memory in a folder, one of the library, or a video that is watched into the library."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from videoxl.cli.console import complain, note
from videoxl.cli.failure import INTERRUPTED
from videoxl.cli.home import open_library
from videoxl.cli.loading import load_vxl
from videoxl.cli.sources import inspect_memory, is_memory, may_be_id, open_source
from videoxl.errors import UsageError

if TYPE_CHECKING:
    from videoxl.cli.watching import WatchOptions
    from videoxl.engine import Answer, VideoXL
    from videoxl.library import Library
    from videoxl.memory import CompressedMemory


@dataclass(frozen=True, slots=True)
class Subject:
    """A memory with the model that made it, and where it is kept."""

    vxl: "VideoXL"
    memory: "CompressedMemory"
    path: Path | None = None
    library: "Library | None" = None
    entry_id: str | None = None

    def note(self, answer: "Answer") -> None:
        """Remember an answer where the memory is one of the library's."""
        if self.library is not None and self.entry_id is not None:
            self.library.note_answer(self.entry_id, answer)


def open_subject(
    source: Path, watch: "WatchOptions", *, model: str, device: str | None, partial: bool = False, is_kept: bool = True
) -> Subject:
    """What a person pointed at, ready to be asked about; a video is watched first unless it was before."""
    if not (is_memory(source) or may_be_id(source)):
        return _watched(source, watch, model=model, device=device, is_kept=is_kept)
    if watch != type(watch)():
        raise UsageError(
            f"{source} is a memory already, and options of watching (--fps, --ratio, --start, ...) have no effect on "
            "it. Leave them out, or give the video."
        )
    return open_kept(source, model=model, device=device, partial=partial)


def open_kept(source: Path, *, model: str, device: str | None, partial: bool = False) -> Subject:
    """A memory from its folder, or from the library by its id."""
    if not may_be_id(source):
        inspect_memory(source, partial=partial)
        vxl = load_vxl(model, device)
        return Subject(vxl, vxl.open(source), source)
    library = open_library()
    entry = library.entry(str(source))
    with library.reading(entry.id) as path:
        inspect_memory(path, partial=partial)
        vxl = load_vxl(model, device)
        return Subject(vxl, vxl.open(path), path, library, entry.id)


def _watched(source: Path, watch: "WatchOptions", *, model: str, device: str | None, is_kept: bool) -> Subject:
    """The memory of a video: kept from another time, gone on with, or made now."""
    from videoxl.cli.library_watching import keep_watched
    from videoxl.cli.watching import watch_with_progress

    open_source(source)  # what is no video is refused before a model is loaded
    vxl = load_vxl(model, device)
    if not is_kept:
        return Subject(vxl, watch_with_progress(vxl, source, watch).memory)
    try:
        kept = keep_watched(vxl, source, watch)
    except KeyboardInterrupt:
        complain(f"stopped while watching {source.name}; what was watched is kept, the same command goes on with it.")
        raise typer.Exit(INTERRUPTED) from None
    if kept.num_frames_watched:
        note(f"{source.name}: its memory is {kept.entry.id[:8]} of the library; `videoxl library list` shows it.")
    else:
        note(f"{source.name} was watched before; its memory is {kept.entry.id[:8]} of the library.")
    return Subject(vxl, kept.memory, kept.path, kept.library, kept.entry.id)
