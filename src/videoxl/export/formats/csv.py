"""A table for spreadsheets and scripts: a row a moment, and a row without times for what has none.

A cell that a spreadsheet would take for a formula begins with an apostrophe, which it takes for text.
"""

import csv
import io
import unicodedata

from videoxl.export.document import Document
from videoxl.export.formats.format import Format
from videoxl.export.marker import Marker
from videoxl.video.clock import clock

HEADER = ("video", "start_seconds", "stop_seconds", "start", "stop", "label", "text", "score")
_FORMULA_STARTS = frozenset("=+-@|%")


def _write(document: Document) -> str:
    table = io.StringIO(newline="")
    writer = csv.writer(table, lineterminator="\r\n")
    writer.writerow(HEADER)
    writer.writerows(_row(document, marker) for marker in document.markers)
    for remark in document.remarks:
        writer.writerow(["", "", "", "", "", _cell(remark.label), _cell(remark.text), ""])
    return table.getvalue()


def _row(document: Document, marker: Marker) -> list[str]:
    times = (marker.start_seconds, marker.stop_seconds)
    return [
        _cell(document.videos[marker.source].name),
        *(f"{seconds:.3f}" for seconds in times),
        *map(clock, times),
        _cell(marker.label),
        _cell(marker.text),
        "" if marker.score is None else f"{marker.score:.4f}",
    ]


def _cell(text: str) -> str:
    """The text; what is not seen does not count before a sign, and a full-width sign counts."""
    seen = (sign for sign in unicodedata.normalize("NFKC", text) if _is_seen(sign))
    return f"'{text}" if next(seen, "") in _FORMULA_STARTS else text


def _is_seen(sign: str) -> bool:
    return unicodedata.category(sign) != "Cf" and not sign.isspace() and sign not in "'\""


CSV = Format(
    name="csv",
    suffixes=(".csv",),
    media_type="text/csv",
    about="A table for spreadsheets and scripts; no cell is taken for a formula.",
    write=_write,
)
