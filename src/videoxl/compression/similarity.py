"""How alike each frame is to the one before: the cosine of their embeddings, kept for every frame seen.

The values are what a planner decides by and what a memory stores, so that a run can go on after a kill without seeing
the old frames again. Each is computed from its two frames alone, one pair at a time, so it is bit for bit the same
however the frames were cut into chunks.

F frames, D embedding width.
"""

from collections.abc import Sequence

import numpy as np

FIRST_SIMILARITY = 0.0  # the first frame has none before it


class FrameSimilarities:
    """The similarity of every frame to the previous one, in order of arrival."""

    def __init__(self) -> None:
        self.values: list[float] = []
        self._unit_D: np.ndarray | None = None  # the last frame's embedding, length 1

    def extend(self, embeddings_FD: np.ndarray) -> list[float]:
        """Take the next frames; returns their similarities."""
        assert embeddings_FD.ndim == 2, f"embeddings are (frames, width), got shape {embeddings_FD.shape}"
        assert not self.values or self._unit_D is not None, "replayed frames need the last one's embedding"
        new = []
        for embedding_D in embeddings_FD:
            unit_D = _unit(embedding_D)
            new.append(FIRST_SIMILARITY if self._unit_D is None else float(np.sum(self._unit_D * unit_D)))
            self._unit_D = unit_D
        self.values += new
        return new

    def replay(self, similarities: Sequence[float], last_embedding_D: np.ndarray | None) -> list[float]:
        """Take frames of an earlier run by their recorded similarities; returns them as they count here."""
        assert not self.values, f"replay comes first, {len(self.values)} frames were already seen"
        self.values = [float(value) for value in similarities]
        if self.values:
            self.values[0] = FIRST_SIMILARITY
            self._unit_D = None if last_embedding_D is None else _unit(last_embedding_D)
        return list(self.values)


def _unit(embedding_D: np.ndarray) -> np.ndarray:
    """The embedding at length 1; a zero embedding stays zero, and is alike to nothing."""
    wide_D = np.ascontiguousarray(embedding_D, dtype=np.float64)
    length = float(np.sqrt(np.sum(wide_D * wide_D)))
    assert np.isfinite(length), "a frame's embedding holds inf or nan"
    return wide_D / length if length > 0 else wide_D
