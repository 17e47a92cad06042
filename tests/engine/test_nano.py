"""The model in the package works, on one film of the validation split; how well it works is measured elsewhere."""

import pytest
from PIL import Image

import videoxl
from videoxl.engine import VideoXL
from videoxl.synth.film import Film
from videoxl.synth.pictures import PictureSet
from videoxl.synth.script import random_film
from videoxl.synth.splits import split_generator

SECONDS = 40.0


@pytest.fixture(scope="module")
def nano() -> VideoXL:
    return videoxl.load("nano", device="cpu")


@pytest.fixture(scope="module")
def film() -> Film:
    """One picture, somewhere in footage of the validation split."""
    return random_film(split_generator("validation", 77), seconds=SECONDS, num_needles=1, split="validation")


@pytest.fixture(scope="module")
def memory(nano, film, tmp_path_factory):
    """The film watched 8:1, from pictures of it at one a second."""
    folder = tmp_path_factory.mktemp("film")
    paths = []
    for seconds, frame in film.frames(1.0):
        paths.append(folder / f"{int(seconds):03}.png")
        Image.fromarray(frame).save(paths[-1])
    return nano.watch(paths, ratio=8)


def test_nano_names_what_is_shown_and_says_when(nano, film, memory) -> None:
    """It names the picture, knows it is there, and its first evidence holds a moment of it."""
    needle = film.facts.needles[0]
    answer = nano.ask(memory, "What was inserted into the film?")
    assert answer.text == needle.name
    assert nano.ask(memory, f"Does the film have a picture of {needle.name}?").text == "yes"
    for question in ("What appears in the film?", f"When is there a picture of {needle.name}?"):
        best = nano.ask(memory, question).evidence[0]
        assert best.start_seconds < needle.stop_seconds
        assert needle.start_seconds < best.stop_seconds


def test_a_stop_string_is_looked_for_in_the_time_that_takes_the_place_of_its_mark(nano, film, memory) -> None:
    """What a caller gets ends before the stop string, streamed or not, also where we put it in ourselves."""
    question = f"When is there a picture of {film.facts.needles[0].name}?"
    whole = nano.ask(memory, question).text
    pieces: list[str] = []
    answer = nano.ask(memory, question, stop=[" to"], on_text=pieces.append)
    assert answer.text == whole.split(" to")[0] != whole
    assert "".join(pieces) == answer.text
    assert answer.finished


def test_nano_says_no(nano, film, memory) -> None:
    """What is not in the film is not seen in it."""
    absent = [name for name in ("violin", "otter", "rocket") if name != film.facts.needles[0].name]
    answers = [nano.ask(memory, f"Is there a picture of a {name}?").text for name in absent]
    assert answers.count("no") >= len(answers) - 1


def test_nano_knows_the_pictures_of_synth(nano) -> None:
    """Every name of the built-in pictures is a word of nano, and the list beside the weights says so."""
    from importlib import resources

    listed = (resources.files("videoxl") / "weights" / "nano" / "names.txt").read_text(encoding="utf-8").split()
    assert tuple(listed) == PictureSet.builtin().names
    assert not [name for name in listed if nano.processor.tokenizer.unk_token_id in nano.processor.question(name)]
