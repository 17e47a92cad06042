"""`videoxl data vico`, as a person runs it."""

import json
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from videoxl.cli.data_vico import vico
from videoxl.cli.failure import guarded
from videoxl.cli.vico_plugs import Choice, RequestOptions, make_writer

app = typer.Typer(pretty_exceptions_enable=False, rich_markup_mode=None)
app.command()(guarded(vico))


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs the verb in an empty folder with a home of its own."""
    monkeypatch.setenv("VIDEOXL_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("VIDEOXL_LOG", raising=False)
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


def test_true_captions_need_no_network_and_no_model(run, films):
    """`--captioner facts` writes examples and their review, and says on stdout where."""
    result = run(films, "-o", "vico.jsonl", "--captioner", "facts")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines()[0] == "vico.jsonl"
    assert "questions  8 (" in result.stdout
    assert len(Path("vico.jsonl").read_text().splitlines()) == 2
    assert not Path("home").exists()


def test_json_is_one_document(run, films):
    """With --json stdout is the report and nothing else."""
    result = run(films, "-o", "vico.jsonl", "--captioner", "facts", "--part", "42", "-n", 2, "--json")
    report = json.loads(result.stdout)
    assert (report["file"], report["review"]) == ("vico.jsonl", "vico.jsonl.review")
    assert (report["num_films"], report["num_parts"], report["bad_films"]) == (2, 4, [])
    assert report["num_questions"] == sum(report["kinds"].values()) <= 2 * report["num_examples"]


def test_endpoints_describe_and_write(run, films, server, monkeypatch):
    """An endpoint for captions and one for questions give a file, and a second run asks neither of them again."""
    monkeypatch.setenv("WISE_KEY", "sk-secret")

    def answer(request):
        content = request["messages"][0]["content"]
        if isinstance(content, list):
            return f"Scene {len(server.requests)} shows a wall."
        if "descriptions" in content:
            return json.dumps([{"stretch": n, "event": f"wall {n} is painted"} for n in range(1, 6)])
        items = [{"question": f"Who comes {n} times after the second wall?", "answer": "a painter", "clues": [2, 4]}
                 for n in ("two", "three")]  # fmt: skip
        return json.dumps(items)

    server.answer = answer
    words = (films, "-o", "vico.jsonl", "--captioner", server.url, "--captioner-model", "eyes", "--captioner-key",
             "WISE_KEY", "--writer", server.url, "--writer-model", "pen", "--parallel", 2, "--frames", 1)  # fmt: skip
    result = run(*words)
    assert result.exit_code == 0, result.stderr
    assert len(server.requests) == 2 * (5 + 1) + 1  # both films have the same events, so one answer serves both
    asked = zip(server.requests, server.headers, strict=True)
    keys = {(request["model"], headers.get("Authorization")) for request, headers in asked}
    assert keys == {("eyes", "Bearer sk-secret"), ("pen", None)}
    first = Path("vico.jsonl").read_text()
    again = run(*words, "--overwrite")
    assert len(server.requests) == 13
    assert "10, 10 described by an earlier run" in again.stdout
    assert Path("vico.jsonl").read_text() == first
    kept = "".join(path.read_text() for path in Path("home").rglob("*.json"))
    assert "sk-secret" not in kept + first + result.stdout + result.stderr


def test_an_interrupted_run_says_how_to_go_on(run, films, monkeypatch):
    """Ctrl-C leaves no half file, exits 130, and says that the same command goes on."""

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("videoxl.vico.true_captions.FactsCaptioner.caption", interrupted)
    result = run(films, "-o", "vico.jsonl", "--captioner", "facts")
    assert result.exit_code == 130
    assert "the same command goes on" in result.stderr
    assert not list(Path().glob("*"))


def test_a_key_in_the_clear_is_said(monkeypatch, capsys):
    """A key that would go over plain http to another machine is worth a line; the key itself is not in it."""
    monkeypatch.setenv("WISE_KEY", "sk-secret")
    for address in ("http://elsewhere/v1", "https://elsewhere/v1", "http://localhost/v1"):
        make_writer(Choice("--writer", address, "pen", "WISE_KEY"), RequestOptions("5", 0, 1, 1))
    said = "http://elsewhere/v1 is not encrypted, and the key of WISE_KEY is sent to it.\n"
    assert capsys.readouterr().err == said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--captioner", "gpt"), "--captioner is 'gpt', expected facts, model, or an address"),
        (("--captioner", "http://127.0.0.1:9/v1"), "--captioner-model is missing"),
        (("--captioner", "facts", "--captioner-model", "x"), "these are for endpoints"),
        (("--captioner", "model", "--captioner-model", "x"), "Name the model with --model"),
        (("--captioner", "facts", "--writer", "http://127.0.0.1:9/v1"), "--writer-model is missing"),
        (("--captioner", "facts", "--writer", "poet"), "expected rules, or an address"),
        (("--captioner", "facts", "--clip", "0"), "clip_seconds is 0"),
        (("--captioner", "facts", "--clip", "long"), "--clip is 'long'"),
        (("--captioner", "facts", "--part", "20"), "part_seconds is 20 and clip_seconds is 14"),
        (("--captioner", "facts", "-n", "0"), "num_questions is 0"),
        (("--captioner", "facts", "--max-bad", "-1"), "max_bad_films is -1"),
    ],
)
def test_misuse_exits_2_and_writes_nothing(run, films, words, said):
    """What cannot be carried out is said in one line before any film is opened."""
    result = run(films, "-o", "vico.jsonl", *words)
    assert result.exit_code == 2
    assert said in result.stderr
    assert not Path("vico.jsonl").exists()


def test_bad_films_are_named(run, films, tmp_path):
    """Without its facts a film is passed over by name, and one too many is exit code 1."""
    folder = tmp_path / "films"
    folder.mkdir()
    for path in films.glob("film-*"):
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "film-1.json").unlink()
    result = run(folder, "-o", "vico.jsonl", "--captioner", "facts")
    assert result.exit_code == 0
    assert "passed over film-1: " in result.stderr
    assert "films      1 of 2" in result.stdout
    result = run(folder, "-o", "other.jsonl", "--captioner", "facts", "--max-bad", 0)
    assert result.exit_code == 1
    assert "1 of 2 films are of no use, allowed are 0" in result.stderr
    assert not Path("other.jsonl").exists()


def test_help_is_whole_and_light():
    """Every option says what it does, and asking for help imports nothing heavy."""
    import subprocess

    for param in typer.main.get_command(app).params:
        assert param.help or param.name == "help", param.name
    code = (
        "import sys, typer\nfrom videoxl.cli.data_vico import vico\n"
        "print(sorted({'torch', 'numpy', 'av', 'PIL', 'transformers', 'urllib.request'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
