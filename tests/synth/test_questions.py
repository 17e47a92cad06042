"""Questions: every answer follows from the facts."""

import numpy as np
import pytest

from videoxl.synth.facts import FilmFacts
from videoxl.synth.needle import Needle
from videoxl.synth.pictures import PictureSet
from videoxl.synth.questions import NOTHING, NUMBERS, Question, make_questions
from videoxl.synth.script import random_film
from videoxl.synth.splits import SPLITS
from videoxl.synth.wording import KINDS, clock, templates, with_article

NAMES = PictureSet.builtin().names


def facts_of(*names: str) -> FilmFacts:
    """A film with these needles, one every ten seconds."""
    needles = tuple(
        Needle("insert", name, 65.0 + 10 * number, 67.0 + 10 * number, seed=number) for number, name in enumerate(names)
    )
    return FilmFacts("train", 600.0, 320, 180, (), needles)


def ask(facts: FilmFacts, seed: int = 0) -> dict[str, list[Question]]:
    """All questions of a film, by kind."""
    questions = make_questions(facts, np.random.default_rng(seed), names=NAMES)
    return {kind: [question for question in questions if question.kind == kind] for kind in KINDS}


def test_answers_of_a_film_with_several_needles() -> None:
    """List, count, first, last and when say what the facts say, and "what" is not asked."""
    for seed in range(20):
        by_kind = ask(facts_of("drum", "apple", "owl"), seed)
        assert by_kind["what"] == []
        assert [by_kind[kind][0].answer for kind in ("list", "count", "first", "last")] == [
            "drum, apple, owl",
            "three",
            "drum",
            "owl",
        ]
        assert by_kind["first"][0].spans == ((65.0, 67.0),)
        assert by_kind["last"][0].spans == ((85.0, 87.0),)
        when = by_kind["when"][0]
        expected = {"drum": "1:05", "apple": "1:15", "owl": "1:25"}
        assert when.answer == expected[when.text.rstrip("?").split()[-1]]


def test_answers_of_a_film_with_one_needle_or_none() -> None:
    """One needle answers "what"; a film without needles answers "nothing", "zero" and "no"."""
    assert ask(facts_of("owl"))["what"][0].answer == "owl"
    by_kind = ask(facts_of())
    assert [by_kind[kind][0].answer for kind in ("what", "list", "first", "last")] == [NOTHING] * 4
    assert by_kind["count"][0].answer == NUMBERS[0]
    assert [question.answer for question in by_kind["is_there"]] == ["no"]
    assert by_kind["when"] == []
    assert all(question.spans == () for questions in by_kind.values() for question in questions)


def test_repeats_count_once_and_prove_twice() -> None:
    """A picture shown twice is one name in list and count, has two spans, and no single time."""
    by_kind = ask(facts_of("owl", "drum", "owl"))
    assert by_kind["list"][0].answer == "owl, drum"
    assert by_kind["count"][0].answer == "two"
    assert "drum" in by_kind["when"][0].text
    spans = {question.spans for seed in range(20) for question in ask(facts_of("owl", "owl"), seed)["is_there"]}
    assert spans == {(), ((65.0, 67.0), (75.0, 77.0))}


def test_yes_and_no_are_true_and_the_noun_comes_last() -> None:
    """A "yes" question ends in a name that the film shows, a "no" question in one that it does not."""
    for seed in range(30):
        facts = random_film(np.random.default_rng(seed), seconds=60, num_needles=2, split=SPLITS[seed % 3]).facts
        shown = {needle.name for needle in facts.needles}
        yes, no = [q for q in make_questions(facts, np.random.default_rng(seed), names=NAMES) if q.kind == "is_there"]
        assert (yes.answer, no.answer) == ("yes", "no")
        assert yes.text.rstrip("?").split()[-1] in shown
        assert no.text.rstrip("?").split()[-1] in set(NAMES) - shown
        assert all(any(needle.covers(start) for needle in facts.needles) for start, _ in yes.spans)


@pytest.mark.parametrize("kind", KINDS)
def test_test_wording_is_new_but_made_of_known_words(kind: str) -> None:
    """No test template is a training template, and every word of it occurs in some training template."""
    train, test = set(templates(kind, "train")), set(templates(kind, "test"))
    assert train
    assert test
    assert not train & test
    known = {word for each in KINDS for text in templates(each, "train") for word in _words(text)}
    assert {word for text in test for word in _words(text)} <= known


def test_english() -> None:
    """Articles, plurals and clock times read as English does."""
    assert [with_article(name) for name in ("apple", "drum", "unicorn", "hourglass", "scissors", "corn", "cactus")] == [
        *("an apple", "a drum", "a unicorn", "an hourglass", "scissors", "corn", "a cactus")
    ]
    assert [clock(seconds) for seconds in (5.9, 65, 3665)] == ["0:05", "1:05", "1:01:05"]


def _words(text: str) -> list[str]:
    return "".join(letter for letter in text.lower() if letter.isalpha() or letter == " ").split()
