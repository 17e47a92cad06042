"""What is said about a training film agrees with what `videoxl.synth` says of the same film."""

import numpy as np
import pytest

from videoxl.synth.facts import FilmFacts, Shot, View
from videoxl.synth.needle import Needle
from videoxl.synth.questions import make_questions
from videoxl.training.films.talk import NOT_SHOWN, FilmTalk, Showing, TalkConfig
from videoxl.training.films.vocabulary import AFTER, ALL, BEFORE, HAS, NEXT, ONE, TIME

NAMES = ("apple", "dog", "drum", "owl", "rocket")
NUM_FRAMES = 20
FILMS = ((), ((1, 3, 5),), ((0, 2, 4), (3, 6, 7), (1, 10, 12)), ((2, 1, 2), (4, 4, 5), (2, 8, 9), (0, 12, 14)))
KINDS = ("what", "is_there", "list", "count", "first", "last", "after", "before", "how_often")


def _facts(showings) -> FilmFacts:
    view = View(0.5, 0.5, 1.0)
    shot = Shot(0.0, float(NUM_FRAMES), "brick", 0.0, view, view, False, (1.0, 1.0, 1.0))
    needles = tuple(Needle("insert", NAMES[n], float(a), float(b), seed=1) for n, a, b in showings)
    return FilmFacts("train", float(NUM_FRAMES), 320, 180, (shot,), needles)


def _turns(showings, seed):
    showings = tuple(Showing(*showing) for showing in showings)
    talk = FilmTalk(showings, NAMES, NUM_FRAMES, [], [], np.random.default_rng(seed), [], TalkConfig(often_questions=2))
    return talk.turns(), talk.moments


@pytest.mark.parametrize("showings", FILMS)
def test_training_and_synth_give_the_same_answers(showings) -> None:
    """The same question about the same film has the same answer in training and in `synth`."""
    turns, _ = _turns(showings, seed=1)
    said = {(turn.kind, turn.question): " ".join(turn.answer).replace(ALL, _all_of(turn)) for turn in turns}
    compared = 0
    for seed in range(300):
        generator = np.random.default_rng(seed)
        for question in make_questions(_facts(showings), generator, names=NAMES, kinds=KINDS):
            answer = said.get((question.kind, question.text))
            if answer is not None:
                compared += 1
                assert answer == question.answer, question
    assert compared > 20


def _all_of(turn) -> str:
    """What the engine puts where a list belongs: the names of the inventory that was read."""
    return ", ".join(dict.fromkeys(word for word in turn.inventory if word in NAMES))


@pytest.mark.parametrize("showings", FILMS)
def test_without_inventories_a_list_is_said_word_by_word(showings) -> None:
    """Then nobody could put the names there; they are the same."""
    asked = {}
    for takes_inventories in (True, False):
        config = TalkConfig(takes_inventories=takes_inventories)
        given = [Showing(*showing) for showing in showings]
        talk = FilmTalk(given, NAMES, NUM_FRAMES, [], [], np.random.default_rng(0), [], config)
        (asked[takes_inventories],) = (turn for turn in talk.turns() if turn.kind == "list")
    words = " ".join(asked[False].answer).replace(" ,", ",")
    assert words == (_all_of(asked[True]) or "nothing")
    assert asked[True].answer == ((ALL,) if showings else ("nothing",))
    assert len(asked[False].rests_on) == len(asked[False].answer)


@pytest.mark.parametrize("showings", FILMS)
def test_a_question_asks_for_the_part_of_the_inventory_that_it_needs(showings) -> None:
    """About one picture for the surest, about a name for that or what is beside it, about all for all."""
    marks = {"what": ONE, "when_it": ONE, "after": AFTER, "before": BEFORE}
    marks |= dict.fromkeys(("is_there", "is_scene", "when", "how_often"), HAS)
    marks |= dict.fromkeys(("first", "last", "list", "count"), NEXT)
    turns, _ = _turns(showings, seed=0)
    for turn in turns:
        assert turn.request[0] == marks[turn.kind]
        assert len(turn.request) == (1 if marks[turn.kind] in (ONE, NEXT) else 2)
        if marks[turn.kind] == ONE:
            assert len(set(turn.inventory) & set(NAMES)) == min(1, len(showings))


@pytest.mark.parametrize("showings", FILMS)
def test_answers_rest_on_what_they_say(showings) -> None:
    """A name, a yes and a time rest on frames that show it; what is absent rests on nothing."""
    for seed in range(20):
        turns, moments = _turns(showings, seed)
        for turn in turns:
            assert len(turn.answer) == len(turn.rests_on)
            for word, moment in zip(turn.answer, turn.rests_on, strict=True):
                if word in NAMES:
                    shown = [frame for n, a, b in showings if NAMES[n] == word for frame in range(a, b)]
                    assert moments[moment].any()
                    assert set(np.flatnonzero(moments[moment])) <= set(shown)
                if word in ("no", "never", "nothing"):
                    assert moment == NOT_SHOWN
                if word in ("yes", TIME, ALL):
                    assert moments[moment].any()
