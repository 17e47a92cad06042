"""Every format that a document can be written in, by name."""

from collections.abc import Sequence
from pathlib import Path

from videoxl.errors import UsageError
from videoxl.export.formats import csv, edl, json, markdown, otio, srt, vtt
from videoxl.export.formats.format import Format

__all__ = ["FORMATS", "Format", "format_of"]

FORMATS: dict[str, Format] = {
    made.name: made for made in (srt.SRT, vtt.VTT, csv.CSV, json.JSON, edl.EDL, otio.OTIO, markdown.MARKDOWN)
}


def format_of(name: str | None = None, path: Path | None = None, *, default: str | None = None) -> Format:
    """The format of this name, else the one that the path's suffix means, else the default."""
    if name is not None:
        if name.lower() not in FORMATS:
            raise UsageError(f"the format is {name!r}, expected one of {', '.join(FORMATS)}.")
        return FORMATS[name.lower()]
    if path is not None:
        for made in FORMATS.values():
            if path.suffix.lower() in made.suffixes:
                return made
        raise UsageError(
            f"{path.name} does not say its format, expected a name that ends in {_listed(_suffixes())}; "
            "rename it, or give --format."
        )
    if default is None:
        raise UsageError(f"no format was given, expected one of {', '.join(FORMATS)}.")
    return FORMATS[default]


def _suffixes() -> list[str]:
    return [made.suffixes[0] for made in FORMATS.values()]


def _listed(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"
