"""What a recipe asks of a step: its largest video by the curriculum, and the work of a step on average.

F frames, M visual tokens per frame.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from videoxl.compression.budget import Geometry
from videoxl.compression.layout import Layout
from videoxl.training.activations import Stretch
from videoxl.training.curriculum import Phase
from videoxl.training.recipe import FinetuneRecipe

TEXT_TOKENS = 1024
"""Text of an example, prompt and answers, where no data is looked at; longer ones take more than is said here."""


@dataclass(frozen=True, slots=True)
class Workload:
    """One example as the decoder meets it."""

    num_frames: int
    num_visual_tokens: int
    num_rows: int
    intervals: tuple[Stretch, ...]
    num_text_tokens: int = TEXT_TOKENS

    @property
    def text(self) -> Stretch:
        """The question and its answer, read on the whole memory."""
        return Stretch(self.num_text_tokens, 0, self.num_rows, reads_out=True)


def video_workload(geometry: Geometry, num_frames: int, *, ratio: int, interval_frames: int) -> Workload:
    """A video in equal intervals at one ratio."""
    stretches, num_rows = [], 0
    for start in range(0, num_frames, interval_frames):
        frames = min(interval_frames, num_frames - start)
        layout = Layout(frames * geometry.tokens_per_frame, ratio, "close")
        stretches.append(Stretch.of_interval(layout, num_rows))
        num_rows += layout.num_rows_kept
    return Workload(num_frames, num_frames * geometry.tokens_per_frame, num_rows, tuple(stretches))


def largest_workloads(recipe: FinetuneRecipe, geometry: Geometry) -> Iterator[Workload]:
    """Examples that may need most memory: for each ratio of each phase every frame, or every tile of an image."""
    for phase in recipe.curriculum.phases:
        size = recipe.curriculum.longest_frames if phase.intervals == "dynamic" else recipe.curriculum.interval_frames
        most = max(frames(recipe, phase), recipe.media.max_tiles)
        for ratio in set(phase.ratios):
            yield video_workload(geometry, most, ratio=ratio, interval_frames=size)


def mean_workloads(recipe: FinetuneRecipe, geometry: Geometry) -> list[tuple[float, Workload]]:
    """For each ratio of each phase its share of the run, and a video as long as the phase allows."""
    found, begin = [], 0.0
    for phase in recipe.curriculum.phases:
        share = (phase.until - begin) / len(phase.ratios)
        found += [
            (
                share,
                video_workload(
                    geometry, frames(recipe, phase), ratio=ratio, interval_frames=recipe.curriculum.interval_frames
                ),
            )
            for ratio in phase.ratios
        ]
        begin = phase.until
    return found


def frames(recipe: FinetuneRecipe, phase: Phase) -> int:
    """The most frames that a video has in a phase."""
    return recipe.media.max_frames if phase.max_frames is None else phase.max_frames
