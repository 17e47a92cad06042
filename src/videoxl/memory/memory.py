"""What is kept of a video: rows of keys and values without positions, and the segments that say what they stand for.

A memory is the only place where a video lives; the model keeps nothing. Appending is how it is made, forking is how a
conversation starts from it: a fork shares the rows and never shows in, or harms, the memory it came from.

    L layers, K key/value heads, S rows kept, N rows of one append, E head width
"""

from bisect import bisect_right
from os import PathLike

import torch
from torch import Tensor

from videoxl.memory.about import MemoryAbout
from videoxl.memory.rows import GROWTH, RowBuffers
from videoxl.memory.segment import Segment
from videoxl.memory.summary import MemorySummary, summarise

FIRST_CAPACITY = 256  # rows; a short clip fits without growing


class CompressedMemory:
    """An append-only list of segments and their rows. Keys are un-rotated, so a row has no position.

    Number type and device follow the first append unless given. Views from `keys` and `values` stay true for ever:
    a row, once written, is never written again.
    """

    def __init__(
        self,
        about: MemoryAbout | None = None,
        *,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> None:
        self.about = about or MemoryAbout()
        self._dtype = dtype
        self._device = None if device is None else torch.device(device)
        self._segments: list[Segment] = []
        self._stops: list[int] = []  # row index after each segment
        self._rows: RowBuffers | None = None
        self._reserved = FIRST_CAPACITY

    def __repr__(self) -> str:
        return f"CompressedMemory({len(self._segments)} segments, {self.num_rows} rows, {self.nbytes} bytes)"

    def append(self, segment: Segment, keys_LKNE: Tensor, values_LKNE: Tensor) -> None:
        """Copy the rows of one segment in, moving them to this memory's device where they are elsewhere."""
        assert keys_LKNE.ndim == 4, f"rows come as (L, K, N, E), got shape {tuple(keys_LKNE.shape)}"
        assert keys_LKNE.shape == values_LKNE.shape, (
            f"keys and values have one shape, got {tuple(keys_LKNE.shape)} and {tuple(values_LKNE.shape)}"
        )
        assert keys_LKNE.shape[2] == segment.num_rows, (
            f"the segment says {segment.num_rows} rows, the tensors have {keys_LKNE.shape[2]}"
        )
        rows = self._room_for(segment.num_rows, keys_LKNE)
        assert keys_LKNE.dtype == values_LKNE.dtype == rows.keys_LKSE.dtype, (
            f"this memory keeps {rows.keys_LKSE.dtype}, got {keys_LKNE.dtype} and {values_LKNE.dtype}"
        )
        rows.write(self.num_rows, keys_LKNE, values_LKNE)
        self._stops.append(self.num_rows + segment.num_rows)
        self._segments.append(segment)

    def fork(self) -> "CompressedMemory":
        """A memory that begins as this one and shares its rows; what either appends, the other never sees."""
        forked = CompressedMemory(self.about, dtype=self._dtype, device=self._device)
        forked._segments = list(self._segments)
        forked._stops = list(self._stops)
        forked._rows = self._rows
        forked._reserved = self._reserved
        return forked

    def truncate(self, num_segments: int) -> None:
        """Keep the first `num_segments` segments. The next append copies the kept rows once."""
        assert 0 <= num_segments <= len(self._segments), f"got {num_segments} of {len(self._segments)} segments"
        del self._segments[num_segments:]
        del self._stops[num_segments:]

    def reserve(self, num_rows: int) -> None:
        """Make room for `num_rows` rows in all, so that appending up to there copies nothing twice."""
        self._reserved = max(num_rows, 1)
        if self._rows is not None and self._rows.capacity < num_rows:
            self._rows = self._rows.copy(self.num_rows, capacity=num_rows)

    def save(self, path: str | PathLike[str], *, overwrite: bool = False) -> None:
        """Write this memory as a .vxl folder; see `videoxl.memory.store.save`."""
        from videoxl.memory.store import save

        save(self, path, overwrite=overwrite)

    @property
    def num_rows(self) -> int:
        return self._stops[-1] if self._stops else 0

    @property
    def nbytes(self) -> int:
        """Bytes of the kept rows, keys and values."""
        return self.num_rows * self._rows.row_bytes if self._rows is not None else 0

    @property
    def allocated_bytes(self) -> int:
        """Bytes held for rows, unused room included; buffers shared between forks count in each."""
        return self._rows.capacity * self._rows.row_bytes if self._rows is not None else 0

    @property
    def keys(self) -> Tensor:
        """Un-rotated keys (L, K, S, E), as a view."""
        return self._buffers().keys_LKSE.narrow(2, 0, self.num_rows)

    @property
    def values(self) -> Tensor:
        """Values (L, K, S, E), as a view."""
        return self._buffers().values_LKSE.narrow(2, 0, self.num_rows)

    @property
    def dtype(self) -> torch.dtype | None:
        """Number type of the rows; None while nothing was appended and none was given."""
        return self._rows.keys_LKSE.dtype if self._rows is not None else self._dtype

    @property
    def device(self) -> torch.device | None:
        """Where the rows are; None while nothing was appended and no device was given."""
        return self._rows.keys_LKSE.device if self._rows is not None else self._device

    @property
    def segments(self) -> tuple[Segment, ...]:
        return tuple(self._segments)

    @property
    def intervals(self) -> tuple[Segment, ...]:
        """The segments that stand for video, in order."""
        return tuple(segment for segment in self._segments if segment.kind == "interval")

    @property
    def num_frames(self) -> int:
        return sum(segment.num_frames for segment in self._segments)

    @property
    def duration_seconds(self) -> float:
        """Seconds of video that the intervals cover, over all sources."""
        return sum(segment.num_seconds for segment in self.intervals)

    def row_range(self, index: int) -> range:
        """The rows of segment `index`."""
        index = range(len(self._segments))[index]
        return range(self._stops[index] - self._segments[index].num_rows, self._stops[index])

    def segment_of_row(self, row: int) -> int:
        """Index of the segment that row `row` belongs to."""
        assert 0 <= row < self.num_rows, f"row {row} of {self.num_rows}"
        return bisect_right(self._stops, row)

    def summary(self) -> MemorySummary:
        """What was kept of what, in counts and bytes."""
        return summarise(self.about, self._segments, num_bytes=self.nbytes)

    def same_rows(self, other: "CompressedMemory") -> bool:
        """Whether both keep the same rows, bit for bit (so NaN equals NaN), wherever they are."""
        if self.num_rows == 0 or self.num_rows != other.num_rows or self.dtype != other.dtype:
            return self.num_rows == other.num_rows == 0
        return _same_bits(self.keys, other.keys) and _same_bits(self.values, other.values)

    def _buffers(self) -> RowBuffers:
        assert self._rows is not None, "nothing was appended to this memory yet, so the shape of its rows is unknown"
        return self._rows

    def _room_for(self, num_rows: int, like_LKNE: Tensor) -> RowBuffers:
        """Buffers in which the next `num_rows` rows belong to this memory alone."""
        needed = self.num_rows + num_rows
        if self._rows is None:
            assert self._dtype in (None, like_LKNE.dtype), f"this memory keeps {self._dtype}, got {like_LKNE.dtype}"
            self._rows = RowBuffers(like_LKNE, capacity=max(needed, self._reserved), device=self._device)
        layers, heads, _, width = self._rows.keys_LKSE.shape
        assert like_LKNE.shape == (layers, heads, num_rows, width), (
            f"this memory keeps rows of (L, K, E) = {(layers, heads, width)}, got shape {tuple(like_LKNE.shape)}"
        )
        if not self._rows.claim(self.num_rows, num_rows):
            grown = self._rows.capacity if needed <= self._rows.capacity else int(self.num_rows * GROWTH)
            self._rows = self._rows.copy(self.num_rows, capacity=max(needed, grown))
            assert self._rows.claim(self.num_rows, num_rows), "buffers just made have room"
        return self._rows


def _same_bits(one: Tensor, other: Tensor) -> bool:
    as_integers = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}[one.element_size()]
    return torch.equal(one.view(as_integers), other.to(one.device).view(as_integers))
