"""Ranges of time in answers, and whether they show what was asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videoxl.evaluation.moments import by_chance, error_seconds, shown_frames, shows, time_range
from videoxl.video.clock import clock


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("00:00:40 to 00:00:48", (40, 48)),
        ("It is shown from 0:40 to 0:48.5.", (40, 48.5)),
        ("01:00:00 - 01:00:08", (3600, 3608)),
        ("1:05", (61, 69)),
        ("at 1:01:05", (3661, 3669)),
        ("never", None),
        ("", None),
    ],
)
def test_ranges_are_read_as_written(answer, expected):
    """A range is the first that is named; one time stands for the interval around it."""
    assert time_range(answer, interval_seconds=8) == expected


@given(st.floats(0, 9000), st.floats(0.1, 60))
def test_our_own_clock_is_read(start, length):
    """What `clock` writes of a range reads as that range, to a tenth of a second."""
    assert time_range(f"{clock(start)} to {clock(start + length)}", interval_seconds=8) == pytest.approx(
        (start, start + length), abs=0.051
    )


def test_frames_are_one_a_second():
    """A span shows the whole seconds in it, from its first on and before its end, and none past the film's."""
    assert shown_frames([(2.2, 4.0), (3.0, 5.0)], 60) == (3, 4)
    assert shown_frames([(58.0, 70.0)], 60) == (58, 59)


def test_a_range_shows_what_it_holds_and_is_hardly_longer():
    """One frame is enough; one interval more than the thing touches is allowed, and no more."""
    frames = (20, 21)
    assert shows((16, 24), frames, interval_seconds=8)
    assert shows((8, 24), frames, interval_seconds=8)
    assert shows((21, 22), frames, interval_seconds=8)
    assert not shows((0, 24), frames, interval_seconds=8)
    assert not shows((22, 30), frames, interval_seconds=8)
    assert not shows(None, frames, interval_seconds=8)


@given(st.integers(1, 40), st.data())
def test_chance_counts_all_places(num_intervals, data):
    """The level of a random range is the share of places at which such a range is right."""
    seconds = 8 * num_intervals
    start = data.draw(st.integers(0, seconds - 1))
    frames = tuple(range(start, data.draw(st.integers(start + 1, min(seconds, start + 12)))))
    touched = {frame // 8 for frame in frames}
    length = 8 * min(len(touched) + 1, num_intervals)
    rights = [shows((place, place + length), frames, interval_seconds=8) for place in range(0, seconds - length + 1, 8)]
    assert by_chance(frames, seconds, interval_seconds=8) == pytest.approx(sum(rights) / len(rights))


def test_errors_are_from_the_middle_to_the_nearest_showing():
    """A range whose middle is within a showing is not off at all."""
    assert error_seconds((16, 24), [(19.0, 22.0)]) == 0
    assert error_seconds((16, 24), [(23.0, 25.0)]) == 3
    assert error_seconds((16, 24), [(0.0, 2.0), (14.0, 16.0)]) == 4
