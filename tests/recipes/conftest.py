"""The measuring of nano is a script with its parts beside it: they are found from its folder."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

NANO = Path(__file__).parents[2] / "recipes" / "nano"
sys.path.append(str(NANO))


@pytest.fixture(scope="session")
def evaluate() -> ModuleType:
    """The script, as a module."""
    spec = importlib.util.spec_from_file_location("nano_evaluate", NANO / "evaluate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
