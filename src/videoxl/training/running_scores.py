"""What a run says about itself between two lines of its log: weighted means that a checkpoint can carry over."""

import math
from collections.abc import Mapping

from torch import distributed


class RunningScores:
    """Sums and weights by name."""

    def __init__(self) -> None:
        self._sums: dict[str, tuple[float, float]] = {}

    def add(self, name: str, value: float, *, weight: float = 1.0) -> None:
        """Count `value`, a sum over `weight` cases."""
        total, count = self._sums.get(name, (0.0, 0.0))
        self._sums[name] = (total + value, count + weight)

    def means(self) -> dict[str, float]:
        """The mean of every name, in order of names."""
        return {name: total / weight if weight else math.nan for name, (total, weight) in sorted(self._sums.items())}

    def clear(self) -> None:
        """Begin the next line."""
        self._sums.clear()

    def gathered(self) -> "RunningScores":
        """These and those of all other ranks; every rank must ask."""
        if not (distributed.is_available() and distributed.is_initialized()):
            return self
        parts: list[dict[str, tuple[float, float]]] = [{} for _ in range(distributed.get_world_size())]
        distributed.all_gather_object(parts, self._sums)
        whole = RunningScores()
        for part in parts:
            for name, (total, weight) in part.items():
                whole.add(name, total, weight=weight)
        return whole

    def state(self) -> dict[str, list[float]]:
        """Sums and weights, as JSON can hold them."""
        return {name: list(pair) for name, pair in self._sums.items()}

    def load_state(self, state: Mapping[str, list[float]]) -> None:
        """Those of a checkpoint."""
        self._sums = {name: (total, weight) for name, (total, weight) in state.items()}
