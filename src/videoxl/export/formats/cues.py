"""Moments as subtitles show them: whole milliseconds, none empty, and where it must be so never two at once."""

from dataclasses import dataclass
from itertools import pairwise

from videoxl.export.document import Document
from videoxl.export.plain_text import filled_lines
from videoxl.export.said import NO_WORDS

MILLISECONDS = 1000


@dataclass(frozen=True, slots=True)
class Cue:
    """Lines shown from one millisecond to another."""

    start: int
    stop: int
    lines: tuple[str, ...]


def cues_of(document: Document) -> list[Cue]:
    """One cue a marker, in order of time; a point is shown for a millisecond."""
    cues = []
    for marker in document.markers:
        start = round(marker.start_seconds * MILLISECONDS)
        stop = max(start + 1, round(marker.stop_seconds * MILLISECONDS))
        words = filled_lines(marker.text) or [NO_WORDS]
        lines = [marker.label, *words] if marker.label else words
        cues.append(Cue(start, stop, tuple(lines)))
    return sorted(cues, key=lambda cue: (cue.start, cue.stop))


def apart(cues: list[Cue]) -> list[Cue]:
    """The same lines at the same times, cut so that no cue begins before the last one has ended."""
    edges = sorted({edge for cue in cues for edge in (cue.start, cue.stop)})
    waiting = sorted(cues, key=lambda cue: cue.start, reverse=True)
    shown: list[Cue] = []
    separate: list[Cue] = []
    for start, stop in pairwise(edges):
        shown = [cue for cue in shown if cue.stop > start]
        while waiting and waiting[-1].start <= start:
            shown.append(waiting.pop())
        if shown:
            lines = tuple(dict.fromkeys(line for cue in shown for line in cue.lines))
            separate.append(Cue(start, stop, lines))
    return separate


def clock(milliseconds: int, *, point: str) -> str:
    """`00:41:10.500`, with more than two digits for the hours where they are needed."""
    seconds, rest = divmod(milliseconds, MILLISECONDS)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{point}{rest:03d}"
