"""Which moments of a video to look at: arithmetic on seconds, before anything is decoded.

Three ways to choose: so many a second, so many in all, or exactly these. Chosen moments lie in [start, end), strictly
inside the video, evenly spaced from the start on. A cap that bites spreads what it leaves evenly, and is reported.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from videoxl.errors import UsageError

DEFAULT_FPS = 1.0
MAX_FPS = 240.0  # beyond slow motion; a film at 1000 fps is nearly always a slip
MAX_NUM_FRAMES = 1_000_000  # eleven days at one a second
FLOAT_SLACK = 1e-9  # of one step: keeps the end itself out when the division rounds


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleConfig:
    """How to choose moments: `fps` (default 1), or `num_frames`, or rising `timestamps` in seconds.

    `start_seconds` and `end_seconds` cut the video; an end past its end means its end. At most `max_frames` are taken.
    """

    fps: float | None = None
    num_frames: int | None = None
    timestamps: Sequence[float] | None = None
    start_seconds: float = 0.0
    end_seconds: float | None = None
    max_frames: int | None = None

    def __post_init__(self) -> None:
        given = [name for name in ("fps", "num_frames", "timestamps") if getattr(self, name) is not None]
        if len(given) > 1:
            raise UsageError(f"got {' and '.join(given)} together: choose one of fps, num_frames and timestamps.")
        _check_fps(self.fps)
        _check_count("num_frames", self.num_frames)
        _check_count("max_frames", self.max_frames)
        _check_span(self.start_seconds, self.end_seconds)
        if self.timestamps is not None:
            if self.start_seconds != 0 or self.end_seconds is not None:
                raise UsageError("got timestamps with a start or an end: timestamps say it all, leave the others out.")
            object.__setattr__(self, "timestamps", _checked_timestamps(self.timestamps))


@dataclass(frozen=True, slots=True)
class SampledTimes:
    """Chosen moments, rising, and how many there would have been without the cap."""

    seconds_F: npt.NDArray[np.float64]
    num_requested: int

    @property
    def is_capped(self) -> bool:
        """Whether `max_frames` left moments out."""
        return self.num_requested > len(self.seconds_F)


def sample_times(duration_seconds: float, config: SampleConfig) -> SampledTimes:
    """The moments that a config chooses in a video of this length."""
    if not (math.isfinite(duration_seconds) and duration_seconds > 0):
        raise UsageError(f"got a duration of {duration_seconds} s: expected more than zero seconds of video.")
    if config.timestamps is not None:
        return _explicit_times(duration_seconds, config)
    if config.start_seconds >= duration_seconds:
        raise UsageError(
            f"the start, {config.start_seconds:g} s, is past the end of the video, {duration_seconds:g} s: lower it."
        )
    end = duration_seconds if config.end_seconds is None else min(config.end_seconds, duration_seconds)
    span = end - config.start_seconds
    fps = config.fps or DEFAULT_FPS
    num_requested = config.num_frames or max(1, math.ceil(span * fps - FLOAT_SLACK))
    num_taken = min(num_requested, config.max_frames or num_requested)
    if num_taken > MAX_NUM_FRAMES:
        raise UsageError(f"that is {num_taken:,} frames, over {MAX_NUM_FRAMES:,}: lower the fps or set max_frames.")
    is_by_rate = config.num_frames is None and num_taken == num_requested
    step = 1 / fps if is_by_rate else span / num_taken
    indices_F = np.arange(num_taken)
    seconds_F = config.start_seconds + (indices_F / fps if is_by_rate else indices_F * step)
    # Rounding may carry the last moment onto the end, which is no longer inside.
    return SampledTimes(np.minimum(seconds_F, np.nextafter(end, 0.0)), num_requested)


def _explicit_times(duration_seconds: float, config: SampleConfig) -> SampledTimes:
    assert config.timestamps is not None
    seconds_F = np.asarray(config.timestamps, np.float64)
    if seconds_F[-1] >= duration_seconds:
        raise UsageError(
            f"the timestamp {seconds_F[-1]:g} s is past the end of the video, {duration_seconds:g} s: leave it out."
        )
    num_taken = min(len(seconds_F), config.max_frames or len(seconds_F))
    kept_F = np.arange(num_taken) * len(seconds_F) // num_taken
    return SampledTimes(seconds_F[kept_F], len(seconds_F))


def _check_fps(fps: float | None) -> None:
    if fps is not None and not (math.isfinite(fps) and 0 < fps <= MAX_FPS):
        raise UsageError(f"got fps {fps:g}: expected more than 0 and at most {MAX_FPS:g} frames a second, 1 is usual.")


def _check_count(name: str, count: int | None) -> None:
    if count is not None and (isinstance(count, bool) or int(count) != count or count < 1):
        raise UsageError(f"got {name} {count}: expected a whole number of frames, 1 or more.")


def _check_span(start_seconds: float, end_seconds: float | None) -> None:
    if not (math.isfinite(start_seconds) and start_seconds >= 0):
        raise UsageError(f"got start {start_seconds:g} s: expected 0 or more seconds from the beginning.")
    if end_seconds is not None and not end_seconds > start_seconds:
        raise UsageError(
            f"the start, {start_seconds:g} s, is not before the end, {end_seconds:g} s: swap or change them."
        )


def _checked_timestamps(timestamps: Sequence[float]) -> tuple[float, ...]:
    seconds = tuple(float(second) for second in timestamps)
    if not seconds:
        raise UsageError("got no timestamps: give at least one, in seconds.")
    if not all(math.isfinite(second) and second >= 0 for second in seconds):
        raise UsageError("got a timestamp that is negative or not a number: expected seconds from the beginning.")
    if any(later <= earlier for earlier, later in pairwise(seconds)):
        raise UsageError("got timestamps out of order or twice: give them rising, each once.")
    return seconds
