"""Plain JSON values of unknown origin as typed ones; ValueError names the field and shows the value."""

import reprlib
from collections.abc import Collection
from typing import Any

LARGEST_COUNT = 1 << 53  # what every JSON reader keeps exact


def mapping(value: object, where: str) -> dict[str, Any]:
    """A JSON object."""
    if not isinstance(value, dict):
        raise ValueError(f"{where} should be an object, got {reprlib.repr(value)}")
    return value


def record(value: object, where: str, names: Collection[str]) -> dict[str, Any]:
    """A JSON object with exactly these fields."""
    given = mapping(value, where)
    if missing := sorted(set(names) - given.keys()):
        raise ValueError(f"{where} has no field {missing[0]}")
    return known(given, where, names)


def known(value: object, where: str, names: Collection[str]) -> dict[str, Any]:
    """A JSON object with some of these fields and no others: what this version does not know, it cannot keep."""
    given = mapping(value, where)
    if unknown := sorted(given.keys() - set(names)):
        raise ValueError(f"{where} has an unknown field {reprlib.repr(unknown[0])}")
    return given


def items(value: object, where: str) -> list[Any]:
    """A JSON list."""
    if not isinstance(value, list):
        raise ValueError(f"{where} should be a list, got {reprlib.repr(value)}")
    return value


def text(value: object, where: str) -> str:
    """A JSON string."""
    if not isinstance(value, str):
        raise ValueError(f"{where} should be a text, got {reprlib.repr(value)}")
    return value


def flag(value: object, where: str) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ValueError(f"{where} should be true or false, got {reprlib.repr(value)}")
    return value


def count(value: object, where: str, *, least: int = 0) -> int:
    """A whole number from `least` on."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= LARGEST_COUNT:
        raise ValueError(f"{where} should be a whole number from {least} on, got {reprlib.repr(value)}")
    return value


def number(value: object, where: str) -> float:
    """A finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= LARGEST_COUNT:
        raise ValueError(f"{where} should be a number, got {reprlib.repr(value)}")
    return float(value)
