"""Rules of the house that no linter knows."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))


@pytest.mark.parametrize("path", TESTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_test_says_its_law(path):
    """A test's docstring says what must hold, so that a failure reads as a sentence."""
    functions = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)]
    silent = [f.name for f in functions if f.name.startswith("test_") and not ast.get_docstring(f)]
    assert not silent


def test_beacon_is_said_only_where_official_keys_are_read():
    """The released code's word for VST stays in `checkpoint/`."""
    outside = [path for path in SOURCES if path.parent.name != "checkpoint"]
    assert not [path for path in outside if "beacon" in path.read_text().lower()]


def test_source_is_ascii():
    """Code reads the same in every editor and terminal."""
    assert not [path for path in SOURCES if not path.read_text().isascii()]


def test_no_file_is_called_utils():
    """Every file is a noun that says what it holds."""
    vague = {"utils", "util", "common", "misc", "helpers", "helper"}
    assert not [path for path in SOURCES if path.stem in vague]


def test_nothing_is_pickled():
    """Weights and memories are safetensors and JSON; nothing from a stranger's file is executed."""
    words = ("import pickle", "torch.load(", "torch.save(", "trust_remote_code=True", "eval(compile")
    assert not [path for path in SOURCES if any(word in path.read_text() for word in words)]
