"""Another video behind a memory, written while it is watched, so that a run that is killed goes on where it was.

What is written is a memory of its own: first the rows that there were, then those of the new video as they come. The
memory that it begins with stays as it is, whatever happens.
"""

from os import PathLike
from pathlib import Path

from videoxl.errors import MemoryMismatchError
from videoxl.memory import CompressedMemory, MemoryAbout, MemoryWriter, inspect
from videoxl.memory.folder import MANIFEST_NAME


def begin_behind(memory: CompressedMemory, out: str | PathLike[str], about: MemoryAbout) -> MemoryWriter:
    """The writer of `out` behind all of `memory`, to which everything is added that an earlier run wrote there.

    Args:
        about: What the longer memory will say of itself: the sources that there were, and the new one.

    Raises:
        MemoryMismatchError: `out` holds something else; or it goes on behind another memory, or with other settings.
    """
    if (Path(out) / MANIFEST_NAME).exists():
        found = inspect(out).manifest
        if found.is_complete and len(found.about.sources) != len(about.sources):
            raise _other(out)
    writer, kept = MemoryWriter.resume(out, about, device=memory.device or "cpu")
    try:
        num_shared = min(len(memory.segments), len(kept.segments))
        if not _begin_alike(memory, kept, num_shared):
            raise _other(out)
        for index in range(num_shared, len(memory.segments)):  # stopped before all that there was had been copied
            rows = memory.row_range(index)
            part = slice(rows.start, rows.stop)
            writer.append(memory.segments[index], memory.keys[:, :, part], memory.values[:, :, part])
        for index in range(num_shared, len(kept.segments)):
            rows = kept.row_range(index)
            part = slice(rows.start, rows.stop)
            memory.append(kept.segments[index], kept.keys[:, :, part], kept.values[:, :, part])
    except BaseException:
        writer.pause()
        raise
    return writer


def _begin_alike(memory: CompressedMemory, kept: CompressedMemory, num_segments: int) -> bool:
    if memory.segments[:num_segments] != kept.segments[:num_segments]:
        return False
    one, other = memory.fork(), kept.fork()
    one.truncate(num_segments)
    other.truncate(num_segments)
    return one.same_rows(other)


def _other(out: str | PathLike[str]) -> MemoryMismatchError:
    return MemoryMismatchError(
        f"{out} holds something else than this memory with this video behind it. Write to another folder, or remove it."
    )
