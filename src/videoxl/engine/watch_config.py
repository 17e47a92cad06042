"""What a person may choose about watching a video, checked at the door."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from videoxl.compression.dynamic import DynamicPlanner
from videoxl.compression.planner import FixedPlanner, Planner
from videoxl.errors import UsageError
from videoxl.video import SampleConfig

PlannerName = Literal["fixed", "dynamic"]
PLANNERS: tuple[PlannerName, ...] = ("fixed", "dynamic")


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchConfig:
    """Which frames are watched, and how densely they are kept."""

    sample: SampleConfig
    ratio: int
    """Visual tokens per VST: 8 keeps one row for eight tokens; 1 keeps every token."""
    interval_frames: int
    """Frames summarised together: exactly so many (fixed), or at most (dynamic)."""
    planner: PlannerName = "fixed"
    """`fixed` intervals, or `dynamic` ones that end where the picture changes."""

    def __post_init__(self) -> None:
        if self.planner not in PLANNERS:
            raise UsageError(f"planner is {self.planner!r}, expected one of {', '.join(PLANNERS)}.")
        if self.interval_frames < 1:
            raise UsageError(f"interval_frames is {self.interval_frames}, expected 1 or more.")

    def new_planner(self) -> Planner:
        if self.planner == "dynamic":
            return DynamicPlanner(self.ratio, max_frames=self.interval_frames)
        return FixedPlanner(self.ratio, interval_frames=self.interval_frames)

    def to_json(self) -> dict[str, Any]:
        """As it stands in a memory's manifest; a resumed run must say the same."""
        sample = self.sample
        return {
            "planner": self.planner,
            "ratio": self.ratio,
            "interval_frames": self.interval_frames,
            "fps": sample.fps,
            "num_frames": sample.num_frames,
            "timestamps": None if sample.timestamps is None else list(sample.timestamps),
            "start_seconds": sample.start_seconds,
            "end_seconds": sample.end_seconds,
            "max_frames": sample.max_frames,
        }


def check_ratio(ratio: int, offered: Sequence[int]) -> None:
    """Refuse a ratio that the model was not made for."""
    choices = sorted({1, *offered})
    if ratio not in choices:
        raise UsageError(f"ratio {ratio} is not offered by this model, expected one of {', '.join(map(str, choices))}.")
