"""What `--model_args` may say, checked at the door."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import Any, Literal, Self

from videoxl.engine.watch_config import PlannerName
from videoxl.errors import UsageError
from videoxl.video import SampleConfig

BadVideos = Literal["stop", "empty"]
BAD_VIDEOS: tuple[BadVideos, ...] = ("stop", "empty")
ALIASES = {"model": "pretrained"}
OF_THE_HARNESS = ("batch_size", "max_batch_size")
"""Given to every model. Questions are asked one by one, whatever they say: padding would change last bits."""
COUNTS = ("num_frames", "max_frames", "ratio", "interval_frames")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelArguments:
    """A model, and how it watches; what is None is left to the model."""

    pretrained: str = "nano"
    """An embedded model, a folder or a hub id; `model` is another name for it."""
    device: str | None = None
    dtype: str | None = None
    fps: float | None = None
    num_frames: int | None = None
    max_frames: int | None = None
    ratio: int | None = None
    planner: PlannerName = "fixed"
    interval_frames: int | None = None
    bad_videos: BadVideos = "stop"
    """What becomes of questions on a video that is missing or cannot be read: `stop` ends the run with a sentence,
    `empty` answers them with nothing and counts them."""

    def __post_init__(self) -> None:
        for name in COUNTS:
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
                raise UsageError(f"{name} is {value!r}, expected a whole number.")
        if self.fps is not None and (isinstance(self.fps, bool) or not isinstance(self.fps, int | float)):
            raise UsageError(f"fps is {self.fps!r}, expected a number of frames a second.")
        if self.bad_videos not in BAD_VIDEOS:
            raise UsageError(f"bad_videos is {self.bad_videos!r}, expected one of {', '.join(BAD_VIDEOS)}.")

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Self:
        """Arguments as lmms-eval gives them.

        Raises:
            UsageError: One is unknown, given by both of its names, or of a wrong type.
        """
        known = [each.name for each in fields(cls)]
        arguments: dict[str, Any] = {}
        for name, value in given.items():
            if name in OF_THE_HARNESS or value is None:
                continue
            field = ALIASES.get(name, name)
            if field not in known:
                near = get_close_matches(name, known, n=1, cutoff=0)[0]
                raise UsageError(f"videoxl has no argument {name!r}, did you mean {near!r}? It has {', '.join(known)}.")
            if arguments.setdefault(field, value) != value:
                raise UsageError(f"got {field}={arguments[field]} and {name}={value}, which mean the same: give one.")
        for name in ("pretrained", "device", "dtype", "planner"):
            if name in arguments:  # lmms-eval reads 7 as a number
                arguments[name] = str(arguments[name])
        return cls(**arguments)

    def sample(self, *, start_seconds: float = 0.0, end_seconds: float | None = None) -> SampleConfig:
        """Which moments of a film, or of a part of it, are looked at."""
        return SampleConfig(
            fps=self.fps, num_frames=self.num_frames, max_frames=self.max_frames, start_seconds=start_seconds,
            end_seconds=end_seconds,
        )  # fmt: skip
