"""Frozen dataclasses from YAML, in which an unknown key is an error."""

import difflib
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml

from videoxl.errors import UsageError

Config = TypeVar("Config")


def read_yaml(path: str | Path) -> dict[str, Any]:
    """The keys and values of a YAML file, not yet looked at.

    Raises:
        UsageError: No such file, no YAML, or no keys and values.
    """
    path = Path(path)
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UsageError(f"there is no recipe {path}. Give a YAML file, such as recipes/lora.yaml.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is no YAML ({' '.join(str(error).split())}). Correct it.") from error
    if not isinstance(found, dict):
        raise UsageError(f"{path} holds {found!r}, expected keys and values. Start from one of recipes/*.yaml.")
    return found


def with_overrides(values: Mapping[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """The same with every `a.b=value` of `--set` put in; values are YAML, so `1e-5`, `[2, 4]` and `null` work."""
    changed = _copied(values)
    for text in overrides:
        name, equals, value = text.partition("=")
        keys = name.strip().split(".")
        if not equals or not all(keys):
            raise UsageError(f"--set is {text!r}, expected NAME=VALUE such as trainer.max_steps=20.")
        place = changed
        for key in keys[:-1]:
            inner = place.get(key)
            if inner is not None and not isinstance(inner, dict):
                raise UsageError(f"--set {text!r} goes into {key!r}, which is {inner!r} and holds no keys.")
            place = place.setdefault(key, {}) if inner is not None else _put(place, key, {})
        try:
            place[keys[-1]] = _number(yaml.safe_load(value))
        except yaml.YAMLError as error:
            raise UsageError(
                f"--set {text!r} has a value that is no YAML; put it into quotes, as {name}='...'."
            ) from error
    return changed


def make_config(kind: type[Config], values: Any, *, where: str) -> Config:
    """A frozen dataclass, and those inside it, from plain mappings and lists."""
    if not isinstance(values, Mapping):
        raise UsageError(f"{where} is {values!r}, expected keys and values.")
    known = typing.get_type_hints(kind)
    names = [entry.name for entry in fields(kind)]  # type: ignore[arg-type]
    for key in values:
        check_key(key, names, where=where)
    try:
        return kind(**{key: _value(known[key], value, f"{where}: {key}") for key, value in values.items()})
    except TypeError as error:
        raise UsageError(f"{where}: {error}; expected {', '.join(names)}.") from error


def check_key(key: object, known: Iterable[str], *, where: str) -> None:
    """Refuse a key that nobody reads, with the nearest one that somebody does."""
    names = list(known)
    if key not in names:
        near = difflib.get_close_matches(str(key), names, n=1, cutoff=0)[0]
        raise UsageError(f"{where} has the unknown key {key!r}; did you mean {near!r}?")


def _value(kind: Any, value: Any, where: str) -> Any:
    origin = typing.get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        return _optional(kind, value, where)
    if origin is Literal:
        choices = typing.get_args(kind)
        if value not in choices:
            raise UsageError(f"{where} is {value!r}, expected one of {', '.join(map(str, choices))}.")
        return value
    if origin in (dict, Mapping):
        if not isinstance(value, Mapping):
            raise UsageError(f"{where} is {value!r}, expected keys and values.")
        return {key: _number(each) for key, each in value.items()}
    if is_dataclass(kind):
        return make_config(kind, value, where=where)  # type: ignore[arg-type]
    if origin is tuple:
        if not isinstance(value, list):
            raise UsageError(f"{where} is {value!r}, expected a list.")
        return tuple(_value(kind.__args__[0], item, where) for item in value)
    value = _number(value) if kind in (int, float) else value
    if kind is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or isinstance(value, bool) is not (kind is bool):
        raise UsageError(f"{where} is {value!r}, expected a value of type {kind.__name__}.")
    return value


def _optional(kind: Any, value: Any, where: str) -> Any:
    inner = [each for each in typing.get_args(kind) if each is not type(None)]
    assert len(inner) == 1, f"{where}: a field is of one type, or of one type or None"
    return None if value is None else _value(inner[0], value, where)


def _number(value: Any) -> Any:
    """YAML 1.1 takes `1e-5` for a word, because it has no point in it."""
    if isinstance(value, str) and "e" in value.lower():
        try:
            return float(value)
        except ValueError:
            return value
    return value


def _put(place: dict[str, Any], key: str, value: dict[str, Any]) -> dict[str, Any]:
    place[key] = value
    return value


def _copied(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _copied(value) if isinstance(value, Mapping) else value for key, value in values.items()}
