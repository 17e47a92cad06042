"""Writing a memory while it is made, so that a run that is killed loses little and can go on where it was.

Rows wait until they fill a shard; the shard is written, then named by the manifest, then what it supersedes is removed.
Whatever is interrupted, the folder opens with all that the last manifest names, and a run that goes on to the end makes
the very files of one that was never interrupted.

    L layers, K key/value heads, N rows of one segment, E head width
"""

from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Self

import torch
from torch import Tensor

from videoxl.memory.about import MemoryAbout, check_same_run
from videoxl.memory.folder import MANIFEST_NAME, remove_strays, write_whole
from videoxl.memory.lock import FolderLock, take_folder
from videoxl.memory.manifest import SHARD_ROWS, Manifest, RowGeometry, ShardEntry
from videoxl.memory.manifest_reader import read_manifest
from videoxl.memory.memory import CompressedMemory
from videoxl.memory.segment import Segment
from videoxl.memory.shard import encode_shard, geometry_of
from videoxl.memory.store import load_rows


class MemoryWriter:
    """The one writer of a .vxl folder. As a context manager it closes, or on an exception pauses."""

    about: MemoryAbout
    """Written with the next manifest; a further video of the conversation adds its source here."""
    is_closed: bool
    _lock: FolderLock
    _geometry: RowGeometry | None

    def __init__(
        self, path: str | PathLike[str], about: MemoryAbout, *, overwrite: bool = False, shard_rows: int = SHARD_ROWS
    ) -> None:
        """Begin a memory at `path`; one that is there is refused unless `overwrite`, and kept until rows replace it."""
        folder = Path(path)
        lock, replaces_memory = take_folder(folder, overwrite=overwrite)
        try:
            self._begin(folder, lock, Manifest(about, shard_rows=shard_rows), is_published=False)
            if not replaces_memory:
                self._publish(self._manifest)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def resume(
        cls,
        path: str | PathLike[str],
        about: MemoryAbout,
        *,
        device: torch.device | str = "cpu",
        shard_rows: int = SHARD_ROWS,
    ) -> tuple[Self, CompressedMemory]:
        """Go on with what `path` holds, complete or not, or begin where nothing is; and the memory so far.

        An incomplete memory goes on with the settings it was begun with, a complete one may get another plan and
        further sources; the model and its preprocessing stay.
        """
        folder = Path(path)
        if not (folder / MANIFEST_NAME).exists():
            return cls(folder, about, shard_rows=shard_rows), CompressedMemory(about, device=device)
        lock = FolderLock(folder)
        try:
            manifest = read_manifest(folder)
            check_same_run(manifest.about, about, is_complete=manifest.is_complete, name=str(folder))
            memory = load_rows(folder, manifest, device=device)
            remove_strays(folder, keep={shard.name for shard in manifest.shards})
        except BaseException:
            lock.release()
            raise
        writer = cls.__new__(cls)
        writer._begin(folder, lock, manifest, is_published=True)
        writer.about = memory.about = replace(about, created_with=manifest.about.created_with)
        writer._wait_again(memory)
        return writer, memory

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        else:
            self.pause()

    def append(self, segment: Segment, keys_LKNE: Tensor, values_LKNE: Tensor) -> None:
        """Copy the rows of one segment, and write a shard when one is full.

        After a CapacityError the segment is kept and waits; do not append it again.
        """
        assert not self.is_closed, "a closed writer takes no more segments"
        shapes = keys_LKNE.shape, values_LKNE.shape
        assert shapes[0] == shapes[1], f"keys and values have one shape, got {shapes}"
        assert shapes[0][2] == segment.num_rows, f"the segment says {segment.num_rows} rows, got shape {shapes[0]}"
        geometry = geometry_of(keys_LKNE)
        assert self._geometry in (None, geometry), f"this memory keeps {self._geometry}, got {geometry}"
        self._geometry = geometry
        self._wait(segment, keys_LKNE, values_LKNE)
        self._write_full_shards()

    def checkpoint(self) -> None:
        """Save every segment so far; the last, short shard is written anew when more rows come."""
        self._flush(is_complete=False)

    def close(self) -> None:
        """Save every segment, call the memory complete and let others write the folder."""
        if not self.is_closed:
            self._flush(is_complete=True)
            self.is_closed = True
            self._lock.release()

    def pause(self) -> None:
        """Save every segment, leave the memory as it is, to be resumed, and let others write the folder."""
        if not self.is_closed:
            try:
                self.checkpoint()
            finally:
                self.is_closed = True
                self._lock.release()

    @property
    def num_saved_rows(self) -> int:
        """Rows that would survive a kill right now."""
        return self._manifest.num_rows

    def _begin(self, folder: Path, lock: FolderLock, manifest: Manifest, *, is_published: bool) -> None:
        self.about = manifest.about
        self.is_closed = False
        self._folder = folder
        self._lock = lock
        # What stands in the folder. Everything else follows from it and from what waits, and each of the two changes
        # in one step, so that Ctrl-C at any moment leaves a writer that can still pause.
        self._manifest = manifest
        self._is_published = is_published
        self._waiting: list[_Waiting] = []
        self._geometry = manifest.geometry

    def _wait_again(self, memory: CompressedMemory) -> None:
        """Take the rows of a resumed memory's last, short shard."""
        for index, segment in enumerate(memory.segments):
            rows = memory.row_range(index)
            if rows.start >= self._num_sealed_rows:
                self._wait(
                    segment, memory.keys[:, :, rows.start : rows.stop], memory.values[:, :, rows.start : rows.stop]
                )

    def _wait(self, segment: Segment, keys_LKNE: Tensor, values_LKNE: Tensor) -> None:
        keys_LKNE, values_LKNE = (rows.detach().to("cpu", copy=True) for rows in (keys_LKNE, values_LKNE))
        self._waiting.append(_Waiting(segment, self._num_rows, keys_LKNE, values_LKNE))

    @property
    def _num_rows(self) -> int:
        return self._waiting[-1].stop_row if self._waiting else self._num_sealed_rows

    @property
    def _sealed_shards(self) -> tuple[ShardEntry, ...]:
        """The shards that stay as they are; a last one that is not full will be superseded."""
        shards = self._manifest.shards
        return shards if not shards or shards[-1].num_rows >= self._manifest.shard_rows else shards[:-1]

    @property
    def _num_sealed_rows(self) -> int:
        return self._sealed_shards[-1].stop_row if self._sealed_shards else 0

    def _flush(self, *, is_complete: bool) -> None:
        self._write_full_shards()
        if self._manifest.num_rows < self._num_rows:
            self._write_shard(self._unsealed(), is_complete=is_complete)
        elif self._is_published or is_complete:  # nothing new: what was complete stays so
            is_complete = is_complete or self._manifest.is_complete
            self._publish(replace(self._manifest, about=self.about, is_complete=is_complete))

    def _write_full_shards(self) -> None:
        shard_rows = self._manifest.shard_rows
        while self._num_rows - (first_row := self._num_sealed_rows) >= shard_rows:
            batch = self._unsealed()
            is_full = [waiting.stop_row - first_row >= shard_rows for waiting in batch]
            self._write_shard(batch[: is_full.index(True) + 1], is_complete=False)

    def _write_shard(self, batch: list["_Waiting"], *, is_complete: bool) -> None:
        """Write waiting segments as the next shard, and the manifest that ends with it."""
        keys_LKNE = torch.cat([waiting.keys_LKNE for waiting in batch], dim=2)
        values_LKNE = torch.cat([waiting.values_LKNE for waiting in batch], dim=2)
        shard, data = encode_shard(self._num_sealed_rows, keys_LKNE, values_LKNE)
        write_whole(self._folder / shard.name, data)
        segments = (*self._sealed_segments(), *(waiting.segment for waiting in batch))
        shards = (*self._sealed_shards, shard)
        shard_rows = self._manifest.shard_rows
        self._publish(Manifest(self.about, segments, self._geometry, shards, shard_rows, is_complete))
        self._waiting = self._unsealed()

    def _unsealed(self) -> list["_Waiting"]:
        return [waiting for waiting in self._waiting if waiting.first_row >= self._num_sealed_rows]

    def _sealed_segments(self) -> list[Segment]:
        segments, row = [], 0
        for segment in self._manifest.segments:
            if row < self._num_sealed_rows:
                segments.append(segment)
            row += segment.num_rows
        return segments

    def _publish(self, manifest: Manifest) -> None:
        """Replace the manifest where it says something new, then remove what it no longer names."""
        if manifest != self._manifest or not self._is_published:
            write_whole(self._folder / MANIFEST_NAME, manifest.to_bytes())
            self._manifest = manifest
            self._is_published = True
            remove_strays(self._folder, keep={shard.name for shard in manifest.shards})


@dataclass(frozen=True, slots=True)
class _Waiting:
    """The rows of one segment that is not in a full shard."""

    segment: Segment
    first_row: int
    keys_LKNE: Tensor
    values_LKNE: Tensor

    @property
    def stop_row(self) -> int:
        return self.first_row + self.segment.num_rows
