"""What importing costs, and which room may import which."""

import json
import subprocess
import sys

import pytest

HEAVY = ("torch", "transformers", "av", "numpy", "PIL", "safetensors")


def modules_after(statement):
    """Names of the top-level modules that a fresh interpreter holds after a statement."""
    code = f"{statement}\nimport json, sys\nprint(json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return json.loads(result.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    "statement",
    [
        "import videoxl",
        "import videoxl; videoxl.__version__, dir(videoxl)",
        "import videoxl.errors",
        "import videoxl.cli",
    ],
)
def test_importing_is_light(statement):
    """Importing the package, its errors or its command line loads no heavy library."""
    assert not set(HEAVY) & set(modules_after(statement))


def test_help_is_light():
    """`videoxl --help` answers without loading a heavy library."""
    ask_for_help = """
import sys
from videoxl.cli import main
sys.argv = ["videoxl", "--help"]
try:
    main()
except SystemExit as end:
    assert not end.code
"""
    assert not set(HEAVY) & set(modules_after(ask_for_help))


def test_planning_needs_no_torch():
    """The arithmetic of compression runs where torch is not loaded."""
    loaded = modules_after("import videoxl.compression")
    assert "numpy" in loaded
    assert not {"torch", "transformers", "av"} & set(loaded)


def test_an_unknown_public_name_says_what_there_is():
    """A name that the package does not offer is an AttributeError that lists those that it does."""
    import videoxl

    with pytest.raises(AttributeError, match="no attribute 'wach'; it offers Answer, CompressedMemory"):
        videoxl.wach  # noqa: B018


def test_every_public_name_is_there():
    """Each name that the package offers can be had, and is remembered."""
    import videoxl

    for name in videoxl.__all__:
        assert getattr(videoxl, name) is getattr(videoxl, name)
