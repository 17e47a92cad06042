"""Subtitle files as timed lines, and the lines that are on screen at given times."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from videoxl.errors import AnnotationError

_TIMES = re.compile(r"([\d:.,]+)\s*-->\s*([\d:.,]+)")
_TAGS = re.compile(r"<[^>]*>|\{\\[^}]*\}")


@dataclass(frozen=True, slots=True)
class SubtitleLine:
    """Words, and from when to when they are shown."""

    start_seconds: float
    stop_seconds: float
    text: str


def read_srt(path: Path) -> list[SubtitleLine]:
    """The lines of an .srt file, without markup; empty ones are left out."""
    lines = []
    for block in re.split(r"\r?\n\s*\r?\n", path.read_text(encoding="utf-8-sig", errors="replace")):
        times = _TIMES.search(block)
        if times:
            text = " ".join(_TAGS.sub("", block[times.end() :]).split())
            lines += [SubtitleLine(_seconds(times[1]), _seconds(times[2]), text)] if text else []
    return lines


def read_json_subtitles(path: Path, *, starting_seconds: float, duration_seconds: float) -> list[SubtitleLine]:
    """LongVideoBench's: lists of {"timestamp": [start, stop], "text"} or {"start", "end", "line"}.

    Args:
        starting_seconds: where the video begins on the subtitles' clock.
        duration_seconds: when a line ends whose end is not said.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        lines = [_of_entry(entry, duration_seconds + starting_seconds) for entry in entries]
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise AnnotationError(f"{path} does not read as subtitles: {error!r}. Get the file again.") from error
    return [
        SubtitleLine(line.start_seconds - starting_seconds, line.stop_seconds - starting_seconds, line.text)
        for line in lines
        if line.text
    ]


def shown_at(lines: Sequence[SubtitleLine], seconds: Sequence[float]) -> list[str]:
    """What is on screen at one of some times, in order, each line once and none twice in a row."""
    shown: list[str] = []
    for line in lines:
        is_shown = any(line.start_seconds <= second < line.stop_seconds for second in seconds)
        if is_shown and (not shown or shown[-1] != line.text):
            shown.append(line.text)
    return shown


def _of_entry(entry: Mapping[str, Any], end_seconds: float) -> SubtitleLine:
    if "timestamp" in entry:
        start, stop = entry["timestamp"]
        stop = stop if isinstance(stop, int | float) else end_seconds
        return SubtitleLine(float(start), float(stop), " ".join(str(entry["text"]).split()))
    return SubtitleLine(_seconds(entry["start"]), _seconds(entry["end"]), " ".join(str(entry["line"]).split()))


def _seconds(clock: str) -> float:
    """Of 01:02:03,500 or 01:02:03.5."""
    total = 0.0
    for part in clock.replace(",", ".").split(":"):
        total = 60 * total + float(part)
    return total
