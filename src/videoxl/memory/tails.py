"""Tails of many conversations on one memory, ready to be read by the decoder in one step of a token each.

The memory's rows are there once, whatever the number of questions. Tails lie in groups of about one length, so that
padding is at most as much as what is padded: one long history beside many short questions costs its own rows, not as
much again for each of them.

L layers, B batch, K key/value heads, N rows of a tail, E head width.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

import torch

from videoxl.memory.cache import MemoryCache
from videoxl.memory.key_values import KeyValues, PaddedTails

Owner = TypeVar("Owner", bound=Hashable)

LEAST_ROOM = 64  # rows; a question and a short answer


def room_for(num_rows: int) -> int:
    """Rows of the group that a tail of `num_rows` rows, and one more, belongs to."""
    room = LEAST_ROOM
    while room <= num_rows:
        room *= 2
    return room


class Tails(Generic[Owner]):
    """A step of the decoder reads one token of each owner: `begin_step`, the step, `end_step`.

    A step that fails in between has changed nothing; it may be tried again.
    """

    def __init__(self, cache: MemoryCache) -> None:
        self._cache = cache
        self._groups: dict[int, _Group[Owner]] = {}
        self._step: tuple[_GroupStep[Owner], ...] | None = None

    def __len__(self) -> int:
        return sum(len(group.owners) for group in self._groups.values())

    @property
    def owners(self) -> list[Owner]:
        """In the order of the batch, which changes whenever one comes, grows or goes."""
        return [owner for group in self._groups.values() for owner in group.owners]

    @property
    def nbytes(self) -> int:
        """Bytes held beside the memory."""
        return sum(group.nbytes for group in self._groups.values())

    def add(self, owner: Owner, rows: KeyValues) -> None:
        """Take in a tail of rotated rows (L, K, N, E)."""
        room = room_for(rows.keys.shape[2])
        group = self._groups.setdefault(room, _Group(room))
        group.add(owner, rows)

    def remove(self, owner: Owner) -> None:
        """Let a tail go, with its room."""
        [group] = [group for group in self._groups.values() if owner in group.owners]
        group.remove(owner)
        if not group.owners:
            del self._groups[group.room]

    def begin_step(self) -> torch.Tensor:
        """Make room for a row of each; returns the positions (B, 1) of the tokens that come."""
        for group in list(self._groups.values()):
            for owner in group.full():
                rows = group.rows_of(owner)
                self.add(owner, rows)
                group.remove(owner)
            if not group.owners:
                del self._groups[group.room]
        self._step = tuple(_GroupStep.of(group) for group in self._groups.values())
        return self._cache.num_rows + torch.cat([each.lengths for each in self._step])[:, None]

    def end_step(self) -> None:
        """The rows that the step has written belong to the tails from now on."""
        assert self._step is not None, "a step ends that has begun"
        for each in self._step:
            each.group.lengths = [length + 1 for length in each.group.lengths]
        self._step = None

    # What a step of the decoder asks of its past.

    @property
    def num_rows(self) -> int:
        return self._cache.num_rows

    @property
    def num_tail(self) -> int:
        """Rows of the longest tail."""
        return max((max(group.lengths) for group in self._groups.values()), default=0)

    def memory_of(self, layer: int) -> KeyValues | None:
        return self._cache.memory_of(layer)

    def extend_tail(self, layer: int, own: KeyValues) -> PaddedTails:
        assert self._step is not None, "rows come while a step is made"
        sizes = [len(each.lengths) for each in self._step]
        parts = zip(*(torch.split(part, sizes) for part in own), strict=True)
        rows = [each.write(layer, KeyValues(*part)) for each, part in zip(self._step, parts, strict=True)]
        return PaddedTails(tuple(rows), tuple(each.mask for each in self._step))


class _Group(Generic[Owner]):
    """Tails that fit the same room, side by side in one buffer a kind, without gaps."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.owners: list[Owner] = []
        self.lengths: list[int] = []
        self._buffers: KeyValues | None = None

    @property
    def nbytes(self) -> int:
        return 0 if self._buffers is None else sum(part.nbytes for part in self._buffers)

    @property
    def buffers(self) -> KeyValues:
        """(L, places, K, room, E)."""
        assert self._buffers is not None, "a group has had an owner"
        return self._buffers

    def add(self, owner: Owner, rows: KeyValues) -> None:
        place, num_rows = len(self.owners), rows.keys.shape[2]
        if self._buffers is None or self._buffers.keys.shape[1] == place:
            self._resize(place + 1 + place // 2, like=rows)
        for buffer, part in zip(self.buffers, rows, strict=True):
            buffer[:, place, :, :num_rows] = part
        self.owners.append(owner)
        self.lengths.append(num_rows)

    def remove(self, owner: Owner) -> None:
        """The last tail takes the place that is left."""
        place, last = self.owners.index(owner), len(self.owners) - 1
        for buffer in self.buffers:
            if place != last:
                buffer[:, place, :, : self.lengths[last]] = buffer[:, last, :, : self.lengths[last]]
        self.owners[place], self.lengths[place] = self.owners[last], self.lengths[last]
        del self.owners[last], self.lengths[last]
        if self.owners and len(self.owners) * 3 <= self.buffers.keys.shape[1]:
            self._resize(len(self.owners), like=self.rows_of(self.owners[0]))

    def full(self) -> list[Owner]:
        """Owners whose tails have no room for another row."""
        return [owner for owner, length in zip(self.owners, self.lengths, strict=True) if length == self.room]

    def rows_of(self, owner: Owner) -> KeyValues:
        place = self.owners.index(owner)
        return KeyValues(*(buffer[:, place, :, : self.lengths[place]] for buffer in self.buffers))

    def _resize(self, num_places: int, *, like: KeyValues) -> None:
        layers, heads, _, width = like.keys.shape
        # Zeros, for what is masked is still multiplied, and a number that is none would spread.
        resized = [part.new_zeros(layers, num_places, heads, self.room, width) for part in like]
        if self._buffers is not None:
            kept = len(self.owners)
            for new, old in zip(resized, self._buffers, strict=True):
                new[:, :kept] = old[:, :kept]
        self._buffers = KeyValues(*resized)


@dataclass(frozen=True, slots=True)
class _GroupStep(Generic[Owner]):
    """What one step needs of a group, made once for all layers."""

    group: _Group[Owner]
    lengths: torch.Tensor
    places: torch.Tensor
    mask: torch.Tensor

    @classmethod
    def of(cls, group: _Group[Owner]) -> "_GroupStep[Owner]":
        device = group.buffers.keys.device
        lengths = torch.tensor(group.lengths, device=device)
        rows = torch.arange(max(group.lengths) + 1, device=device)
        mask = rows[None, :] <= lengths[:, None]
        return cls(group, lengths, torch.arange(len(lengths), device=device), mask[:, None, None])

    def write(self, layer: int, own: KeyValues) -> KeyValues:
        """Put a row (b, K, 1, E) behind each tail; returns all rows up to the longest's last."""
        num_tails, num_rows = len(self.lengths), self.mask.shape[-1]
        for buffer, rows in zip(self.group.buffers, own, strict=True):
            buffer[layer][self.places, :, self.lengths] = rows[:, :, 0]
        return KeyValues(*(buffer[layer, :num_tails, :, :num_rows] for buffer in self.group.buffers))
