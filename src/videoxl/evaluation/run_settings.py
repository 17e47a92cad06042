"""What a person may choose about a run, beside the task, the data and the model."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from videoxl.errors import UsageError
from videoxl.evaluation.item import Item
from videoxl.evaluation.methods.method import DEFAULT_METHOD, find_method

WATCH_FIELDS = ("fps", "num_frames", "max_frames", "ratio", "planner", "interval_frames", "method")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """Which items are asked, and on what. None leaves a choice to the model, as `VideoXL.watch` does."""

    fps: float | None = None
    num_frames: int | None = None
    max_frames: int | None = None
    ratio: int | None = None
    planner: str = "fixed"
    interval_frames: int | None = None
    method: str = DEFAULT_METHOD
    """What fills the rows that the ratio allows; a name of `methods/method.py`."""
    blind: bool = False
    """Ask without any video: what the questions alone give away."""
    shuffle_options: bool = False
    """Show the options of each question in an order drawn for it."""
    seed: int = 0
    """Of that order, of random rows and of a random choice."""
    limit: int | None = None
    """The first so many items of the task, and no others."""
    batch: int | None = None
    """Items of a video that are asked at once, at most. None leaves it to the run that is gone on with, and to
    `batches.DEFAULT_BATCH` where there is none."""

    def __post_init__(self) -> None:
        find_method(self.method)
        if self.limit is not None and self.limit < 1:
            raise UsageError(f"limit is {self.limit}, expected 1 item or more.")
        if self.batch is not None and self.batch < 1:
            raise UsageError(f"batch is {self.batch}, expected 1 item or more; 1 asks one by one.")
        if self.seed < 0:
            raise UsageError(f"seed is {self.seed}, expected 0 or more.")
        chosen = self.chosen_of_watching
        if self.blind and chosen:
            raise UsageError(f"got blind and {', '.join(chosen)} together: a blind run watches nothing; choose one.")

    @property
    def chosen_of_watching(self) -> list[str]:
        """Names of what was chosen about watching."""
        defaults = {each.name: each.default for each in fields(self)}
        return [name for name in WATCH_FIELDS if getattr(self, name) != defaults[name]]

    def asked(self, items: Sequence[Item]) -> tuple[Item, ...]:
        """The items that are asked, in the task's order, as they are asked."""
        asked = tuple(items[: self.limit])
        if not self.shuffle_options:
            return asked
        return tuple(item.shuffled(drawing(self.seed, "options", item.id)) for item in asked)

    def to_json(self, *, watches: bool = True) -> dict[str, Any]:
        """As a run's header keeps them; without what has no effect where nothing is watched, and without the batch,
        of which the header has what came of it."""
        left_out = {"batch", *(() if watches else WATCH_FIELDS)}
        return {name: value for name, value in asdict(self).items() if name not in left_out}


def drawing(seed: int, *words: str) -> np.random.Generator:
    """A generator for one purpose: the same for the same seed and words, whatever was drawn before for others."""
    digest = hashlib.sha256("\n".join(words).encode()).digest()
    return np.random.default_rng([seed, *np.frombuffer(digest, np.uint32).tolist()])
