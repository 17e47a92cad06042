"""Names that people and strangers give, made fit for one line of a terminal or a page."""

import unicodedata

MOST_CHARACTERS = 200
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}  # control, format (direction marks, too), unpaired, unassigned


def plain_label(text: str, *, otherwise: str) -> str:
    """The text on one line, without what is not seen, cut to a bearable length; `otherwise` where nothing remains."""
    seen = (each for each in text if each.isspace() or unicodedata.category(each) not in _UNSEEN)
    return " ".join("".join(seen).split())[:MOST_CHARACTERS].strip() or otherwise
