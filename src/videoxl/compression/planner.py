"""Planners: embeddings of frames go in as they come, intervals come out as soon as they are closed.

What a planner answers depends on the frames alone, never on how they were cut into chunks. A run that was interrupted
goes on by `replay`: a fresh planner with the same options takes the recorded similarities instead of the old frames and
then stands exactly where the first one stood. Intervals that it closes again during or after that and that the memory
already holds (`stop` at or below the memory's frames) are for the caller to skip.

F frames, D embedding width.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import numpy as np

from videoxl.compression.interval import Interval
from videoxl.compression.similarity import FrameSimilarities
from videoxl.errors import UsageError

DEFAULT_INTERVAL_FRAMES = 10  # 1,440 visual tokens of 144 a frame: the released model's window


class Planner(Protocol):
    """What the engine asks of anything that decides where to cut and how much to condense."""

    @property
    def similarities(self) -> Sequence[float]:
        """For every frame seen, its similarity to the previous one; 0.0 for the first."""
        ...

    def feed(self, embeddings_FD: np.ndarray) -> list[Interval]:
        """Take the next frames; returns the intervals that are now closed."""
        ...

    def flush(self) -> list[Interval]:
        """Close what is open, because the video ends (or pauses: feeding may go on, in a new interval)."""
        ...

    def replay(self, similarities: Sequence[float], last_embedding_D: np.ndarray | None = None) -> list[Interval]:
        """Take the frames of an interrupted run by their similarities; without the embedding, `feed` cannot follow."""
        ...


class StreamPlanner(ABC):
    """A planner that sees one similarity at a time; a subclass says after which frames to cut."""

    def __init__(self, draw_ratio: Callable[[], int]) -> None:
        self._draw_ratio = draw_ratio
        self._seen = FrameSimilarities()
        self._start = 0  # first frame of the open interval

    @property
    def similarities(self) -> Sequence[float]:
        return self._seen.values

    @property
    def num_frames(self) -> int:
        """Frames seen, those of a replay included."""
        return len(self._seen.values)

    def feed(self, embeddings_FD: np.ndarray) -> list[Interval]:
        return self._watch(self._seen.extend(embeddings_FD))

    def replay(self, similarities: Sequence[float], last_embedding_D: np.ndarray | None = None) -> list[Interval]:
        return self._watch(self._seen.replay(similarities, last_embedding_D))

    def flush(self) -> list[Interval]:
        return self._cut([*self._last_stops(), self.num_frames])

    @abstractmethod
    def _next_stops(self, frame: int, similarity: float) -> Iterable[int]:
        """Where intervals end, as far as it is known once `frame` was seen; ascending, repeats allowed."""

    def _last_stops(self) -> Iterable[int]:
        """Where intervals end when no frame follows; the end of the video need not be named."""
        return ()

    def _watch(self, similarities: list[float]) -> list[Interval]:
        first = self.num_frames - len(similarities)
        closed: list[Interval] = []
        for frame, similarity in enumerate(similarities, start=first):
            closed += self._cut(self._next_stops(frame, similarity))
        return closed

    def _cut(self, stops: Iterable[int]) -> list[Interval]:
        closed = []
        for stop in stops:
            if stop > self._start:
                closed.append(Interval(self._start, stop, self._draw_ratio()))
                self._start = stop
        return closed


class _EvenPlanner(StreamPlanner):
    def __init__(self, draw_ratio: Callable[[], int], interval_frames: int) -> None:
        super().__init__(draw_ratio)
        self._interval_frames = at_least_one("interval_frames", interval_frames)

    def _next_stops(self, frame: int, similarity: float) -> Iterable[int]:
        if frame + 1 - self._start == self._interval_frames:
            yield frame + 1


class FixedPlanner(_EvenPlanner):
    """Intervals of equal length at one ratio: what inference does unless told otherwise."""

    def __init__(self, ratio: int, *, interval_frames: int = DEFAULT_INTERVAL_FRAMES) -> None:
        super().__init__(constant_ratio(ratio), interval_frames)


class RandomPlanner(_EvenPlanner):
    """Intervals of equal length, each with a ratio drawn from a list: what training does (paper 2.3)."""

    def __init__(
        self,
        ratios: Sequence[int],
        generator: np.random.Generator,
        *,
        interval_frames: int = DEFAULT_INTERVAL_FRAMES,
    ) -> None:
        super().__init__(drawn_ratio(ratios, generator), interval_frames)


def constant_ratio(ratio: int) -> Callable[[], int]:
    """The same ratio for every interval."""
    at_least_one("ratio", ratio)
    return lambda: ratio


def drawn_ratio(ratios: Sequence[int], generator: np.random.Generator) -> Callable[[], int]:
    """One draw from `ratios` an interval, in order of closing; nothing else uses the generator."""
    if not ratios:
        raise UsageError("no ratios to draw from: the list is empty. Give one or more, such as 2 4 8.")
    choices = [at_least_one("ratio", ratio) for ratio in ratios]
    return lambda: choices[int(generator.integers(len(choices)))]


def at_least_one(name: str, value: int) -> int:
    """`value`, which a person chose and which counts something."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise UsageError(f"{name} is {value!r}, expected a whole number from 1 on.")
    return value
