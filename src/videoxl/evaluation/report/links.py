"""Addresses within the page: from a number to the answers that it was counted from."""

from collections.abc import Iterable
from urllib.parse import quote

from videoxl.evaluation.report.markup import readable

Choice = tuple[str, str]
"""Axis and category."""
PREFIX = "#answers"


def answers_link(run: int, choices: Iterable[Choice] = ()) -> str:
    """The answers of one run, those in these categories only: "#answers/1/depth=25%20%25"; read by browse.js."""
    parts = (f"{quote(readable(axis), safe='')}={quote(readable(category), safe='')}" for axis, category in choices)
    return "/".join([PREFIX, str(run), *parts])
