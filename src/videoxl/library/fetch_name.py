"""A name for people, made of what a stranger calls a file: one part, printable, short, with the suffix of its bytes.

Nothing on disk is named by it.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

MAX_LETTERS = 120
UNNAMED = "video"
SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,5}$")
FORBIDDEN = re.compile(r'[<>:"|?*/\\]')


def safe_name(raw: str | None, suffix: str) -> str:
    """The last part of a name or path, made harmless; with nothing left of it, `video`."""
    last = re.split(r"[/\\]", unquote(raw or ""))[-1]
    visible = "".join(letter for letter in unicodedata.normalize("NFC", last) if unicodedata.category(letter)[0] != "C")
    stem = SUFFIX.sub("", FORBIDDEN.sub("_", visible)).strip(" .")
    return (stem[:MAX_LETTERS].strip(" .") or UNNAMED) + suffix
