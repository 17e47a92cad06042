"""Seconds as people write them on a timeline."""


def clock(seconds: float) -> str:
    """`00:41:10` for 2470, and `00:00:03.5` where tenths of a second are needed."""
    whole, tenth = divmod(round(seconds * 10), 10)
    text = f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
    return f"{text}.{tenth}" if tenth else text
