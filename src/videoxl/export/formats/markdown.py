"""A page for people: a list of moments, in Markdown that shows every text just as it is."""

import re

from videoxl.export.document import Document
from videoxl.export.formats.format import Format
from videoxl.export.marker import Marker
from videoxl.export.plain_text import one_line
from videoxl.export.said import NO_WORDS
from videoxl.video.clock import clock

_SIGNS = re.compile(r"[\\`*_\[\]<>&|~#$@!^=]|://|(?<=www)\.", re.IGNORECASE)


def _write(document: Document) -> str:
    lines = [f"# {_shown(document.title)}", ""]
    for source, video in enumerate(document.videos):
        if len(document.videos) > 1:
            lines += [f"## {_shown(video.name)}", ""]
        moments = [_moment(marker) for marker in document.markers if marker.source == source]
        lines += [*(moments or ["No moments."]), ""]
    if document.remarks:
        lines += [f"- {_strong(remark.label, remark.text)}" for remark in document.remarks] + [""]
    lines += [f"*{_shown(note)}.*\n" for note in document.notes]
    return "\n".join(lines).rstrip("\n") + "\n"


def _moment(marker: Marker) -> str:
    start, stop = clock(marker.start_seconds), clock(marker.stop_seconds)
    time = start if start == stop else f"{start} to {stop}"
    score = "" if marker.score is None else f" ({marker.score:.2f})"
    said = _strong(marker.label, marker.text) if marker.label else _shown(marker.text or NO_WORDS)
    return f"- **{time}** {said}{score}"


def _strong(label: str, text: str) -> str:
    """A label and its text, emphasised: then neither can begin a list or a rule."""
    strong = f"**{_shown(text or NO_WORDS)}**"
    return f"*{_shown(label)}* {strong}" if label else strong


def _shown(text: str) -> str:
    """The text on one line, with a backslash before whatever would mean something."""
    return _SIGNS.sub(lambda match: "".join(f"\\{sign}" if sign != "w" else sign for sign in match[0]), one_line(text))


MARKDOWN = Format(
    name="md",
    suffixes=(".md", ".markdown"),
    media_type="text/markdown",
    about="A page for people.",
    write=_write,
)
