"""The demo: what it shows, and that it is honest."""

import json
import shutil
from pathlib import Path

import pytest

from .conftest import files_of, flip_last_byte

OUT = "demo.vxl"
HOUR_SECONDS = 40.0  # as long as five pictures need, and no longer


@pytest.fixture(scope="session")
def written_films(tmp_path_factory):
    """One film of six seconds with one picture, and the facts beside it, written by `videoxl synth films`."""
    from videoxl.cli import main

    folder = tmp_path_factory.mktemp("synth")
    with pytest.raises(SystemExit) as end:
        main(["synth", "films", str(folder), "--seconds", "6", "--pictures", "1", "--fps", "5"])
    assert not end.value.code
    return folder


@pytest.fixture
def short_film(written_films, tmp_path):
    """A copy of that film, which a test may remove."""
    return Path(shutil.copytree(written_films, tmp_path / "films")) / "film-0-000.mp4"


@pytest.fixture
def small_demo(short_film, monkeypatch, videoxl, model_folder):
    """Runs the demo with that film for the package's own and less than a minute for the hour."""
    from videoxl.cli import screening
    from videoxl.synth import demo

    monkeypatch.setattr(screening, "MAX_NEW_TOKENS", 4)  # a model that knows nothing would say all it may
    monkeypatch.setattr(demo, "DEMO", short_film)
    monkeypatch.setattr(demo, "HOUR_SECONDS", HOUR_SECONDS)
    return lambda *arguments: videoxl("demo", "--model", model_folder, *arguments)


@pytest.fixture
def hour_memory(tmp_path):
    """Where the hour is kept."""
    return tmp_path / "home" / "memories" / "demo-hour.vxl"


@pytest.fixture
def tell(monkeypatch):
    """Makes the model say the truth to these questions."""
    from dataclasses import replace

    from videoxl.engine import Conversation, Evidence

    ask = Conversation.ask

    def patch(questions):
        truths = {question.text: question for question in questions}

        def tell_the_truth(conversation, text, **settings):
            truth, answer = truths.get(text), ask(conversation, text, **settings)
            if truth is None:
                return answer
            moments = tuple(Evidence(start, stop, 0.9) for start, stop in truth.spans)
            return replace(answer, text=truth.answer, evidence=moments)

        monkeypatch.setattr(Conversation, "ask", tell_the_truth)

    return patch


def test_wrong_answers_are_called_wrong(videoxl, short_film, model_folder):
    """What a model that knows nothing says is called wrong, with the truth beside it, and is no failure of the demo."""
    result = videoxl("demo", "--film", short_film, "--model", model_folder, "-o", OUT)
    facts = json.loads(short_film.with_suffix(".json").read_text())
    name = facts["needles"][0]["name"]
    assert result.code == 0, result.err
    assert not result.complaints
    assert result.out.count("WRONG: ") >= 4
    assert f"WRONG: {name}, shown at 00:00:" in result.out
    assert "never shown" in result.out
    for words in ("frames", "visual tokens", "VSTs", "bytes", "ratio", "seconds", f"opened {OUT}"):
        assert words in result.out
    assert "\n0 of " in result.out


def test_right_answers_are_called_right(videoxl, short_film, model_folder, monkeypatch, tell):
    """Each true answer counts; the film is not opened after its memory was saved."""
    from videoxl.cli import demo
    from videoxl.cli.screening import Screening

    tell(demo._questions(short_film))
    reopen_and_ask = Screening.reopen_and_ask

    def without_film(screening, path, questions):
        short_film.unlink()
        reopen_and_ask(screening, path, questions)

    monkeypatch.setattr(Screening, "reopen_and_ask", without_film)
    result = videoxl("demo", "--film", short_film, "--model", model_folder, "-o", OUT, "--json")
    assert result.code == 0, result.err
    document = json.loads(result.out)
    assert document["right"] == document["asked"] >= 4
    assert document["memory"] == OUT
    assert document["reopened_seconds"] > 0
    assert "hour" not in document


def test_the_hour_comes_after_the_file(small_demo, hour_memory, tmp_path):
    """The file is shown first; the hour is announced with its cost, and nothing of it is written but its memory."""
    result = small_demo()
    assert result.code == 0, result.err
    assert not result.complaints
    shown = [result.out.index(words) for words in ("film-0-000.mp4: ", "demo-hour: ", f"opened {hour_memory} (")]
    assert shown == sorted(shown)
    assert result.out.count(" answers are right; ") == 2
    assert f"Ask yourself: videoxl ask {hour_memory} " in result.out
    for words in ("40 frames to watch", "It takes about", "--short", "Ctrl-C"):
        assert words in result.err
    assert result.err.index("It takes about") < result.err.index("watching demo-hour: ")
    assert " left" in result.err.partition("watching demo-hour: ")[2]
    kept = {path.relative_to(tmp_path).parts for path in (tmp_path / "home").rglob("*.vxl")}
    assert kept == {("home", "memories", "film-0-000.vxl"), ("home", "memories", "demo-hour.vxl")}
    assert {path.name for path in tmp_path.iterdir()} == {"home", "films"}


def test_a_second_demo_opens_the_hour_at_once(small_demo, hour_memory):
    """No frame of the hour is drawn again, its memory stays as it is, and the answers are the same."""
    first = json.loads(small_demo("--json").out)["hour"]
    before = files_of(hour_memory)
    result = small_demo("--json")
    second = json.loads(result.out)["hour"]
    assert (first["frames_watched"], second["frames_watched"]) == (HOUR_SECONDS, 0)
    assert "demo-hour was watched before" in result.err
    assert "It takes about" not in result.err
    assert files_of(hour_memory) == before
    assert [answer["text"] for answer in second["answers"]] == [answer["text"] for answer in first["answers"]]
    assert second["disk_bytes"] == sum(map(len, before.values()))


def test_the_hour_is_judged_by_its_facts(small_demo, tell, hour_memory):
    """At ratio 16, questions of six kinds with one answer each; true answers count and the file's wrong ones do not."""
    from videoxl.cli import demo_hour
    from videoxl.memory import inspect
    from videoxl.synth.demo import hour_source

    questions = demo_hour._questions(hour_source())
    tell(questions)
    document = json.loads(small_demo("--json").out)
    assert document["right"] < document["asked"]
    hour = document["hour"]
    assert hour["right"] == hour["asked"] == len(questions) == 7
    assert {question.kind for question in questions} == {"first", "last", "after", "is_there", "when", "count"}
    assert [answer["truth"] for answer in hour["answers"]] == [question.answer for question in questions]
    intervals = [segment for segment in inspect(hour_memory).manifest.segments if segment.kind == "interval"]
    assert {interval.ratio for interval in intervals} == {16}


def test_the_hour_is_asked_of_its_file_alone(small_demo, hour_memory, monkeypatch):
    """Every question about the hour goes to the memory that was read back from the disk."""
    from videoxl.engine import VideoXL

    open_memory, chat, opened, asked = VideoXL.open, VideoXL.chat, {}, []

    def remember_opening(vxl, path):
        opened[str(path)] = open_memory(vxl, path)
        return opened[str(path)]

    monkeypatch.setattr(VideoXL, "open", remember_opening)
    monkeypatch.setattr(VideoXL, "chat", lambda vxl, memory: asked.append(memory) or chat(vxl, memory))
    assert small_demo().code == 0
    about_hour = [memory for memory in asked if memory.about.sources[0].name == "demo-hour"]
    assert len(about_hour) == 7
    assert all(memory is opened[str(hour_memory)] for memory in about_hour)


def test_ctrl_c_in_the_hour_keeps_what_was_watched(small_demo, hour_memory, monkeypatch):
    """Exit 130 with the command that goes on; it does, and ends with the bytes of an uninterrupted run."""
    from videoxl.engine.watcher import Watcher

    feed, seen = Watcher.feed, []

    def interrupt(watcher, frames_FCHW, seconds_F):
        if watcher._writer is not None:  # only the hour is saved while it is watched
            seen.extend(seconds_F)
            if len(seen) > HOUR_SECONDS / 2:
                raise KeyboardInterrupt
        feed(watcher, frames_FCHW, seconds_F)

    with monkeypatch.context() as patch:
        patch.setattr(Watcher, "feed", interrupt)
        stopped = small_demo("-o", OUT)
    assert stopped.code == 130
    [complaint] = stopped.complaints
    assert "Go on with: videoxl demo --model " in complaint
    assert f"frames are kept in {hour_memory}" in complaint
    assert OUT not in complaint.partition("Go on with")[2]  # it is there, and would be refused
    resumed = small_demo()
    assert resumed.code == 0, resumed.err
    assert "going on with demo-hour behind frame" in resumed.err
    whole = files_of(hour_memory)
    shutil.rmtree(hour_memory)
    assert small_demo().code == 0
    assert files_of(hour_memory) == whole


def test_an_hour_that_does_not_fit_is_made_anew(small_demo, hour_memory):
    """A memory with another ratio, or one that is damaged, makes room, and that is said."""
    assert small_demo("--ratio", 4).code == 0
    result = small_demo()
    assert result.code == 0, result.err
    assert "is of another film, model or ratio, and is made anew" in result.err
    whole = files_of(hour_memory)
    flip_last_byte(hour_memory)
    result = small_demo()
    assert result.code == 0, result.err
    assert "the kept memory is made anew" in result.err
    assert files_of(hour_memory) == whole


def test_short_leaves_the_hour_out(small_demo, hour_memory):
    """With --short only the file is watched."""
    result = small_demo("--short")
    assert result.code == 0, result.err
    assert "demo-hour" not in result.out + result.err
    assert "Next, " not in result.err
    assert not hour_memory.exists()


def test_a_memory_that_is_there_is_not_replaced(videoxl, short_film, model_folder, memory):
    """A path that a person names is never overwritten."""
    result = videoxl("demo", "--film", short_film, "--model", model_folder, "-o", memory)
    assert (result.code, len(result.complaints)) == (2, 1)


def test_a_film_without_facts_is_refused(videoxl, film, model_folder):
    """Nothing can be called right without the truth."""
    result = videoxl("demo", "--film", film, "--model", model_folder)
    assert (result.code, len(result.complaints)) == (2, 1)
    assert "film.json" in result.err


def test_missing_weights_are_said(videoxl, monkeypatch, tmp_path):
    """An installation without the embedded model says so, and blames no film."""
    from videoxl.engine import loading

    monkeypatch.setattr(loading, "model_path", lambda name: str(tmp_path / name))
    result = videoxl("demo")
    assert result.code == 1
    assert "embedded model nano is not in this installation" in result.complaints[0]
