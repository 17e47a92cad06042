"""Times as people type them."""

import pytest

from videoxl.cli.duration import parse_seconds, seconds_of
from videoxl.errors import UsageError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("1m30s", 90), ("1:30", 90), ("1:02:03.5", 3723.5), ("1h", 3600), ("1h30m", 5400)],
)
def test_a_time_may_be_typed_in_many_ways(text, seconds):
    """Clock times, units and plain seconds mean what they say."""
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-5", "film.mp4", "1:2:3:4"])
def test_what_is_no_time_is_none(text):
    """Anything else is refused, with the option named."""
    assert seconds_of(text) is None
    with pytest.raises(UsageError, match=r"--start is .* expected a time"):
        parse_seconds(text, option="--start")
