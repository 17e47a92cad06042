"""Values that are written as JSON and read back as they were; what does not fit is refused by name."""

import math
import types
from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields
from functools import lru_cache
from typing import Any, Self, Union, get_args, get_origin, get_type_hints

from videoxl.errors import EvaluationError

MOST_CHARACTERS_SHOWN = 40


class Document:
    """A dataclass, as JSON. Its fields are plain values, tuples of them, and mappings."""

    __slots__ = ()

    def to_json(self) -> dict[str, Any]:
        """Plain values; `from_json` gives the same back."""
        return asdict(self)  # type: ignore[call-overload]

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """What `to_json` wrote.

        Raises:
            EvaluationError: Fields are missing, unknown, or of another type than theirs.
        """
        if not isinstance(document, Mapping):
            raise EvaluationError(f"a {cls.__name__} is a JSON object, this is {type(document).__name__}")
        known = _types_of(cls)  # type: ignore[arg-type]
        unknown = sorted(set(document) - set(known))
        if unknown:
            raise EvaluationError(f"a {cls.__name__} has no {', '.join(unknown)}; a newer videoxl may have written it")
        values = {name: _tuples(value) for name, value in document.items()}
        for name, value in values.items():
            if not _fits(value, known[name]):
                raise EvaluationError(f"the {name} of a {cls.__name__} cannot be {_shown(value)}")
        lacking = sorted(_needed(cls) - set(values))  # type: ignore[arg-type]
        if lacking:
            raise EvaluationError(f"a {cls.__name__} lacks fields: {', '.join(lacking)}")
        return cls(**values)


@lru_cache
def _types_of(kind: type) -> dict[str, Any]:
    """Fields in their order, each with its type."""
    hints = get_type_hints(kind)
    return {each.name: hints[each.name] for each in fields(kind)}


@lru_cache
def _needed(kind: type) -> frozenset[str]:
    """Fields without a default."""
    return frozenset(each.name for each in fields(kind) if each.default is MISSING and each.default_factory is MISSING)


def _fits(value: Any, kind: Any) -> bool:
    """Whether a value of JSON, its lists as tuples, is of a type. A whole number is also a float; NaN is none."""
    origin, parts = get_origin(kind), get_args(kind)
    if kind is Any:
        return True
    if origin in (Union, types.UnionType):
        return any(_fits(value, part) for part in parts)
    if origin is tuple:
        is_long = len(parts) == 2 and parts[1] is Ellipsis
        each = (parts[0],) * len(value) if is_long and isinstance(value, tuple) else parts
        return isinstance(value, tuple) and len(value) == len(each) and all(map(_fits, value, each))
    if origin is not None:
        return isinstance(value, Mapping) and all(_fits(each, parts[1]) for each in value.values())
    if isinstance(value, bool):
        return kind is bool
    if kind is float:
        return isinstance(value, int | float) and abs(value) < math.inf
    return isinstance(value, kind)


def _shown(value: Any) -> str:
    text = ascii(value)
    return text if len(text) <= MOST_CHARACTERS_SHOWN else f"{text[: MOST_CHARACTERS_SHOWN - 3]}..."


def _tuples(value: Any) -> Any:
    """Lists of JSON as the tuples that they were."""
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
