"""All measurements at once: none is forgotten, and none is given an option that it does not have."""

from pathlib import Path

import pytest

from benchmarks import run

FOLDER = Path(run.__file__).parent
ALL = run.MEASUREMENTS | run.GPU_MEASUREMENTS


def test_every_script_is_run_or_stands_apart_for_a_reason():
    """A script of the folder that can be run is part of `benchmarks.run`, or it is said there why it is not."""
    scripts = {path.stem for path in FOLDER.glob("*.py") if '__name__ == "__main__"' in path.read_text()}
    assert scripts - {"run"} == {*ALL, *run.BY_THEMSELVES}


@pytest.mark.parametrize("name", [name for name, options in ALL.items() if options])
def test_options_of_a_short_form_are_options_of_the_script(name):
    """Each option word is one that the script declares, and a short form does not overwrite the result of the long."""
    source, options = (FOLDER / f"{name}.py").read_text(), ALL[name]
    assert [word for word in options if word.startswith("--") and f'"{word}"' not in source] == []
    assert "--out" not in options or options[options.index("--out") + 1] != name
