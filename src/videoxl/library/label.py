"""Names that people and strangers give, made fit for one line of a terminal or a page."""

import unicodedata

MOST_CHARACTERS = 200
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}  # control, format (direction marks, too), unpaired, unassigned


def plain_label(text: str, *, otherwise: str) -> str:
    """The text on one line, without what is not seen, cut to a bearable length; `otherwise` where nothing remains."""
    spaced = " ".join(text.split())
    seen = "".join(character for character in spaced if unicodedata.category(character) not in _UNSEEN)
    return seen[:MOST_CHARACTERS].strip() or otherwise
