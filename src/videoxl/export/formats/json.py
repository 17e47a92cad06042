"""Everything that a document holds, for programs."""

import json

from videoxl.export.document import Document
from videoxl.export.formats.format import Format


def _write(document: Document) -> str:
    return json.dumps(document.to_json(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


JSON = Format(
    name="json",
    suffixes=(".json",),
    media_type="application/json",
    about="Everything there is, for programs: moments, remarks, notes, videos.",
    write=_write,
)
