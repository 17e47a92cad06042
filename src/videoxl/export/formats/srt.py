"""SubRip subtitles: numbered cues, one at a time.

The format has no escapes. An arrow in the text could be read as a time, and players take `<b>` and `{\\an8}` as
commands: their brackets are written so that they look nearly the same and mean nothing.
"""

from videoxl.export.document import Document
from videoxl.export.formats.cues import Cue, apart, clock, cues_of
from videoxl.export.formats.format import Format, remarks_left_out

_HARMLESS = str.maketrans({"<": "\u2039", ">": "\u203a", "{": "(", "}": ")"})


def _write(document: Document) -> str:
    cues = apart(cues_of(document))
    return "\n".join(f"{number}\n{_cue(cue)}" for number, cue in enumerate(cues, start=1))


def _cue(cue: Cue) -> str:
    text = "\n".join(line.translate(_HARMLESS) for line in cue.lines)
    return f"{clock(cue.start, point=',')} --> {clock(cue.stop, point=',')}\n{text}\n"


SRT = Format(
    name="srt",
    suffixes=(".srt",),
    media_type="application/x-subrip",
    about="Subtitles for any player; moments that overlap are cut so that one cue is shown at a time.",
    write=_write,
    left_out=remarks_left_out,
    holds_several_videos=False,
)
