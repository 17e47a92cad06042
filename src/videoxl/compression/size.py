"""Sizes in bytes that people write and read, such as 24GiB."""

import re

from videoxl.errors import UsageError

_DECIMAL = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_BINARY = {"KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}
_SHORT = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_UNITS = _DECIMAL | _BINARY | _SHORT
_NUMBER_UNIT = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)", re.IGNORECASE)


class ByteSize(int):
    """A number of bytes that prints as people read it: `ByteSize(3 * 2**30)` is "3.0 GiB"."""

    @classmethod
    def parse(cls, text: str) -> "ByteSize":
        """`24GiB`, `24 gb`, `24G` (binary), `1.5TiB` or plain bytes."""
        match = _NUMBER_UNIT.fullmatch(text.strip())
        if match is None or match[2].upper() not in _UNITS:
            raise UsageError(
                f"{text!r} is not a size, expected a number and a unit: 24GiB, 512MiB, 80GB, or plain bytes."
            )
        return cls(round(float(match[1]) * _UNITS[match[2].upper()]))

    def __str__(self) -> str:
        for unit in ("TiB", "GiB", "MiB", "KiB"):
            if abs(self) >= _BINARY[unit.upper()]:
                return f"{self / _BINARY[unit.upper()]:.1f} {unit}"
        return f"{int(self)} B"
