"""Times as people type them, in seconds: 90, 90s, 1m30s, 1:30, 1:02:03.5, 1h."""

import re

from videoxl.errors import UsageError

_UNITS = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s?)?")
_CLOCK = re.compile(r"(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)")


def seconds_of(text: str) -> float | None:
    """The time that a text says, or None where it says none."""
    text = text.strip().lower()
    match = _CLOCK.fullmatch(text) or _UNITS.fullmatch(text)
    if match is None or not text:
        return None
    hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds


def parse_seconds(text: str | None, *, option: str) -> float | None:
    """The value of an option that is a time; None where it was not given."""
    if text is None:
        return None
    seconds = seconds_of(text)
    if seconds is None:
        raise UsageError(f"{option} is {text!r}, expected a time such as 90, 90s, 1m30s or 1:30.")
    return seconds
