"""Values that are written as JSON and read back as they were; what does not fit is refused by name."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, Self

from videoxl.errors import EvaluationError


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
            EvaluationError: Fields are missing, or unknown.
        """
        if not isinstance(document, Mapping):
            raise EvaluationError(f"a {cls.__name__} is a JSON object, this is {type(document).__name__}")
        unknown = sorted(set(document) - {each.name for each in fields(cls)})  # type: ignore[arg-type]
        if unknown:
            raise EvaluationError(f"a {cls.__name__} has no {', '.join(unknown)}; a newer videoxl may have written it")
        try:
            return cls(**{name: _tuples(value) for name, value in document.items()})
        except TypeError as error:
            raise EvaluationError(f"a {cls.__name__} lacks fields: {str(error).split(') ')[-1]}") from error


def _tuples(value: Any) -> Any:
    """Lists of JSON as the tuples that they were."""
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
