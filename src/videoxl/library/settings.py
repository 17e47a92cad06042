"""How a video is to be watched, with every default filled in: a part of a memory's address.

The same values as the engine's `WatchConfig`, which this room can say without loading a model.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from videoxl.errors import UsageError

if TYPE_CHECKING:
    from videoxl.engine.watch_config import WatchConfig

PLANNERS = ("fixed", "dynamic")


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchSettings:
    """Which frames are watched, and how densely they are kept; `VideoXL.watch_config` fills in what a model decides."""

    planner: str
    ratio: int
    interval_frames: int
    fps: float | None = None
    num_frames: int | None = None
    timestamps: tuple[float, ...] | None = None
    start_seconds: float = 0.0
    end_seconds: float | None = None
    max_frames: int | None = None

    def __post_init__(self) -> None:
        if self.planner not in PLANNERS:
            raise UsageError(f"planner is {str(self.planner)[:40]!r}, expected one of {', '.join(PLANNERS)}.")
        for name in ("ratio", "interval_frames", "num_frames", "max_frames"):
            _check(name, getattr(self, name), _is_count, "a whole number from 1 on")
        for name in ("fps", "start_seconds", "end_seconds"):
            _check(name, getattr(self, name), _is_time, "a number from 0 on")
        for second in self.timestamps or ():
            _check("timestamps", second, _is_time, "numbers from 0 on")
        # One rate has one address, however it was typed: 1 and 1.0.
        for name in ("fps", "start_seconds", "end_seconds"):
            value = getattr(self, name)
            object.__setattr__(self, name, None if value is None else float(value))
        times = None if self.timestamps is None else tuple(float(second) for second in self.timestamps)
        object.__setattr__(self, "timestamps", times)

    @classmethod
    def of(cls, config: "WatchConfig") -> "WatchSettings":
        """The settings that a model has checked and completed."""
        return cls.from_json(config.to_json())

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> "WatchSettings":
        """Settings as a manifest or the catalogue holds them; every value is checked."""
        names = [field.name for field in fields(cls)]
        if unknown := sorted(set(given) - set(names)):
            raise UsageError(f"settings of watching have no {unknown[0][:40]!r}, expected some of {', '.join(names)}.")
        if missing := [name for name in ("planner", "ratio", "interval_frames") if given.get(name) is None]:
            raise UsageError(f"settings of watching have no {missing[0]}; expected planner, ratio and interval_frames.")
        times = given.get("timestamps")
        if times is not None and not isinstance(times, list | tuple):
            raise UsageError(f"timestamps is {str(times)[:40]}, expected a list of seconds.")
        return cls(**{**given, "timestamps": None if times is None else tuple(times)})

    def to_json(self) -> dict[str, Any]:
        """As `WatchConfig.to_json` says it."""
        times = self.timestamps
        return {**asdict(self), "timestamps": None if times is None else list(times)}

    def arguments(self) -> dict[str, Any]:
        """The same as arguments of `VideoXL.watch`."""
        return asdict(self)


def _check(name: str, value: object, is_right: Any, expected: str) -> None:
    if value is None and name not in ("ratio", "interval_frames", "start_seconds", "timestamps"):
        return
    if not is_right(value):
        raise UsageError(f"{name} is {str(value)[:40]!r}, expected {expected}.")


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf
