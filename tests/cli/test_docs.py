"""The reference of the command line is made from the code."""

import runpy
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "docs" / "generate.py"


def test_generated_pages_are_current():
    """Each page reads as docs/generate.py would write it now; run it after changing an option."""
    for path, text in runpy.run_path(str(SCRIPT))["pages"]().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name} is not current: run python docs/generate.py"
