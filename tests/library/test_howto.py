"""What the how-to says is what happens."""

import re
from pathlib import Path

import pytest

HOWTO = Path(__file__).parents[2] / "docs" / "howto" / "library.md"


@pytest.mark.slow
def test_the_python_of_the_howto_runs(make_film, tmp_path, monkeypatch):
    """The snippet watches a film into a library, opens it from there and notes an answer."""
    [snippet] = re.findall(r"```python\n(.*?)```", HOWTO.read_text(encoding="utf-8"), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    Path("film.mp4").write_bytes(make_film(12).read_bytes())
    names = {}
    exec(snippet, names)
    [entry] = names["library"].entries()
    assert (entry.state, entry.num_questions) == ("ready", 1)


def test_every_verb_is_told_of():
    """Each verb of `videoxl library` has its line in the how-to."""
    from videoxl.cli.library import VERBS

    text = HOWTO.read_text(encoding="utf-8")
    assert [verb for verb in VERBS if f"videoxl library {verb}" not in text] == []
