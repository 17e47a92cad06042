"""Which files a set of pictures is made of, and in which order. Nothing is opened here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from videoxl.errors import VideoFormatError

PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")


def is_picture(path: Path) -> bool:
    """Whether a file name says picture."""
    return path.suffix.lower() in PICTURE_SUFFIXES


def picture_paths(source: str | Path | Sequence[str | Path]) -> list[Path]:
    """The picture files of a file, a folder (natural order: 2 before 10) or a list (as given)."""
    if not isinstance(source, (str, Path)):
        if not source:
            raise VideoFormatError("got an empty list of pictures: give at least one picture file.")
        return [Path(item) for item in source]
    path = Path(source)
    if not path.is_dir():
        return [path]
    found = sorted((item for item in path.iterdir() if item.is_file() and is_picture(item)), key=_natural_key)
    if not found:
        raise VideoFormatError(f"{path} is a folder without pictures: expected jpg, png, webp, bmp or tiff files.")
    return found


def _natural_key(path: Path) -> list[tuple[int, int, str]]:
    parts = re.findall(r"\d+|\D+", path.name.lower())
    return [(0, int(part), part) if part.isdecimal() else (1, 0, part) for part in parts]
