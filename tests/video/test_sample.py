"""Which moments are chosen: arithmetic only."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from videoxl.errors import UsageError
from videoxl.video import SampleConfig, sample_times

durations = st.floats(min_value=0.01, max_value=20_000)
rates = st.floats(min_value=0.01, max_value=30)
counts = st.integers(min_value=1, max_value=2_000)


@given(duration=durations, fps=rates, start=st.floats(min_value=0, max_value=0.99), cap=counts)
def test_times_rise_strictly_inside(duration: float, fps: float, start: float, cap: int) -> None:
    """Whatever is asked, moments begin at the start, rise, and stay before the end."""
    config = SampleConfig(fps=fps, start_seconds=start * duration, max_frames=cap)
    seconds_F = sample_times(duration, config).seconds_F
    assert seconds_F[0] == config.start_seconds
    assert (np.diff(seconds_F) > 0).all()
    assert seconds_F[-1] < duration
    assert 1 <= len(seconds_F) <= cap


@given(duration=durations, fps=rates)
def test_fps_is_kept_exactly(duration: float, fps: float) -> None:
    """By rate, moment k is k / fps, and the one after the last would not be inside."""
    seconds_F = sample_times(duration, SampleConfig(fps=fps, max_frames=1_000_000)).seconds_F
    assert np.array_equal(seconds_F, np.minimum(np.arange(len(seconds_F)) / fps, np.nextafter(duration, 0)))
    assert len(seconds_F) / fps >= duration * (1 - 1e-6)


@given(duration=durations, num_frames=counts)
def test_count_is_kept_exactly(duration: float, num_frames: int) -> None:
    """By count, exactly that many moments come, evenly spaced."""
    seconds_F = sample_times(duration, SampleConfig(num_frames=num_frames)).seconds_F
    assert len(seconds_F) == num_frames
    assert np.allclose(np.diff(seconds_F), duration / num_frames)


@given(duration=durations, fps=rates, cap=counts)
def test_a_cap_that_bites_is_a_count_and_is_reported(duration: float, fps: float, cap: int) -> None:
    """A capped choice equals asking for that many moments, and says how many there would have been."""
    free = math.ceil(duration * fps - 1e-9) or 1
    capped = sample_times(duration, SampleConfig(fps=fps, max_frames=cap))
    assert capped.num_requested == free
    assert capped.is_capped == (free > cap)
    if capped.is_capped:
        even = sample_times(duration, SampleConfig(num_frames=cap))
        assert np.array_equal(capped.seconds_F, even.seconds_F)


@given(
    timestamps=st.lists(st.floats(min_value=0, max_value=99), min_size=1, max_size=50, unique=True).map(sorted),
    cap=st.integers(min_value=1, max_value=60),
)
def test_explicit_times_are_taken_as_they_are(timestamps: list[float], cap: int) -> None:
    """Given timestamps come back unchanged; a cap keeps a spread of them, the first among them."""
    sampled = sample_times(100.0, SampleConfig(timestamps=timestamps, max_frames=cap))
    assert len(sampled.seconds_F) == min(cap, len(timestamps))
    assert set(sampled.seconds_F) <= set(timestamps)
    assert sampled.seconds_F[0] == timestamps[0]
    assert sampled.num_requested == len(timestamps)


def test_one_frame_a_second_is_the_default() -> None:
    """Ten seconds and a bit at the default give the eleven whole seconds."""
    assert list(sample_times(10.04, SampleConfig()).seconds_F) == list(range(11))
    assert list(sample_times(10.0, SampleConfig()).seconds_F) == list(range(10))


def test_the_end_is_clipped_to_the_video() -> None:
    """An end past the end of the video means its end; an end inside it counts."""
    assert len(sample_times(5.0, SampleConfig(fps=2, end_seconds=60)).seconds_F) == 10
    assert list(sample_times(5.0, SampleConfig(fps=2, start_seconds=1, end_seconds=2)).seconds_F) == [1.0, 1.5]


def test_rounding_never_reaches_the_end() -> None:
    """Even where the span is one step of a float, no moment is the end itself."""
    start = 10_000.0
    end = float(np.nextafter(start, np.inf))
    times = sample_times(20_000, SampleConfig(num_frames=10, start_seconds=start, end_seconds=end))
    assert (times.seconds_F == start).all()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"fps": 0}, "fps 0"),
        ({"fps": -1}, "more than 0"),
        ({"fps": 1000}, "at most 240"),
        ({"fps": math.nan}, "fps nan"),
        ({"fps": 1, "num_frames": 4}, "fps and num_frames together"),
        ({"num_frames": 0}, "1 or more"),
        ({"num_frames": 2.5}, "whole number"),
        ({"max_frames": 0}, "max_frames 0"),
        ({"start_seconds": -1}, "start -1"),
        ({"start_seconds": 5, "end_seconds": 3}, "not before the end"),
        ({"start_seconds": 3, "end_seconds": 3}, "not before the end"),
        ({"start_seconds": math.inf}, "start inf"),
        ({"timestamps": []}, "no timestamps"),
        ({"timestamps": [2, 1]}, "out of order"),
        ({"timestamps": [1, 1]}, "twice"),
        ({"timestamps": [-1, 1]}, "negative"),
        ({"timestamps": [math.nan]}, "not a number"),
        ({"timestamps": [1], "start_seconds": 1}, "leave the others out"),
    ],
)
def test_options_without_sense_are_refused_at_the_door(options: dict, said: str) -> None:
    """A config that cannot be carried out is refused when it is made, with what was got."""
    with pytest.raises(UsageError, match=said):
        SampleConfig(**options)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (SampleConfig(start_seconds=10), "past the end of the video, 10 s"),
        (SampleConfig(timestamps=[1, 10]), "10 s is past the end"),
        (SampleConfig(num_frames=2_000_000), "over 1,000,000"),
    ],
)
def test_what_the_video_is_too_short_for_is_refused(config: SampleConfig, said: str) -> None:
    """What only the length of the video can tell is refused as soon as it is known."""
    with pytest.raises(UsageError, match=said):
        sample_times(10.0, config)
