"""Films as examples to learn from."""

import json

import numpy as np
import pytest

from videoxl.errors import UsageError
from videoxl.synth.examples import example_line, example_of
from videoxl.synth.questions import make_questions
from videoxl.synth.script import random_film
from videoxl.synth.wording import KINDS


def test_an_example_holds_the_film_and_every_question() -> None:
    """The video comes first, then each question with its answer; training reads the line as it is."""
    from videoxl.training.data.example import VideoPart, parse_example

    film = random_film(np.random.default_rng(0), seconds=60.0, num_needles=3, split="test")
    questions = make_questions(film.facts, np.random.default_rng(0), names=("owl",), kinds=KINDS)
    example = parse_example(json.loads(example_line("film.mp4", questions)))
    assert (example.id, example.apart) == ("film", True)
    assert example.messages[0].media == (VideoPart("film.mp4"),)
    said = [message.text for message in example.messages]
    assert said == [text for question in questions for text in (question.text, question.answer)]


def test_an_example_needs_a_question() -> None:
    """Nothing asked, nothing to learn: refused by the film's name."""
    with pytest.raises(UsageError, match=r"film\.mp4"):
        example_of("film.mp4", [])
