"""How long films are and how hard they are condensed, by how far training has come."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from videoxl.compression.interval import Interval
from videoxl.errors import UsageError


@dataclass(frozen=True, slots=True)
class Stage:
    """What may be drawn until `until` (share of the run, 0 to 1)."""

    until: float
    frames: tuple[int, ...]
    ratios: tuple[int, ...]
    foreign_rows: int = 0
    """At most so many memory rows of other films' background: a long film at no cost."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The shape of one batch."""

    num_frames: int
    plan: tuple[Interval, ...]
    foreign_rows: int


@dataclass(frozen=True, slots=True)
class Curriculum:
    """Stages in order; the last one ends with the run."""

    stages: tuple[Stage, ...]
    interval_frames: int
    mixed_share: float = 0.5
    """Batches in which every interval has a ratio of its own."""
    foreign_share: float = 0.25
    """Batches that hold rows of other films, where the stage allows it."""

    def __post_init__(self) -> None:
        ends = [stage.until for stage in self.stages]
        if not ends or ends != sorted(set(ends)) or ends[0] <= 0 or ends[-1] != 1:
            raise UsageError(f"stages end at {ends}, expected growing numbers above 0 of which the last is 1.")

    def stage(self, progress: float) -> Stage:
        """The stage at a share of the run."""
        return next((stage for stage in self.stages if progress < stage.until), self.stages[-1])

    def draw(self, progress: float, generator: np.random.Generator) -> Shape:
        """The shape of the next batch."""
        stage = self.stage(progress)
        num_frames = int(generator.choice(stage.frames))
        foreign = 0
        if stage.foreign_rows and generator.random() < self.foreign_share:
            foreign = int(generator.integers(1, stage.foreign_rows + 1))
        return Shape(num_frames, self._plan(num_frames, stage.ratios, generator), foreign)

    def _plan(self, num_frames: int, ratios: Sequence[int], generator: np.random.Generator) -> tuple[Interval, ...]:
        starts = range(0, num_frames, self.interval_frames)
        drawn = generator.choice(ratios, size=len(starts) if generator.random() < self.mixed_share else 1)
        each = np.broadcast_to(drawn, len(starts))
        return tuple(
            Interval(start, min(start + self.interval_frames, num_frames), int(ratio))
            for start, ratio in zip(starts, each, strict=True)
        )
