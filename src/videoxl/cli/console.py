"""Two channels: results on stdout, everything said on the way on stderr."""

import json
import logging
import os
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from videoxl.errors import UsageError

LOG_LEVELS = ("debug", "info", "warning", "error")
DEFAULT_LOG_LEVEL = "warning"


def note(text: str) -> None:
    """One line on stderr that a person may want to read."""
    print(" ".join(text.split()), file=sys.stderr, flush=True)


def complain(text: str) -> None:
    """What went wrong, as one line on stderr."""
    note(f"videoxl: {text}")


def print_json(document: Any) -> None:
    """The one document of --json."""
    print(json.dumps(document, indent=2, default=str))


def print_pairs(pairs: Iterable[tuple[str, str]], *, indent: int = 0) -> None:
    """Names and values, the values one under the other."""
    pairs = list(pairs)
    width = max(len(name) for name, _ in pairs)
    for name, value in pairs:
        print(f"{'':{indent}}{name:<{width}}  {value}".rstrip())


def print_table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    """Columns, right-aligned."""
    lines = [header, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    for line in lines:
        print("  ".join(f"{cell:>{width}}" for cell, width in zip(line, widths, strict=True)))


def log_level() -> str:
    """What VIDEOXL_LOG asks for."""
    level = os.environ.get("VIDEOXL_LOG", "").strip().lower() or DEFAULT_LOG_LEVEL
    return level if level in LOG_LEVELS else "info"


@contextmanager
def logging_to_stderr() -> Iterator[None]:
    """Show the library's log, and python's warnings only to those who debug."""
    given = os.environ.get("VIDEOXL_LOG", "").strip().lower()
    if given and given not in LOG_LEVELS:
        raise UsageError(f"VIDEOXL_LOG is {given!r}, expected one of {', '.join(LOG_LEVELS)}.")
    logger, handler = logging.getLogger("videoxl"), logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(log_level().upper())
    try:
        with warnings.catch_warnings():
            if log_level() != "debug":
                warnings.simplefilter("ignore")
            yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
