"""`videoxl evaluate report`: files by the endings of their names."""

import pytest
from typer.testing import CliRunner

from videoxl.cli.app import app
from videoxl.evaluation.record import Record, RunHeader
from videoxl.evaluation.registry import options_of
from videoxl.evaluation.run_folder import ANSWERS, HEADER, ITEMS, file_sha256, write_documents, write_json
from videoxl.evaluation.tasks.niah import Niah

TASK = Niah(frames=(8,), depths=1, films=1, split="validation")


@pytest.fixture
def run(tmp_path):
    """A run of three questions about one film, all answered rightly."""
    items, folder = TASK.load(None).items, tmp_path / "run"
    folder.mkdir()
    write_documents(folder / ITEMS, items)
    write_documents(folder / ANSWERS, [Record(item.id, item.video, item.question, item.answer) for item in items])
    header = RunHeader("niah", options_of(TASK), "nano", "", {}, len(items), file_sha256(folder / ITEMS), {})
    write_json(folder / HEADER, header.to_json())
    return folder


def report(*words):
    return CliRunner().invoke(app, ["evaluate", "report", *map(str, words)])


def test_each_file_is_written_as_it_is_named(run, tmp_path):
    """A page, Markdown and heat maps come of one command, which prints the maps and where the files are."""
    paths = [tmp_path / "new" / name for name in ("r.html", "r.md", "r.png")]
    result = report(run, *[word for path in paths for word in ("-o", path)])
    assert result.exit_code == 0, result.output
    assert paths[0].read_text().startswith("<!doctype html>")
    assert paths[1].read_text().startswith("# videoxl evaluate")
    assert paths[2].read_bytes().startswith(b"\x89PNG")
    assert "50 %  100" in result.output
    assert all(str(path) in result.output for path in paths)


@pytest.mark.parametrize("narrow", [{"COLUMNS": "20"}, {"COLUMNS": "40", "TERM": "dumb", "NO_COLOR": "1"}])
def test_maps_are_printed_as_the_terminal_takes_them(run, tmp_path, monkeypatch, narrow):
    """No line is wider than the terminal, nothing steers it, and a dumb one gets ASCII."""
    for name, value in narrow.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    printed = report("run", "-o", "r.md").output
    assert max(map(len, printed.splitlines())) <= int(narrow["COLUMNS"])
    assert "\x1b" not in printed
    assert printed.isascii() == (narrow.get("TERM") == "dumb")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-o", "r.pdf"], "expected a name that ends in .html, .md, .png"),
        (["--parser", "lenient"], "expected strict or official"),
        (["--pictures", "-1"], "expected 0 or more"),
    ],
)
def test_what_cannot_be_written_is_refused(run, words, said):
    """Another ending, parser or number is misuse, and said before anything is read."""
    result = report(run, *words)
    assert result.exit_code == 2
    assert said in " ".join(result.output.split())


def test_what_is_no_run_is_refused(tmp_path):
    """A folder that no run is in ends the command with its name."""
    result = report(tmp_path, "-o", tmp_path / "r.md")
    assert result.exit_code == 1
    assert "is no run" in result.output
