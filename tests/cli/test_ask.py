"""Asking a film, asking it again, and asking a memory."""

import json

from .conftest import QUESTION, files_of, flip_last_byte

SHORT = ("--max-new-tokens", 5)


def test_a_film_is_watched_once(videoxl, film, model_folder):
    """The second question about a film with the same settings finds its memory, and has the same answer."""
    first = videoxl("ask", film, QUESTION, *SHORT, "--model", model_folder)
    second = videoxl("ask", film, QUESTION, *SHORT, "--model", model_folder)
    assert first.code == second.code == 0
    assert "watching film.mp4: 12/12 frames" in first.err
    assert "watching" not in second.err
    assert "was watched before" in second.err
    assert first.out == second.out != ""


def test_other_settings_are_another_memory(videoxl, film, model_folder, tmp_path):
    """Memories of one film at two ratios lie side by side; the default and the same ratio by name are one."""
    for options in ((), ("--ratio", 8), ("--ratio", 4), ("--fps", 2), ("--no-keep", "--ratio", 2)):
        assert videoxl("ask", film, QUESTION, *SHORT, *options, "--model", model_folder).code == 0
    assert len(list((tmp_path / "home" / "library" / "memories").iterdir())) == 3


def test_a_damaged_kept_memory_is_made_anew(videoxl, film, model_folder, tmp_path):
    """What only saves time is not worth an error: it is said, and watched again."""
    answer = videoxl("ask", film, QUESTION, *SHORT, "--model", model_folder)
    [kept] = (tmp_path / "home" / "library" / "memories").iterdir()
    before = files_of(kept)
    flip_last_byte(kept)
    again = videoxl("ask", film, QUESTION, *SHORT, "--model", model_folder)
    assert again.code == 0
    assert "made anew" in again.err
    assert again.out == answer.out
    assert files_of(kept) == before


def test_several_questions_are_told_apart(videoxl, memory, model_folder):
    """Each answer stands under its question; words that the model does not have are named on stderr."""
    result = videoxl("ask", memory, QUESTION, "when zebra ?", *SHORT, "--model", model_folder)
    assert result.code == 0
    assert [line for line in result.out.splitlines() if line.startswith(">")] == [f"> {QUESTION}", "> when zebra ?"]
    assert "tiny does not know 'zebra'" in result.err
    assert "cut at 5 tokens" in result.err


def test_json_is_one_document(videoxl, memory, model_folder):
    """All of stdout is one JSON object, with text, evidence, usage and timings for each question."""
    result = videoxl("ask", memory, QUESTION, "when ?", *SHORT, "--model", model_folder, "--json")
    document = json.loads(result.out)
    assert document["memory"] == str(memory)
    assert [answer["question"] for answer in document["answers"]] == [QUESTION, "when ?"]
    assert {"text", "evidence", "usage", "timings", "unknown_words"} <= set(document["answers"][0])


def test_an_answer_does_not_depend_on_the_door(videoxl, memory, model_folder):
    """The command line and Python give the same text and the same evidence."""
    from videoxl.engine import load

    vxl = load(model_folder, device="cpu")
    expected = vxl.ask(vxl.open(memory), QUESTION, max_new_tokens=5)
    [answer] = json.loads(videoxl("ask", memory, QUESTION, *SHORT, "-m", model_folder, "--json").out)["answers"]
    assert answer["text"] == expected.text
    assert [moment["score"] for moment in answer["evidence"]] == [moment.score for moment in expected.evidence]


def test_asking_leaves_a_memory_as_it_is(videoxl, memory, model_folder):
    """Files of a memory are the same before and after questions and a chat."""
    before = files_of(memory)
    videoxl("ask", memory, QUESTION, *SHORT, "--model", model_folder)
    videoxl("chat", memory, *SHORT, "--model", model_folder, typed="what ?\n")
    assert files_of(memory) == before


def test_watching_options_do_not_go_with_a_memory(videoxl, memory):
    """An option that would have no effect is refused."""
    result = videoxl("ask", memory, QUESTION, "--fps", 2)
    assert result.code == 2
    assert "no effect" in result.err


def test_pictures_are_a_film(videoxl, model_folder, tmp_path):
    """A folder of pictures is asked as a video of one picture a second."""
    from PIL import Image

    folder = tmp_path / "pictures"
    folder.mkdir()
    for index in range(3):
        Image.new("RGB", (40, 30), (80 * index, 0, 0)).save(folder / f"{index}.png")
    result = videoxl("ask", folder, QUESTION, *SHORT, "--model", model_folder)
    assert result.code == 0, result.err
    assert "3/3 frames" in result.err


def test_an_embedded_model_says_what_it_cannot_do(videoxl, memory, model_folder, monkeypatch):
    """One line of limits on stderr, but for a model that a person chose, and on the demo film."""
    from videoxl.cli import loading

    monkeypatch.setattr(loading, "limits", lambda name: "knows  few\nthings" if name == "tiny" else None)
    asked = videoxl("ask", memory, QUESTION, QUESTION, *SHORT, "--model", model_folder)
    assert asked.err.splitlines().count("tiny: knows few things") == 1
    monkeypatch.setattr(loading, "_is_demo", lambda hashes: True)
    assert "knows" not in videoxl("ask", memory, QUESTION, *SHORT, "--model", model_folder).err
