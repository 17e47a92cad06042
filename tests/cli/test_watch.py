"""Watching into a folder: what is said of it, adding to it, replacing it."""

import json
import shutil

import pytest

from .conftest import files_of, flip_last_byte


def test_watching_says_what_was_kept(videoxl, film, model_folder, tmp_path):
    """Frames, visual tokens, rows, bytes, ratio and seconds are printed; without --out the library keeps the memory."""
    result = videoxl("watch", film, "--model", model_folder, "--ratio", 4)
    assert result.code == 0, result.err
    [kept] = (tmp_path / "home" / "library" / "memories").iterdir()
    assert result.out.splitlines()[0] == str(kept)
    assert f"film.mp4 is {kept.stem[:8]} of the library" in result.err
    for words in ("12 in 2 intervals", "48", "12 VSTs, 10 rows of text", "4.0 visual tokens", "KiB", "seconds"):
        assert words in result.out


def test_a_complete_memory_is_not_made_again(videoxl, memory, film, model_folder):
    """The same command opens what is there and says so; other settings are refused until --overwrite."""
    before = files_of(memory)
    same = videoxl("watch", film, "-o", memory, "--ratio", 4, "--model", model_folder, "--json")
    assert "complete already" in same.err
    assert json.loads(same.out)["frames_watched"] == 0
    other = videoxl("watch", film, "-o", memory, "--ratio", 2, "--model", model_folder)
    assert other.code == 1
    assert "other settings" in other.err
    assert files_of(memory) == before
    assert videoxl("watch", film, "-o", memory, "--ratio", 2, "--model", model_folder, "--overwrite").code == 0
    assert files_of(memory) != before


def test_overwrite_replaces_a_damaged_memory(videoxl, memory, film, model_folder):
    """A flipped byte is refused, and replaced on request, with the very bytes of before."""
    before = files_of(memory)
    flip_last_byte(memory)
    command = ("watch", film, "-o", memory, "--ratio", 4, "--model", model_folder)
    assert videoxl(*command).code == 1
    assert videoxl(*command, "--overwrite").code == 0
    assert files_of(memory) == before


def test_a_cap_that_bites_is_said_with_numbers(videoxl, film, model_folder):
    """Frames that --max-frames leaves out are counted on stderr."""
    result = videoxl("watch", film, "--max-frames", 5, "--model", model_folder)
    assert result.code == 0
    assert "--max-frames 5 leaves out 7 of 12 frames" in result.err


def test_more_rows_than_the_model_has_seen_are_said(videoxl, film, model_folder, make_model, monkeypatch):
    """A memory longer than the training positions comes with a warning."""
    from videoxl.engine import loading

    load = loading.load_model

    def load_short(*arguments, **options):
        model, processor = load(*arguments, **options)
        model.config.text_config.max_position_embeddings = 20
        return model, processor

    monkeypatch.setattr(loading, "load_model", load_short)
    result = videoxl("watch", film, "--ratio", 2, "--model", model_folder)
    assert "34 rows and the model was trained on 20 positions" in result.err


def test_a_second_film_is_added(videoxl, memory, make_film, model_folder):
    """--append puts another film behind the first; moments then name their film."""
    second = make_film(9, name="second.mp4")
    added = videoxl("watch", second, "-o", memory, "--append", "--ratio", 4, "--model", model_folder, "--json")
    assert added.code == 0, added.err
    assert json.loads(added.out)["frames"] == 21
    told = videoxl("info", memory).out
    assert "film.mp4" in told
    assert "second.mp4" in told
    answer = videoxl("ask", memory, "what dog ?", "--max-new-tokens", 5, "--model", model_folder)
    moments = [line for line in answer.out.splitlines() if line.startswith("  ")]
    assert all(" in film.mp4" in line or " in second.mp4" in line for line in moments)


@pytest.fixture
def adding(videoxl, memory, make_film, model_folder, monkeypatch):
    """Adds a film to the memory: `adding()`, or `adding(stop=True)` for Ctrl-C before its end."""
    from videoxl.engine.watcher import Watcher

    def interrupt(watcher):
        raise KeyboardInterrupt

    def add(*, stop=False, seconds=23, ratio=4):
        second = make_film(seconds, name="second.mp4")
        with monkeypatch.context() as patch:
            if stop:
                patch.setattr(Watcher, "finish", interrupt)
            return videoxl("watch", second, "-o", memory, "--append", "--ratio", ratio, "--model", model_folder)

    return add


def test_an_interrupted_adding_goes_on(adding, memory, tmp_path):
    """After Ctrl-C the memory is as it was and can be asked; the same command goes on, to the bytes of one go."""
    shutil.copytree(memory, tmp_path / "copy.vxl")
    assert adding().code == 0
    expected = files_of(memory)
    shutil.rmtree(memory)
    shutil.copytree(tmp_path / "copy.vxl", memory)
    stopped = adding(stop=True)
    assert stopped.code == 130
    assert "is as it was before. Go on with: videoxl watch" in stopped.err
    before = files_of(tmp_path / "copy.vxl")
    assert {name: (memory / name).read_bytes() for name in before} == before
    again = adding()
    assert again.code == 0, again.err
    assert "going on with second.mp4 behind frame 10" in again.err
    assert files_of(memory) == expected


def test_an_adding_that_was_stopped_at_its_very_end_adds_nothing_twice(adding, memory, monkeypatch):
    """Killed between replacing the memory and tidying up, the same command finds that all is done."""
    with monkeypatch.context() as patch:
        patch.setattr("videoxl.cli.adding.shutil.rmtree", lambda *_, **__: None)
        assert adding().code == 0
    expected = {path.name: path.read_bytes() for path in memory.iterdir() if path.is_file()}
    again = adding()
    assert (again.code, "complete already" in again.err) == (0, True)
    assert files_of(memory) == expected


def test_another_adding_begins_anew(adding, memory, videoxl):
    """What was begun at another ratio, or of another film, is thrown away and said."""
    adding(stop=True)
    again = adding(ratio=2)
    assert again.code == 0, again.err
    assert "what another command had begun to add is thrown away" in again.err
    assert "second.mp4" in videoxl("info", memory).out
    files_of(memory)


def test_nothing_is_added_to_what_is_not_there(videoxl, film, model_folder):
    """--append needs a whole memory, and not --overwrite."""
    missing = videoxl("watch", film, "-o", "none.vxl", "--append", "--model", model_folder)
    assert (missing.code, len(missing.complaints)) == (1, 1)
    assert videoxl("watch", film, "--append", "--overwrite").code == 2


def test_changing_a_memory_needs_its_name(videoxl, film, model_folder):
    """--append and --overwrite without --out leave open what is to be changed."""
    for option in ("--append", "--overwrite"):
        result = videoxl("watch", film, option, "--model", model_folder)
        assert (result.code, "say which one with --out" in result.err) == (2, True)
