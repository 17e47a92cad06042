"""Dataclasses from YAML, and what `--set` does to them."""

from dataclasses import dataclass, field
from typing import Literal

import pytest

from videoxl.errors import UsageError
from videoxl.training.config import make_config, read_yaml, with_overrides


@dataclass(frozen=True)
class Inner:
    share: float = 0.5


@dataclass(frozen=True)
class Outer:
    number: int
    inner: Inner = field(default_factory=Inner)
    perhaps: Inner | None = None
    choice: Literal["one", "two"] = "one"
    block: dict[str, object] = field(default_factory=dict)
    many: tuple[Inner, ...] = ()


def test_values_become_what_the_fields_are():
    """Nested mappings, lists, choices, blocks that are passed on, and things that may be missing."""
    made = make_config(
        Outer,
        {"number": 3, "perhaps": {"share": 1}, "choice": "two", "block": {"rate": "1e-5"}, "many": [{"share": 0}]},
        where="x",
    )
    assert made == Outer(3, Inner(), Inner(1.0), "two", {"rate": 1e-5}, (Inner(0.0),))
    assert make_config(Outer, {"number": 3, "perhaps": None}, where="x").perhaps is None


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"numbr": 3}, "unknown key 'numbr'; did you mean 'number'"),
        ({"number": 3, "inner": {"shar": 1}}, "x: inner has the unknown key 'shar'; did you mean 'share'"),
        ({"number": "three"}, "expected a value of type int"),
        ({"number": True}, "expected a value of type int"),
        ({"number": 3, "choice": "three"}, "expected one of one, two"),
        ({"number": 3, "many": 5}, "expected a list"),
        ({"number": 3, "block": [1]}, "expected keys and values"),
        ({}, "number"),
    ],
)
def test_a_value_that_does_not_fit_is_named(values, said):
    """Unknown keys get the nearest name; wrong values are shown with what was expected."""
    with pytest.raises(UsageError, match=said):
        make_config(Outer, values, where="x")


def test_set_changes_one_value_and_leaves_the_rest():
    """Dots go inward, values are YAML, what is not there is made, and the given mapping stays as it was."""
    given = {"a": {"b": 1, "c": 2}, "d": 3}
    changed = with_overrides(given, ["a.b=[2, 4]", "d=1e-5", "e.f=null", "a.c='x=y'"])
    assert changed == {"a": {"b": [2, 4], "c": "x=y"}, "d": 1e-5, "e": {"f": None}}
    assert given == {"a": {"b": 1, "c": 2}, "d": 3}


@pytest.mark.parametrize("text", ["a", "=3", "a..b=3", "d.x=3", "a=[1"])
def test_a_set_that_cannot_be_read_is_refused(text):
    """No name, no value, a value that holds no keys, and broken YAML are said."""
    with pytest.raises(UsageError, match="--set"):
        with_overrides({"a": {"b": 1}, "d": 3}, [text])


@pytest.mark.parametrize(
    ("text", "said"), [("a: [1", "is no YAML"), ("- 1", "expected keys and values"), ("", "holds None")]
)
def test_a_file_without_keys_and_values_is_refused(tmp_path, text, said):
    """Broken YAML, a list, and an empty file are refused by the file's name."""
    path = tmp_path / "recipe.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=said):
        read_yaml(path)
    with pytest.raises(UsageError, match="there is no recipe"):
        read_yaml(tmp_path / "missing.yaml")
