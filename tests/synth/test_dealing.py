"""What films are dealt: kinds, names, repeats and runs."""

from itertools import groupby

import numpy as np
import pytest

from videoxl.errors import UsageError
from videoxl.synth.card import CARD_WORDS
from videoxl.synth.dealing import ONCE, Repeats, deal_order, names_of
from videoxl.synth.facts import FilmFacts
from videoxl.synth.footage import FootageSet
from videoxl.synth.needle import NEEDLE_KINDS
from videoxl.synth.pictures import PictureSet
from videoxl.synth.script import random_film
from videoxl.synth.shape import SHAPE_NAMES
from videoxl.synth.splits import SPLITS

NAMES = PictureSet.builtin().names


def facts_of(seed: int, **options) -> FilmFacts:
    options = {"seconds": 300.0, "num_needles": 5, "split": "validation"} | options
    return random_film(np.random.default_rng(seed), **options).facts


@pytest.mark.parametrize(("fewest", "most"), [(1, 1), (1, 4), (3, 3)])
def test_every_name_is_shown_as_often_as_allowed(fewest: int, most: int) -> None:
    """A film shows as many different names as asked for, each of them `fewest` to `most` times."""
    seen = set()
    for seed in range(20):
        names = [needle.name for needle in facts_of(seed, repeats=Repeats(fewest, most)).needles]
        assert len(set(names)) == 5
        seen |= {names.count(name) for name in names}
    assert seen == set(range(fewest, most + 1))


def test_a_run_has_nothing_in_between() -> None:
    """With nothing but runs, a name never comes back after another one; without runs, it sometimes does."""
    for share, always in ((1.0, True), (0.0, False)):
        is_run = []
        for seed in range(20):
            names = [needle.name for needle in facts_of(seed, repeats=Repeats(2, 3, run_share=share)).needles]
            is_run.append(len(list(groupby(names))) == len(set(names)))
        assert all(is_run) == always


def test_a_name_has_one_kind() -> None:
    """However often a name is shown, it is shown in one kind, and each showing is drawn anew."""
    for seed in range(20):
        needles = facts_of(seed, kinds=NEEDLE_KINDS, repeats=Repeats(most=3)).needles
        assert len({(needle.kind, needle.name) for needle in needles}) == len({needle.name for needle in needles})
        assert len({needle.seed for needle in needles}) == len(needles)


def test_every_kind_has_names_of_its_own() -> None:
    """Cards say words, shapes are a colour and a form, the rest are pictures; none of them is another one's name."""
    pools = {"card": CARD_WORDS, "shape": SHAPE_NAMES}
    for seed in range(20):
        for needle in facts_of(seed, kinds=NEEDLE_KINDS).needles:
            assert needle.name in pools.get(needle.kind, NAMES)
            assert needle.name in names_of([needle.kind], NAMES)
    labels = {label for split in SPLITS for label in FootageSet.builtin(split).labels}
    everything = [*NAMES, *CARD_WORDS, *SHAPE_NAMES, *labels]
    assert len(set(everything)) == len(everything)


def test_no_card_says_the_name_of_a_picture() -> None:
    """Where a picture is called like a card's word, no card says it."""
    assert "secret" not in names_of(["card"], ["secret", "apple"])
    assert set(names_of(["card", "insert"], ["secret", "apple"])) >= {"secret", "apple", "silence"}


def test_shapes_are_not_put_before_shapes() -> None:
    """A film that shows shapes has no background of moving shapes; other films do."""
    sources = {
        kind: {
            shot.source.split(":")[2]
            for seed in range(6)
            for shot in facts_of(seed, kinds=(kind,), procedural=1.0).shots
        }
        for kind in ("shape", "card")
    }
    assert sources["card"] - sources["shape"] == {"shapes"}


def test_names_run_out_with_a_sentence() -> None:
    """More names of a kind than there are, and showings that make no sense, are refused."""
    with pytest.raises(UsageError, match="every shape there is"):
        facts_of(0, kinds=("shape",), num_needles=len(SHAPE_NAMES) + 1, seconds=2000.0)
    with pytest.raises(UsageError, match="3 to 2 showings"):
        Repeats(3, 2)
    with pytest.raises(UsageError, match="do not fit"):
        facts_of(0, repeats=Repeats(9, 9), seconds=30.0)
    assert deal_order(np.random.default_rng(0), num_names=3, repeats=ONCE) == [0, 1, 2]
