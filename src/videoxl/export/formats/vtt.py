"""WebVTT: what a <track> of a web page reads, as chapters, metadata or subtitles. Cues may overlap."""

from videoxl.export.document import Document
from videoxl.export.formats.cues import Cue, clock, cues_of
from videoxl.export.formats.format import Format
from videoxl.export.marker import Remark
from videoxl.export.plain_text import filled_lines
from videoxl.export.said import NO_WORDS

_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def _write(document: Document) -> str:
    blocks = [f"WEBVTT - {_line(document.title)}", *map(_note, document.remarks)]
    blocks += [f"{number}\n{_cue(cue)}" for number, cue in enumerate(cues_of(document), start=1)]
    return "\n\n".join(blocks) + "\n"


def _cue(cue: Cue) -> str:
    text = "\n".join(map(_line, cue.lines))
    return f"{clock(cue.start, point='.')} --> {clock(cue.stop, point='.')}\n{text}"


def _note(remark: Remark) -> str:
    """A comment, which readers skip; the escapes keep an arrow out of it, too."""
    words = [*filled_lines(remark.label), *(filled_lines(remark.text) or [NO_WORDS])]
    return "NOTE\n" + "\n".join(map(_line, words))


def _line(text: str) -> str:
    return text.translate(_ESCAPED)


VTT = Format(
    name="vtt",
    suffixes=(".vtt",),
    media_type="text/vtt",
    about="Subtitles or chapters of a web page; moments may overlap.",
    write=_write,
    holds_several_videos=False,
)
