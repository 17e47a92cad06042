"""`videoxl export` and `videoxl ask --recipe`, with nano and with a model that knows no words."""

import csv
import io
import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from videoxl.cli.loading import limits
from videoxl.engine import VideoXL
from videoxl.export import FORMATS

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "export.md"
SECONDS = 40.0


@pytest.fixture(scope="session")
def drum_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty seconds of footage, a drum somewhere in it."""
    from videoxl.synth.script import random_film

    path = tmp_path_factory.mktemp("drum") / "film.mp4"
    film = random_film(
        np.random.default_rng(3), seconds=SECONDS, num_needles=1, split="validation", names=["drum"],
        needle_seconds=(3.0, 3.0),
    )  # fmt: skip
    film.write(path, fps=5.0)
    return path


@pytest.fixture(scope="session")
def nano() -> VideoXL:
    """The embedded model, loaded once."""
    import videoxl

    return videoxl.load("nano", device="cpu")


@pytest.fixture
def _loaded(nano: VideoXL, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands get nano as it is, without loading it each time."""
    for verb in ("subject", "watch", "library_add"):
        monkeypatch.setattr(f"videoxl.cli.{verb}.load_vxl", lambda *_: nano)


@pytest.fixture(scope="session")
def drum_memory(drum_film: Path, nano: VideoXL) -> Path:
    """The film as nano remembers it."""
    path = drum_film.with_suffix(".vxl")
    nano.watch(drum_film, out=path)
    return path


@pytest.fixture
def shown(drum_film: Path) -> tuple[float, float]:
    """When the drum is shown."""
    (needle,) = json.loads(drum_film.with_suffix(".json").read_text())["needles"]
    return needle["start_seconds"], needle["stop_seconds"]


@pytest.mark.usefixtures("_loaded")
def test_every_command_of_the_page_runs(videoxl, drum_film, tmp_path):
    """What docs/howto/export.md shows works as it stands, and writes the files that it names."""
    (tmp_path / "film.mp4").write_bytes(drum_film.read_bytes())
    (tmp_path / "ask.txt").write_text("# questions\nWhat was inserted?\n\nIs there a drum?\n")
    blocks = re.findall(r"^```\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    commands = [line for block in blocks for line in block.splitlines() if line.startswith("videoxl ")]
    assert len(commands) > 8
    for command in commands:
        words = shlex.split(command)[1:]
        result = videoxl(*words)
        assert result.code == 0, (command, result.err)
        if words[0] == "export" and "-o" in words:
            written = tmp_path / words[words.index("-o") + 1]
            assert written.stat().st_size
            assert written.suffix.lstrip(".") in FORMATS
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".part")]


def test_the_python_of_the_page_runs(drum_memory, tmp_path, monkeypatch, capsys):
    """The page's Python runs as it stands, and finds the drum."""
    monkeypatch.chdir(drum_memory.parent)
    (block,) = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    exec(compile(block, str(PAGE), "exec"), {})
    assert "drum" in capsys.readouterr().out


@pytest.mark.usefixtures("_loaded")
def test_what_is_looked_for_is_found(videoxl, drum_memory, shown):
    """The moment of the drum is in the table, and in the lines for people."""
    result = videoxl("export", drum_memory, "--highlights", "drum", "-o", "drum.csv")
    assert (result.code, result.out) == (0, "drum.csv\n")
    assert "wrote drum.csv: 1 moment" in result.err
    (row,) = csv.DictReader(io.StringIO(Path("drum.csv").read_text(), newline=""))
    assert float(row["start_seconds"]) < shown[1]
    assert shown[0] < float(row["stop_seconds"])
    result = videoxl("ask", drum_memory, "--recipe", "ads")
    assert re.fullmatch(r"00:00:\d\d-00:00:\d\d  advertising: drum \(\d\.\d\d\)\n", result.out)


@pytest.mark.usefixtures("_loaded")
def test_json_is_one_document(videoxl, drum_memory):
    """--json prints everything, with or without a file beside it."""
    result = videoxl("export", drum_memory, "--highlights", "drum", "--json")
    document = json.loads(result.out)
    assert (document["recipe"], document["query"], document["file"]) == ("highlights", "drum", None)
    assert [marker["text"] for marker in document["markers"]] == ["drum"]
    document = json.loads(videoxl("export", drum_memory, "--ads", "-o", "a.srt", "--json").out)
    assert document["file"] == "a.srt"
    assert "drum" in Path("a.srt").read_text()
    document = json.loads(videoxl("ask", drum_memory, "--recipe", "answers", "What was inserted?", "--json").out)
    assert document["markers"][0]["label"] == "What was inserted?"


@pytest.mark.usefixtures("_loaded")
def test_what_has_no_moment_is_said(videoxl, drum_memory):
    """Answers without a moment stand in the page for people, and are counted where subtitles have no place for them."""
    Path("ask.txt").write_text("Is there a violin?\n")
    result = videoxl("export", drum_memory, "--answers", "ask.txt")
    assert "*Is there a violin?* **no**" in result.out
    result = videoxl("export", drum_memory, "--answers", "ask.txt", "-o", "a.srt")
    assert result.code == 0
    assert "1 text without a moment" in result.err
    assert Path("a.srt").read_text() == ""


@pytest.mark.usefixtures("_loaded")
def test_a_recipe_watches_a_video_first(videoxl, drum_film):
    """`ask --recipe` takes a video as well, and keeps its memory."""
    result = videoxl("ask", drum_film, "--recipe", "highlights", "--query", "violin")
    assert (result.code, result.out) == (0, "(no moment was found)\n")
    assert "frames" in result.err


def test_a_model_without_words_says_so(videoxl, memory, model_folder):
    """A recipe, and a query, that the model cannot read end in one sentence that names the words, and no file."""
    result = videoxl("export", memory, "--ads", "-o", "ads.csv", "--model", model_folder)
    assert result.code == 2
    (complaint,) = result.complaints
    assert "asks with words that" in complaint
    assert "does not know" in complaint
    assert not Path("ads.csv").exists()


@pytest.mark.usefixtures("_loaded")
def test_nano_does_not_know_goals(videoxl, drum_memory):
    """A query outside nano's vocabulary is refused by its word."""
    result = videoxl("export", drum_memory, "--highlights", "goals")
    assert (result.code, result.out) == (2, "")
    assert "nano does not know 'goals'" in result.complaints[0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "got none, expected exactly one of --chapters"),
        (["--chapters", "--ads"], "got --chapters and --ads, expected exactly one"),
        (["--chapters", "--format", "doc"], "the format is 'doc', expected one of srt"),
        (["--chapters", "-o", "a.txt"], "a.txt does not say its format"),
        (["--chapters", "-o", "none/a.srt"], "none is not a folder"),
        (["--chapters", "-o", "there.srt"], "there.srt exists"),
        (["--chapters", "--json", "--format", "srt"], "--json prints JSON"),
        (["--chapters", "--video", "2"], "there is no video 2, expected 1 to 1"),
        (["--chapters", "--video", "0"], "there is no video 0, expected 1 to 1"),
        (["--chapters", "--format", "edl"], "frames a second and timecode has only"),
        (["--chapters", "--format", "edl", "--fps", "-1"], "-1.0 frames a second, expected a number above 0"),
        (["--highlights", " "], "looks for the query, which is empty"),
        (["--answers", "none.txt"], "none.txt: No such file"),
        (["--answers", "empty.txt"], "empty.txt has 0 questions"),
        (["--answers", "binary.txt"], "binary.txt is no UTF-8 text"),
        (["--answers", "long.txt"], "expected 1 to 1000"),
    ],
)
def test_what_makes_no_sense_is_refused_at_once(videoxl, drum_memory, monkeypatch, arguments, said):
    """Misuse is said in one sentence before any model is loaded."""
    Path("there.srt").write_text("mine")
    Path("empty.txt").write_text("# nothing\n\n")
    Path("binary.txt").write_bytes(b"\xff\xfe\x00")
    Path("long.txt").write_text("What?\n" * 1001)
    monkeypatch.setattr("videoxl.cli.subject.load_vxl", lambda *_: pytest.fail("a model was loaded"))
    result = videoxl("export", drum_memory, *arguments)
    assert result.code == 2, result.err
    assert said in result.complaints[0]
    assert Path("there.srt").read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--recipe", "nonsense"], "the recipe is 'nonsense', expected one of chapters"),
        (["--recipe", "highlights"], "takes what to look for, as a query"),
        (["--recipe", "chapters", "What appears?"], "takes no questions, got 1"),
        (["--query", "drum"], "goes with --recipe highlights only"),
        ([], "got no question"),
    ],
)
def test_ask_refuses_what_no_recipe_can_use(videoxl, drum_memory, arguments, said):
    """A recipe gets what it needs and nothing else; without one there must be a question."""
    result = videoxl("ask", drum_memory, *arguments)
    assert result.code == 2
    assert said in result.complaints[0]


@pytest.mark.usefixtures("_loaded")
def test_a_video_is_exported_from_the_memory_that_ask_uses(videoxl, drum_film):
    """A video is watched where it was not, and found in the library where it was, by whichever of the commands."""
    first = videoxl("export", drum_film, "--highlights", "drum", "-o", "drum.csv")
    assert first.code == 0, first.err
    assert "watching film.mp4" in first.err
    assert "drum" in Path("drum.csv").read_text()
    asked = videoxl("ask", drum_film, "Is there a drum?", "--json")
    assert "watching" not in asked.err
    again = videoxl("export", drum_film, "--highlights", "drum", "--json")
    assert "watching" not in again.err
    assert json.loads(again.out)["markers"]
    kept = json.loads(videoxl("library", "list", "--json").out)["entries"]
    assert [entry["id"] for entry in kept] == [json.loads(asked.out)["id"]]


def test_what_is_neither_video_nor_memory_is_refused(videoxl, tmp_path, monkeypatch):
    """A text, and what is not there, are refused before a model is loaded."""
    monkeypatch.setattr("videoxl.cli.subject.load_vxl", lambda *_: pytest.fail("a model was loaded"))
    (tmp_path / "text.mp4").write_text("no video")
    for name in ("text.mp4", "none.mp4", "none.vxl"):
        result = videoxl("export", name, "--chapters")
        assert (result.code, len(result.complaints)) == (1, 1)
        assert name in result.complaints[0]


def test_what_cannot_be_written_of_a_video_is_refused_before_it_is_watched(videoxl, drum_film, tmp_path, monkeypatch):
    """A rate that timecode does not have is said of a video as of a memory, and nothing is watched."""
    monkeypatch.setattr("videoxl.cli.subject.load_vxl", lambda *_: pytest.fail("a model was loaded"))
    result = videoxl("export", drum_film, "--chapters", "--format", "edl", "--fps", "17")
    assert result.code == 2
    assert "17" in result.complaints[0]
    assert not (tmp_path / "home").exists()


@pytest.mark.usefixtures("_loaded")
def test_limits_are_said_where_the_model_answers(videoxl, drum_film, drum_memory):
    """What nano cannot do is said once, before its first answer, and not where it only watches."""
    words = f"nano: {limits('nano')}"
    watched = videoxl("watch", drum_film)
    assert (watched.code, words in watched.err) == (0, False)
    added = videoxl("library", "add", drum_film)
    assert (added.code, words in added.err) == (0, False)
    for command in (
        ("ask", drum_memory, "Is there a drum?", "What was inserted?"),
        ("export", drum_memory, "--highlights", "drum"),
    ):
        assert videoxl(*command).err.count(words) == 1
    assert videoxl("chat", drum_memory, typed="").err.count(words) == 0
    assert videoxl("chat", drum_memory, typed="Is there a drum?\nWhen?\n").err.count(words) == 1


@pytest.mark.usefixtures("_loaded")
def test_a_file_is_replaced_where_that_is_said(videoxl, drum_memory):
    """--overwrite replaces the file, and only then."""
    Path("a.md").write_text("mine")
    assert videoxl("export", drum_memory, "--breaks", "-o", "a.md").code == 2
    assert Path("a.md").read_text() == "mine"
    assert videoxl("export", drum_memory, "--breaks", "-o", "a.md", "--overwrite").code == 0
    assert Path("a.md").read_text().startswith("# film.mp4: breaks")


@pytest.mark.usefixtures("_loaded")
def test_ctrl_c_leaves_nothing(videoxl, drum_memory, monkeypatch):
    """Stopped while it asks, the command leaves with 130 and no file, whole or half."""

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("videoxl.engine.VideoXL.ask", stop)
    result = videoxl("export", drum_memory, "--ads", "-o", "ads.csv")
    assert result.code == 130
    assert [path.name for path in Path().iterdir() if "ads" in path.name] == []
