"""Questions: every answer follows from the facts."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from videoxl.synth.facts import FilmFacts, Shot, View
from videoxl.synth.needle import Needle, NeedleKind
from videoxl.synth.pictures import PictureSet
from videoxl.synth.questions import NOTHING, NUMBERS, Question, make_questions
from videoxl.synth.script import random_film
from videoxl.synth.splits import SPLITS
from videoxl.synth.wording import BASIC_KINDS, KINDS, TEMPLATES, clock, phrase, templates, with_article

NAMES = PictureSet.builtin().names


def facts_of(*names: str, kind: NeedleKind = "insert", labels: Sequence[str | None] = ()) -> FilmFacts:
    """A film with these needles, one every ten seconds from 1:05 on, and shots of ten seconds with these labels."""
    needles = tuple(
        Needle(kind, name, 65.0 + 10 * number, 67.0 + 10 * number, seed=number) for number, name in enumerate(names)
    )
    still = View(0, 0, 1)
    shots = tuple(
        Shot(60.0 + 10 * number, 70.0 + 10 * number, "x", 0, still, still, False, (1, 1, 1), label=label)
        for number, label in enumerate(labels)
    )
    return FilmFacts("train", 600.0, 320, 180, shots, needles)


def ask(facts: FilmFacts, seed: int = 0) -> dict[str, list[Question]]:
    """All questions of a film, by kind."""
    questions = make_questions(facts, np.random.default_rng(seed), names=NAMES)
    return {kind: [question for question in questions if question.kind == kind] for kind in BASIC_KINDS}


def ask_for(kind: str, facts: FilmFacts, *, seeds: int = 40) -> dict[str, Question]:
    """Every question of one kind that some seed draws, by what it ends in."""
    drawn = [
        question
        for seed in range(seeds)
        for question in make_questions(facts, np.random.default_rng(seed), names=NAMES, kinds=[kind])
    ]
    return {_words(question.text)[-1]: question for question in drawn}


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


def test_neighbours_are_the_next_other_thing() -> None:
    """Right after and right before a name stands the next other name of the facts, or nothing at the film's ends."""
    facts = facts_of("drum", "apple", "apple", "owl")
    after, before = ask_for("after", facts), ask_for("before", facts)
    assert {name: question.answer for name, question in after.items()} == {
        "drum": "apple",
        "apple": "owl",
        "owl": NOTHING,
    }
    assert {name: question.answer for name, question in before.items()} == {
        "drum": NOTHING,
        "apple": "drum",
        "owl": "apple",
    }
    assert after["drum"].spans == before["owl"].spans == ((75.0, 77.0), (85.0, 87.0))
    assert after["owl"].spans == ()


def test_order_is_asked_of_runs_only() -> None:
    """A name that comes back after something else has no neighbour and no order; a lonely one neither."""
    assert set(ask_for("after", facts_of("owl", "drum", "owl"))) == {"drum"}
    assert set(ask_for("is_before", facts_of("owl", "drum", "owl"))) == set()
    assert all(ask_for(kind, facts_of("owl", "owl")) == {} for kind in ("after", "before", "is_before"))


def test_which_came_first_is_true() -> None:
    """ "yes" where the first name of the question is shown before its last word, "no" where it is not."""
    order = ("drum", "apple", "owl")
    for seed in range(30):
        (question,) = make_questions(facts_of(*order), np.random.default_rng(seed), names=NAMES, kinds=["is_before"])
        one, other = [word for word in _words(question.text) if word in order]
        assert question.answer == ("yes" if order.index(one) < order.index(other) else "no")
        assert len(question.spans) == 2


def test_showings_of_one_name_are_counted() -> None:
    """How often a name is shown is the number of its needles, zero of what is absent, and each of them is a proof."""
    questions = ask_for("how_often", facts_of("owl", "drum", "owl", "owl"), seeds=80)
    assert questions.pop("owl").answer == "three"
    assert questions.pop("drum").spans == ((75.0, 77.0),)
    assert questions
    assert {question.answer for question in questions.values()} == {"zero"}


def test_where_is_the_label_of_the_footage_around() -> None:
    """Where a thing is shown is what the shot says; across two scenes, or without a label, it is not asked."""
    facts = facts_of("drum", "apple", "owl", kind="edit", labels=("city", None, "forest"))
    assert {name: q.answer for name, q in ask_for("scene", facts).items()} == {"drum": "city", "owl": "forest"}
    astride = replace(facts, needles=(Needle("edit", "drum", 69.0, 71.0, seed=0),))
    assert ask_for("scene", replace(astride, shots=facts.shots[:1] + facts_of(labels=["city", "sea"]).shots[1:])) == {}
    both = ask_for("scene", facts_of("owl", "drum", "owl", kind="edit", labels=("city", "sea", "forest")))
    assert set(both) == {"drum"}


def test_scenes_are_listed_once_in_order() -> None:
    """The scenes of a film are its labels in order of appearance, proved by all of their shots."""
    facts = facts_of("owl", labels=("city", None, "sea", "city"))
    (listed,) = make_questions(facts, np.random.default_rng(0), names=NAMES, kinds=["scenes"])
    assert listed.answer == "city, sea"
    assert listed.spans == ((60.0, 70.0), (80.0, 90.0), (90.0, 100.0))
    yes, no = make_questions(facts, np.random.default_rng(0), names=NAMES, kinds=["is_scene"], scenes=["sea", "farm"])
    assert (yes.answer, no.answer) == ("yes", "no")
    assert _words(yes.text)[-1] in ("city", "sea")
    assert _words(no.text)[-1] == "farm"
    assert make_questions(facts_of("owl"), np.random.default_rng(0), names=NAMES, kinds=["scenes", "is_scene"]) == []


def test_a_scene_that_is_hardly_seen_is_not_asked_for() -> None:
    """Where an insert hides nearly all of a scene, its film is asked nothing about scenes; an edit hides nothing."""
    hidden = replace(facts_of(labels=("city", "sea")), needles=(Needle("insert", "owl", 69.0, 79.0, seed=0),))
    laid_over = replace(hidden, needles=(replace(hidden.needles[0], kind="edit"),))
    for facts, answers in ((hidden, []), (laid_over, ["city, sea"])):
        questions = make_questions(facts, np.random.default_rng(0), names=NAMES, kinds=["scenes"])
        assert [question.answer for question in questions] == answers


def test_cards_and_advertisements_are_asked_for_by_kind() -> None:
    """What a card says and what is advertised is the one needle of that kind, or nothing, or not asked."""
    kinds = ("read", "advert", "when_advert", "unusual", "when_unusual")

    def answers(facts: FilmFacts) -> dict[str, str]:
        questions = make_questions(facts, np.random.default_rng(1), names=NAMES, kinds=kinds)
        return {question.kind: question.answer for question in questions}

    when = {"when_unusual": "1:05"}
    assert answers(facts_of("peace", kind="card")) == {"read": "peace", "advert": NOTHING, "unusual": "peace", **when}
    assert answers(facts_of("drum", kind="advert")) == {
        **{"read": NOTHING, "advert": "drum", "when_advert": "1:05", "unusual": "drum"},
        **when,
    }
    assert answers(facts_of("drum", "owl", kind="advert")) == {"read": NOTHING}
    assert answers(facts_of()) == {"read": NOTHING, "advert": NOTHING, "unusual": NOTHING}


@pytest.mark.parametrize("kind", KINDS)
def test_the_noun_is_the_last_word(kind: str) -> None:
    """Every wording that asks about a name ends with it; one that asks about two, with the second."""
    for wording in (text for group in TEMPLATES[kind] for text in group if "{" in text):
        assert _words(phrase(wording, "drum", "owl"))[-1] == ("owl" if "{b}" in wording else "drum")


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
