"""Several sources as one run: which example item i is, known from the seed and i alone."""

import logging
import math
from collections.abc import Sequence

import numpy as np

from videoxl.errors import UsageError
from videoxl.training.data.source import ExampleSource

logger = logging.getLogger(__name__)

NUM_ORDERS_KEPT = 2  # around the end of an epoch, workers are on both sides of it
# What a stream of random numbers is for; beside the seed, so that no two streams are the same.
INTERLEAVING, ORDER, REPLACEMENT = 0, 1, 2


class Mixture:
    """The order in which a run sees the examples of its sources.

    A source's weight is how often each of its examples comes in an epoch: 1 once, 2 twice, 0.5 every other one. Within
    a source nothing comes again before all of it has come.
    """

    def __init__(
        self,
        sources: Sequence[ExampleSource],
        *,
        weights: Sequence[float] | None = None,
        seed: int = 0,
        epochs: float | None = None,
        num_items: int | None = None,
    ) -> None:
        """A run of `epochs` (1 where neither is given), or of `num_items` in the same proportions."""
        weights = [1.0] * len(sources) if weights is None else list(weights)
        _check(sources, weights, epochs, num_items, seed)
        self.sources, self.seed = tuple(sources), seed
        sizes = [weight * len(source) for weight, source in zip(weights, sources, strict=True)]
        wanted = max(1, round((epochs or 1.0) * math.fsum(sizes))) if num_items is None else num_items
        self.counts = _shares(sizes, wanted)
        """How many items of the run each source gives."""
        for source, count in zip(self.sources, self.counts, strict=True):
            if not count:
                logger.warning(
                    "none of the %d items of this run comes from %s: its share is too small.", wanted, source.name
                )
        kind = np.min_scalar_type(len(sources))
        self._source_I = np.repeat(np.arange(len(sources), dtype=kind), self.counts)
        np.random.default_rng([seed, INTERLEAVING]).shuffle(self._source_I)
        self._turn_I = np.zeros(wanted, dtype=np.int64)  # the how-manieth item of its source an item is
        for number, count in enumerate(self.counts):
            self._turn_I[self._source_I == number] = np.arange(count)
        self._orders: dict[tuple[int, int], np.ndarray] = {}

    def __len__(self) -> int:
        return len(self._source_I)

    def __getitem__(self, index: int) -> tuple[ExampleSource, int]:
        """Source and number of the example that is item `index` of the run."""
        if not 0 <= index < len(self):
            raise IndexError(f"item {index} of a run of {len(self)}")
        number = int(self._source_I[index])
        source = self.sources[number]
        epoch, position = divmod(int(self._turn_I[index]), len(source))
        return source, int(self._order(number, epoch)[position])

    def replacement(self, index: int, attempt: int) -> tuple[ExampleSource, int]:
        """Another example of the same source for an item whose example is bad; `attempt` counts from 1."""
        source, bad = self[index]
        rng = np.random.default_rng([self.seed, REPLACEMENT, index, attempt])
        return source, (bad + int(rng.integers(1, max(2, len(source))))) % len(source)

    def _order(self, number: int, epoch: int) -> np.ndarray:
        key = (number, epoch)
        if key not in self._orders:
            for old in [old for old in self._orders if old[0] == number][: 1 - NUM_ORDERS_KEPT or None]:
                del self._orders[old]
            rng = np.random.default_rng([self.seed, ORDER, number, epoch])
            self._orders[key] = rng.permutation(len(self.sources[number])).astype(np.int32)
        return self._orders[key]


def _shares(sizes: Sequence[float], wanted: int) -> list[int]:
    """Whole numbers in proportion to `sizes` that make `wanted` together: largest remainders are rounded up."""
    exact_S = np.asarray(sizes) * (wanted / math.fsum(sizes))
    counts_S = np.floor(exact_S).astype(np.int64)
    for number in np.argsort(counts_S - exact_S, kind="stable")[: wanted - int(counts_S.sum())]:
        counts_S[number] += 1
    return [int(count) for count in counts_S]


def _check(
    sources: Sequence[ExampleSource],
    weights: Sequence[float],
    epochs: float | None,
    num_items: int | None,
    seed: int,
) -> None:
    if not sources:
        raise UsageError("got no data: give at least one file of examples.")
    if len(weights) != len(sources):
        raise UsageError(f"got {len(weights)} weights for {len(sources)} sources: expected one for each.")
    for weight, source in zip(weights, sources, strict=True):
        if not (math.isfinite(weight) and weight > 0):
            raise UsageError(f"the weight of {source.name} is {weight}: expected more than 0; leave the source out.")
    if epochs is not None and num_items is not None:
        raise UsageError(
            f"got epochs {epochs} and num_items {num_items}: each says how long the run is; leave one out."
        )
    if epochs is not None and not (math.isfinite(epochs) and epochs > 0):
        raise UsageError(f"epochs is {epochs}: expected more than 0.")
    if num_items is not None and num_items < 1:
        raise UsageError(f"num_items is {num_items}: expected 1 or more.")
    if seed < 0:
        raise UsageError(f"the seed is {seed}: expected 0 or more.")
