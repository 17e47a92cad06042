"""SMPTE timecode against a count of every frame number there is."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videoxl.errors import UsageError
from videoxl.export.formats.timecode import RATES, Timecode

DROP_FRAME = (30000 / 1001, 60000 / 1001)


def numbers(timecode, hours):
    """Every number that the rule of SMPTE 12M allows, in order: the definition, by counting."""
    dropped = {30: 2, 60: 4}.get(timecode.nominal, 0) if timecode.drops else 0
    for minute in range(60 * hours):
        for second in range(60):
            for frame in range(timecode.nominal):
                if not (second == 0 and frame < dropped and minute % 10):
                    yield f"{minute // 60:02d}:{minute % 60:02d}:{second:02d}{';' if dropped else ':'}{frame:02d}"


@pytest.mark.parametrize("fps", [float(rate) for rate in RATES if rate <= 30])
def test_every_frame_of_an_hour_has_its_number(fps):
    """Numbers are those of the standard, in order, none twice and none left out but the dropped ones."""
    timecode = Timecode.of(fps)
    frame = -1
    for frame, number in enumerate(numbers(timecode, 1)):
        assert timecode.text(frame) == number
    assert timecode.number_of(1) == frame + 1


@pytest.mark.parametrize(
    ("fps", "frame", "text"),
    [
        (29.97, 1799, "00:00:59;29"),
        (29.97, 1800, "00:01:00;02"),
        (29.97, 17982, "00:10:00;00"),
        (29.97, 107892, "01:00:00;00"),
        (59.94, 3599, "00:00:59;59"),
        (59.94, 3600, "00:01:00;04"),
        (59.94, 215784, "01:00:00;00"),
        (23.976, 86400, "01:00:00:00"),
        (25, 25 * 86400 - 1, "23:59:59:24"),
        (29.97, 2589407, "23:59:59;29"),
    ],
)
def test_known_numbers(fps, frame, text):
    """Numbers that any editor shows."""
    assert Timecode.of(fps).text(frame) == text


@pytest.mark.parametrize("fps", DROP_FRAME)
@given(seconds=st.floats(0, 86_000))
def test_drop_frame_stays_with_the_clock(fps, seconds):
    """Drop-frame timecode is never further from the clock than its dropped numbers and the rounding of a frame."""
    timecode = Timecode.of(fps)
    hours, minutes, rest = timecode.text(timecode.frame_at(seconds)).split(":")
    whole, frame = rest.split(";")
    said = int(hours) * 3600 + int(minutes) * 60 + int(whole) + int(frame) / timecode.nominal
    assert abs(said - seconds) < 0.1 + 1e-6 * seconds  # 18 numbers a 10 minutes leave 86 ms a day


@pytest.mark.parametrize("fps", [float(rate) for rate in RATES])
@given(seconds=st.floats(0, 80_000), further=st.floats(0, 80_000))
def test_later_is_never_earlier(fps, seconds, further):
    """Of two times the later one has the later number, or the same."""
    timecode = Timecode.of(fps)
    one, other = sorted((seconds, further))
    assert timecode.text(timecode.frame_at(one)) <= timecode.text(timecode.frame_at(other))


@pytest.mark.parametrize(("fps", "rate"), [(29.97, Fraction(30000, 1001)), (23.98, Fraction(24000, 1001)), (30.0, 30)])
def test_a_rounded_rate_is_the_one_it_means(fps, rate):
    """Headers write 29.97; what is meant is 30000/1001, and never 30."""
    assert Timecode.of(fps).rate == rate


@pytest.mark.parametrize("fps", [10.0, 12.5, 15.0, 29.5, 47.5, 120.0])
def test_other_rates_have_no_timecode(fps):
    """What timecode cannot number is said to have none, and not rounded."""
    assert Timecode.of(fps) is None


@pytest.mark.parametrize("fps", [24.0, 29.97])
def test_the_day_ends(fps):
    """Behind 24 hours no number is left: refused instead of beginning anew at 0."""
    timecode = Timecode.of(fps)
    timecode.text(timecode.frames_of_a_day - 1)
    with pytest.raises(UsageError, match="timecode ends at 24 hours and this goes on to 24"):
        timecode.text(timecode.frames_of_a_day)
