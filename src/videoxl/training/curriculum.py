"""How hard videos are condensed, how long they are and where they are cut, by how far training has come (paper 2.3).

A curriculum is phases in order. Inside a phase nothing grows: ratios are drawn at random from the phase's list, for
every interval or for the whole video. What is drawn depends on the progress and the generator alone, so a run that was
interrupted draws what it would have drawn.

F frames, D width of a frame's embedding.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from videoxl.compression.dynamic import Depth, DynamicPlanner
from videoxl.compression.interval import Interval
from videoxl.compression.planner import DEFAULT_INTERVAL_FRAMES, RandomPlanner, at_least_one
from videoxl.errors import UsageError

Cut = Literal["fixed", "dynamic"]
Mixed = Literal["interval", "video"]


@dataclass(frozen=True, slots=True)
class Phase:
    """What may be drawn until `until`, a share of the run."""

    until: float
    """Where the phase ends: above 0, the last phase's is 1."""
    ratios: tuple[int, ...]
    """What is drawn from; a ratio that is listed twice is drawn twice as often. 1 keeps every visual token."""
    max_frames: int | None = None
    """At most so many frames of a video in this phase (the length curriculum); the recipe's `media` where not given."""
    intervals: Cut = "fixed"
    """`dynamic` ends intervals where the picture changes (paper 2.2)."""

    def __post_init__(self) -> None:
        if not self.ratios:
            raise UsageError("a phase of the curriculum has no ratios; give one or more, such as [2, 4].")
        for ratio in self.ratios:
            at_least_one("curriculum: ratios", ratio)
        if self.max_frames is not None:
            at_least_one("curriculum: max_frames", self.max_frames)


@dataclass(frozen=True, slots=True)
class PlanDraw:
    """What was drawn for one example: enough to plan its videos once their frames are known."""

    phase: int
    """Number of the phase, from 0."""
    ratios: tuple[int, ...]
    """What each interval's ratio is drawn from; a single one where the whole video has the same."""
    interval_frames: int
    max_frames: int | None
    dynamic: bool
    """Whether `plan` needs the frames' embeddings."""
    seed: int
    longest_frames: int = 15
    depth: Depth = "global"
    threshold_std: float | None = None

    def plan(self, num_frames: int, embeddings_FD: np.ndarray | None = None, *, video: int = 0) -> tuple[Interval, ...]:
        """The intervals of the example's video number `video`; the same ones whenever it is asked."""
        generator = np.random.default_rng([self.seed, video])
        if not self.dynamic:
            planner = RandomPlanner(self.ratios, generator, interval_frames=self.interval_frames)
            embeddings_FD = np.ones((num_frames, 1), dtype=np.float32)  # even intervals do not look at frames
            return (*planner.feed(embeddings_FD), *planner.flush())
        assert embeddings_FD is not None, "dynamic intervals are cut by what the frames show"
        assert len(embeddings_FD) == num_frames, f"{len(embeddings_FD)} embeddings of {num_frames} frames"
        dynamic = DynamicPlanner(
            self.ratios,
            generator=generator,
            depth=self.depth,
            threshold_std=self.threshold_std,
            max_frames=self.longest_frames,
            lookahead_frames=None,
        )
        return (*dynamic.feed(embeddings_FD), *dynamic.flush())


@dataclass(frozen=True, slots=True)
class Curriculum:
    """Phases in order; the last one ends with the run."""

    phases: tuple[Phase, ...]
    interval_frames: int = DEFAULT_INTERVAL_FRAMES
    """Frames of an interval where intervals are fixed."""
    mixed: Mixed = "interval"
    """Whether every interval draws a ratio of its own, or a video one for all of them."""
    longest_frames: int = 15
    """The longest interval where intervals are dynamic."""
    depth: Depth = "global"
    threshold_std: float | None = None
    """How far above the mean a depth score is a boundary; the published value of the score where not given."""

    def __post_init__(self) -> None:
        at_least_one("curriculum: interval_frames", self.interval_frames)
        at_least_one("curriculum: longest_frames", self.longest_frames)
        ends = [phase.until for phase in self.phases]
        if not ends or ends != sorted(set(ends)) or ends[0] <= 0 or ends[-1] != 1:
            raise UsageError(
                f"the phases of the curriculum end at {ends}, expected growing numbers above 0 of which the last is 1."
            )

    @property
    def ratios(self) -> tuple[int, ...]:
        """Every ratio that the run may draw, ascending, each once."""
        return tuple(sorted({ratio for phase in self.phases for ratio in phase.ratios}))

    def phase_number(self, progress: float) -> int:
        """Which phase a share of the run (0 to 1) is in."""
        passed = [index for index, phase in enumerate(self.phases) if progress < phase.until]
        return passed[0] if passed else len(self.phases) - 1

    def phase(self, progress: float) -> Phase:
        """The phase itself."""
        return self.phases[self.phase_number(progress)]

    def draw(self, progress: float, generator: np.random.Generator) -> PlanDraw:
        """What one example gets at a share of the run (0 to 1)."""
        index = self.phase_number(progress)
        phase = self.phases[index]
        ratios: Sequence[int] = phase.ratios
        if self.mixed == "video":
            ratios = (int(generator.choice(ratios)),)
        return PlanDraw(
            phase=index,
            ratios=tuple(ratios),
            interval_frames=self.interval_frames,
            max_frames=phase.max_frames,
            dynamic=phase.intervals == "dynamic",
            seed=int(generator.integers(2**31)),
            longest_frames=self.longest_frames,
            depth=self.depth,
            threshold_std=self.threshold_std,
        )
