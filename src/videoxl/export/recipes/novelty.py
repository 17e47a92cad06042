"""How unlike the rest each interval of a memory is: the distance of its rows from those of the intervals most like it.

Nothing is asked for this. What stays the same for hours lies close together; what happens once lies alone.

L layers, K key/value heads, S rows, E head width; I intervals, D = L * K * E.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from videoxl.memory import CompressedMemory

NEIGHBOURS = 3


def novelty(memory: CompressedMemory) -> np.ndarray:
    """A distance (I,) for each interval, 0 to 2; zeros where there are too few intervals to compare."""
    embeddings_ID = _embeddings(memory)
    num_intervals = len(embeddings_ID)
    if num_intervals <= NEIGHBOURS + 1:
        return np.zeros(num_intervals)
    distances_I = np.empty(num_intervals)
    for index, embedding_D in enumerate(embeddings_ID):
        alike_I = embeddings_ID @ embedding_D
        alike_I[index] = -np.inf
        distances_I[index] = 1.0 - np.partition(alike_I, -NEIGHBOURS)[-NEIGHBOURS:].mean()
    return np.clip(distances_I, 0.0, 2.0)


def _embeddings(memory: CompressedMemory) -> np.ndarray:
    """The mean value row of each interval (I, D), at length 1."""
    segments = enumerate(memory.segments)
    ranges = [memory.row_range(index) for index, segment in segments if segment.kind == "interval"]
    values_LKSE = memory.values
    means = [values_LKSE[:, :, rows.start : rows.stop].float().mean(dim=2).flatten().cpu().numpy() for rows in ranges]
    embeddings_ID = np.stack(means).astype(np.float64)
    lengths_I = np.linalg.norm(embeddings_ID, axis=1, keepdims=True)
    unit_ID: np.ndarray = embeddings_ID / np.maximum(lengths_I, np.finfo(np.float64).tiny)
    return unit_ID
