"""Text of strangers made fit for any file: a model's words, a person's question, the name of a video."""

import re
import unicodedata

_LINE_ENDS = re.compile("\r\n|[\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029]")
_UNSEEN = frozenset("\u200b\u2060\ufeff\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Nothing is seen of them, and some turn around what is written after them, in a file as in a terminal."""


def plain_text(text: str) -> str:
    """The text without control characters; lines end in a newline, and what UTF-8 cannot hold is replaced."""
    lines = (" ".join(_printable(line).split()) for line in _LINE_ENDS.split(text))
    return "\n".join(lines).strip()


def one_line(text: str) -> str:
    """The text on one line."""
    return " ".join(plain_text(text).split())


def filled_lines(text: str) -> list[str]:
    """The lines of a text that hold something."""
    return [line for line in plain_text(text).split("\n") if line]


def counted(number: int, noun: str) -> str:
    """`1 moment`, `2 moments`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _printable(line: str) -> str:
    return "".join(_printable_character(character) for character in line)


def _printable_character(character: str) -> str:
    if character == "\t":
        return " "
    category = unicodedata.category(character)
    if category == "Cs":  # half of a surrogate pair
        return "\ufffd"
    return "" if category == "Cc" or character in _UNSEEN else character
