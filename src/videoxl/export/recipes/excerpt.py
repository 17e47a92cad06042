"""A memory of a part: the rows of some intervals behind the words that every question begins with.

Rows have no positions, so they can be put together anew; what is asked of an excerpt is answered from its rows alone.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from videoxl.memory import CompressedMemory


def excerpt(memory: CompressedMemory, intervals: Collection[int]) -> CompressedMemory:
    """The memory of these intervals, given by their number among all intervals."""
    from videoxl.memory import CompressedMemory

    part = CompressedMemory(memory.about, device=memory.device)
    wanted, number = set(intervals), -1
    keys_LKSE, values_LKSE = memory.keys, memory.values
    for index, segment in enumerate(memory.segments):
        number += segment.kind == "interval"
        if number in wanted if segment.kind == "interval" else number < 0:
            rows = memory.row_range(index)
            new = slice(rows.start, rows.stop)
            part.append(segment, keys_LKSE[:, :, new], values_LKSE[:, :, new])
    return part
