"""The working form of a memory: keys rotated once to the positions where they stay, and room for a conversation.

A memory row's position in every later step is its index, so its key is rotated when it arrives and never again.
`MemoryCache` is what transformers' `generate` takes as `past_key_values`. Forks share the memory's rows and have a tail
of their own: two conversations on one memory never touch each other.

L layers, B batch, K key/value heads, S memory rows, T tokens of a step, E head width.
"""

from collections.abc import Callable
from typing import Any, Protocol

import torch
from transformers.cache_utils import Cache, CacheLayerMixin

from videoxl.memory.key_values import KeyValues, PaddedTails, Pieces
from videoxl.memory.memory import CompressedMemory
from videoxl.memory.segment import Segment

Rotate = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Rotates keys (..., K, N, E) to positions (N,)."""

TAIL_ROOM = 64  # rows; a question and a short answer fit without growing


class Past(Protocol):
    """What a step of the decoder may read."""

    @property
    def num_rows(self) -> int:
        """Rows of the memory."""

    @property
    def num_tail(self) -> int:
        """Rows of the conversation on it; the next token's position is the sum of both."""

    def memory_of(self, layer: int) -> KeyValues | Pieces | None:
        """Rotated keys and values of the memory in one layer, (1 or B, K, S, E); None where it is empty."""

    def extend_tail(self, layer: int, own: KeyValues) -> KeyValues | PaddedTails:
        """Take rotated rows of a text step; returns all rows of the tail, (B, K, tail, E)."""


class TailLayer(CacheLayerMixin):
    """One layer of a cache: the memory's rows, shared, and the tail's, its own."""

    is_croppable = True

    def __init__(self, memory: KeyValues | None = None) -> None:
        super().__init__()
        self.memory = memory
        self.num_tail = 0
        self._room: KeyValues | None = None

    @property
    def tail(self) -> KeyValues | None:
        """Rows of the conversation, (B, K, tail, E)."""
        return None if self._room is None else KeyValues(*(part.narrow(2, 0, self.num_tail) for part in self._room))

    @property
    def nbytes(self) -> int:
        """Bytes held for the tail, with its room."""
        return 0 if self._room is None else sum(part.nbytes for part in self._room)

    def extend(self, own: KeyValues) -> KeyValues:
        """Append rows to the tail and return all of it."""
        stop = self.num_tail + own.keys.shape[2]
        if self._room is None or self._room.keys.shape[2] < stop:
            self._room = self._grown(own, stop)
        for room, rows in zip(self._room, own, strict=True):
            room.narrow(2, self.num_tail, rows.shape[2]).copy_(rows)
        self.num_tail = stop
        self.is_initialized = True
        tail = self.tail
        assert tail is not None
        return tail

    def fork(self) -> "TailLayer":
        forked = TailLayer(self.memory)
        if self.tail is not None:
            forked.extend(self.tail)
        return forked

    def _grown(self, own: KeyValues, stop: int) -> KeyValues:
        batch, heads, _, width = own.keys.shape
        old = self.tail
        room = KeyValues(*(part.new_empty(batch, heads, max(2 * stop, TAIL_ROOM), width) for part in own))
        if old is not None:
            for new, rows in zip(room, old, strict=True):
                new.narrow(2, 0, self.num_tail).copy_(rows)
        return room

    # What transformers asks of a cache layer.

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        self.is_initialized = True

    def update(self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any) -> KeyValues:
        tail = self.extend(KeyValues(key_states, value_states))
        if self.memory is None:
            return tail
        batch = tail.keys.shape[0]
        pairs = zip(self.memory, tail, strict=True)
        return KeyValues(*(torch.cat([rows.expand(batch, -1, -1, -1), part], dim=2) for rows, part in pairs))

    def get_seq_length(self) -> int:
        return self.num_tail + (0 if self.memory is None else self.memory.keys.shape[2])

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return self.get_seq_length() + query_length, 0

    def get_max_length(self) -> int:
        return -1

    def crop(self, max_length: int) -> None:
        """Forget the last `-max_length` rows of the tail; the memory itself is never cropped."""
        assert -self.num_tail <= max_length <= 0, f"a tail of {self.num_tail} rows cannot lose {-max_length}"
        self.num_tail += max_length

    def reset(self) -> None:
        self.num_tail = 0

    def reorder_cache(self, beam_idx: torch.LongTensor) -> None:
        self._select(lambda part: part.index_select(0, beam_idx.to(part.device)))

    def batch_repeat_interleave(self, repeats: int) -> None:
        self._select(lambda part: part.repeat_interleave(repeats, dim=0))

    def batch_select_indices(self, indices: torch.Tensor) -> None:
        self._select(lambda part: part[indices, ...])

    def _select(self, choose: Callable[[torch.Tensor], torch.Tensor]) -> None:
        if self._room is not None:
            self._room = KeyValues(*map(choose, self._room))


class MemoryCache(Cache):
    """A memory ready to be read by the decoder, and the tail of one conversation (or a batch of questions) on it."""

    def __init__(self, memory: CompressedMemory, *, num_layers: int, rotate: Rotate) -> None:
        self._tail_layers = [TailLayer() for _ in range(num_layers)]
        super().__init__(layers=self._tail_layers)
        self.memory = memory
        self.num_rows = 0
        self._rotate = rotate
        self._rotated_LKSE: torch.Tensor | None = None
        self._owns_room = True
        self._reserved = 0
        self.refresh()

    @property
    def num_tail(self) -> int:
        """Rows of the conversation, the same in every layer."""
        return self._tail_layers[0].num_tail

    @property
    def nbytes(self) -> int:
        """Bytes held beside the memory itself: rotated keys with their room."""
        return 0 if self._rotated_LKSE is None else self._rotated_LKSE.nbytes

    def reserve(self, num_rows: int) -> None:
        """Make room for `num_rows` rows in all, here and in the memory: up to there nothing is copied to make room."""
        self.memory.reserve(num_rows)
        self._reserved = num_rows

    def append(self, segment: Segment, rows: KeyValues) -> None:
        """Add the rows (L, 1, K, N, E, un-rotated) of one more segment to the memory, and read them from now on."""
        assert self.num_tail == 0, "a memory grows before a conversation on it begins, not after"
        self.memory.append(segment, rows.keys[:, 0], rows.values[:, 0])
        self.refresh()

    def refresh(self) -> None:
        """Rotate the rows that the memory gained since the last time."""
        total = self.memory.num_rows
        if total == 0:
            return
        keys, values = self.memory.keys, self.memory.values
        if total > self.num_rows:
            room = self._room_for(keys)
            positions = torch.arange(self.num_rows, total, device=keys.device)
            new = keys.narrow(2, self.num_rows, total - self.num_rows)
            room.narrow(2, self.num_rows, total - self.num_rows).copy_(self._rotate(new, positions))
            self._rotated_LKSE, self.num_rows = room, total
        assert self._rotated_LKSE is not None
        rotated = self._rotated_LKSE.narrow(2, 0, total)
        for index, layer in enumerate(self._tail_layers):
            layer.memory = KeyValues(rotated[index : index + 1], values[index : index + 1])

    def rewind(self, num_segments: int) -> None:
        """Forget all but the first segments of the memory, here and there; forks of either keep what they have."""
        assert self.num_tail == 0, "a memory shrinks before a conversation on it begins, not after"
        self.memory.truncate(num_segments)
        self.num_rows, self._owns_room = self.memory.num_rows, False
        for layer in self._tail_layers:
            layer.memory = None
        self.refresh()

    def fork(self) -> "MemoryCache":
        """A conversation that begins where this one stands: rows shared, tail copied."""
        forked = MemoryCache.__new__(MemoryCache)
        forked._tail_layers = [layer.fork() for layer in self._tail_layers]
        Cache.__init__(forked, layers=forked._tail_layers)
        forked.memory = self.memory.fork()
        forked.num_rows = self.num_rows
        forked._rotate, forked._rotated_LKSE, forked._owns_room = self._rotate, self._rotated_LKSE, False
        forked._reserved = 0
        return forked

    def rewind_tail(self, num_rows: int) -> None:
        """Forget all but the first rows of the conversation, also where a step was broken off between two layers."""
        for layer in self._tail_layers:
            layer.crop(num_rows - layer.num_tail)

    @property
    def tail_bytes(self) -> int:
        """Bytes held for the conversation, with their room."""
        return sum(layer.nbytes for layer in self._tail_layers)

    def tail_of(self, question: int, num_rows: int) -> KeyValues:
        """The first rows (L, K, N, E) of the tail of one question of a batch, copied."""
        tails = [layer.tail for layer in self._tail_layers]
        parts = ([tail[which][question, :, :num_rows] for tail in tails if tail is not None] for which in (0, 1))
        return KeyValues(*map(torch.stack, parts))

    def memory_of(self, layer: int) -> KeyValues | None:
        return self._tail_layers[layer].memory

    def extend_tail(self, layer: int, own: KeyValues) -> KeyValues:
        return self._tail_layers[layer].extend(own)

    def _room_for(self, keys_LKSE: torch.Tensor) -> torch.Tensor:
        """The buffer of rotated keys, grown by half, or copied where a fork would write into another's room."""
        total = keys_LKSE.shape[2]
        room = self._rotated_LKSE
        if room is not None and room.shape[2] >= total and self._owns_room:
            return room
        layers, heads, _, width = keys_LKSE.shape
        wanted = total if room is None or total <= self._reserved else total * 3 // 2
        grown = keys_LKSE.new_empty(layers, heads, max(wanted, self._reserved), width)
        if room is not None:
            grown.narrow(2, 0, self.num_rows).copy_(room.narrow(2, 0, self.num_rows))
        self._owns_room = True
        return grown


class BatchMemory:
    """The memories of a batch of videos with one plan, differentiable: what training reads and appends to.

    Rows stay in the pieces in which they came, a tensor a layer, and are put in a row only where a layer reads them: a
    step that is computed again in the backward pass (activation checkpointing) then keeps nothing but the pieces.
    """

    num_tail = 0

    def __init__(self, *, rotate: Rotate) -> None:
        self._rotate = rotate
        self._pieces: list[tuple[KeyValues, ...]] = []
        self.num_rows = 0

    def append(self, rows: KeyValues) -> None:
        """Add un-rotated rows (L, B, K, N, E); gradients flow through them."""
        self.append_rotated(self.rotated(rows))

    def rotated(self, rows: KeyValues) -> KeyValues:
        """The rows with their keys at the positions that they will have once they are appended."""
        positions = torch.arange(self.num_rows, self.num_rows + rows.keys.shape[3], device=rows.keys.device)
        return KeyValues(self._rotate(rows.keys, positions), rows.values)

    def append_rotated(self, rows: KeyValues) -> None:
        """Add what `rotated` gave."""
        self._pieces.append(tuple(map(KeyValues, rows.keys.unbind(), rows.values.unbind())))
        self.num_rows += rows.keys.shape[3]

    def fork(self) -> "BatchMemory":
        """The same rows, to which nothing will be added: what a step reads when it is computed again."""
        forked = BatchMemory(rotate=self._rotate)
        forked._pieces, forked.num_rows = list(self._pieces), self.num_rows
        return forked

    def memory_of(self, layer: int) -> Pieces:
        return Pieces(tuple(piece[layer] for piece in self._pieces))

    def extend_tail(self, layer: int, own: KeyValues) -> KeyValues:
        """Training reads a conversation in one step, so its tail is the step itself."""
        return own
