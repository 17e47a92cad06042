"""The demo: what it shows, and that it is honest."""

import json
import shutil
from pathlib import Path

import pytest

OUT = "demo.vxl"


@pytest.fixture(scope="session")
def written_films(tmp_path_factory):
    """One film of six seconds with one picture, and the facts beside it, written by `videoxl synth`."""
    from videoxl.cli import main

    folder = tmp_path_factory.mktemp("synth")
    with pytest.raises(SystemExit) as end:
        main(["synth", str(folder), "--seconds", "6", "--pictures", "1", "--fps", "5"])
    assert not end.value.code
    return folder


@pytest.fixture
def short_film(written_films, tmp_path):
    """A copy of that film, which a test may remove."""
    return Path(shutil.copytree(written_films, tmp_path / "films")) / "film-0-000.mp4"


def test_wrong_answers_are_called_wrong(videoxl, short_film, model_folder):
    """A model that knows nothing fails its demo, with the truth beside each answer."""
    result = videoxl("demo", "--film", short_film, "--model", model_folder, "-o", OUT)
    facts = json.loads(short_film.with_suffix(".json").read_text())
    name = facts["needles"][0]["name"]
    assert result.code == 1, result.err
    assert not result.complaints
    assert result.out.count("WRONG: ") >= 4
    assert f"WRONG: {name}, shown at 00:00:" in result.out
    assert "never shown" in result.out
    for words in ("frames", "visual tokens", "VSTs", "bytes", "ratio", "seconds", f"opened {OUT}"):
        assert words in result.out
    assert "0 of " in result.out


def test_right_answers_are_called_right(videoxl, short_film, model_folder, monkeypatch):
    """A model that says the truth passes; the film is not opened after its memory was saved."""
    from dataclasses import replace

    from videoxl.cli import demo
    from videoxl.engine import Conversation, Evidence

    truths = {question.text: question for question in demo._questions(short_film)}
    ask = Conversation.ask

    def tell_the_truth(conversation, text, **settings):
        truth = truths[text]
        moments = tuple(Evidence(start, stop, 0.9) for start, stop in truth.spans)
        return replace(ask(conversation, text, **settings), text=truth.answer, evidence=moments)

    monkeypatch.setattr(Conversation, "ask", tell_the_truth)
    show_reopen = demo._Show.reopen_and_ask

    def without_film(show, path, question):
        short_film.unlink()
        show_reopen(show, path, question)

    monkeypatch.setattr(demo._Show, "reopen_and_ask", without_film)
    result = videoxl("demo", "--film", short_film, "--model", model_folder, "-o", OUT, "--json")
    assert result.code == 0, result.err
    document = json.loads(result.out)
    assert document["right"] == document["asked"] >= 4
    assert document["memory"] == OUT
    assert document["reopened_seconds"] > 0


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
