"""Examples tell the truth about the frames that they show."""

from dataclasses import replace

import numpy as np
import pytest

from videoxl.errors import UsageError
from videoxl.training.films.examples import draw_example
from videoxl.training.films.frame_bank import FrameBank
from videoxl.training.films.talk import NOT_SHOWN


@pytest.fixture
def examples(bank, recipe):
    generator = np.random.default_rng(0)
    return [draw_example(bank, generator, num_frames=12, config=recipe.examples) for _ in range(60)]


def test_frames_show_what_is_said(bank, examples) -> None:
    """Exactly the frames of a showing show its name; the others show nothing named."""
    label_of = np.full(len(bank.tokens_RMD), NOT_SHOWN)
    for name, rows in enumerate(bank.named):
        label_of[rows] = name
    for example in examples:
        expected = np.full(12, NOT_SHOWN)
        for showing in example.showings:
            expected[showing.start : showing.stop] = showing.name
        assert (label_of[example.frames] == expected).all()
        assert (example.faintness[expected != NOT_SHOWN] == 0).all()
        assert (example.faintness < 0.6).all()


def test_films_with_nothing_and_with_one_are_common(examples) -> None:
    """Every number of showings occurs, none and one among them."""
    assert {0, 1, 2, 3} == {len(example.showings) for example in examples}


def test_sights_are_asked_for_only_where_they_are_certain(bank, recipe) -> None:
    """What footage clearly shows is yes and rests on those frames alone; what it may show is never asked for as no."""
    sights = ("palm tree", "seashore")
    sight_R = np.full(len(bank.tokens_RMD), -1)
    sight_R[bank.background[:6]] = 0
    possible_RP = np.where(sight_R >= 0, sight_R, -1)[:, None]
    possible_RP[bank.background[6:]] = 1  # may show a seashore, not surely
    known = FrameBank(
        bank.tokens_RMD, _labels(bank), names=bank.names,
        is_distractor_R=_distractors(bank), sights=sights, sight_R=sight_R, possible_RP=possible_RP,
    )  # fmt: skip
    talk = replace(recipe.examples.talk, made_up_inventories=0)
    config = replace(recipe.examples, talk=talk)
    generator, asked = np.random.default_rng(3), set()
    for _ in range(60):
        example = draw_example(known, generator, num_frames=12, config=config)
        for turn in example.turns:
            noun = next((sight for sight in sights if sight in turn.question), None)
            if noun is None:
                continue
            index = sights.index(noun)
            asked.add((noun, turn.answer[0]))
            if turn.rests_on[0] == NOT_SHOWN:
                assert not (possible_RP[example.frames] == index).any()
            else:
                rests_F = example.moments_XF[turn.rests_on[0]]
                assert (sight_R[example.frames[rests_F]] == index).all()
                assert (example.faintness[rests_F] <= 0.1).all()
    assert ("palm tree", "yes") in asked
    assert ("seashore", "no") in asked


def test_moments_say_what_frames_tell_and_where_they_are_vague(bank, recipe) -> None:
    """Behind the showings come the frames that tell each sight, as clearly as can be, and then the vague ones."""
    told_R = np.full(len(bank.tokens_RMD), -1)
    told_R[bank.background[:6]], told_R[bank.background[6:9]] = 1, 0
    is_vague_R = np.isin(np.arange(len(told_R)), bank.background[9:12])
    known = FrameBank(
        bank.tokens_RMD, _labels(bank), names=bank.names, is_distractor_R=_distractors(bank),
        sights=("palm tree", "seashore"), told_R=told_R, is_vague_R=is_vague_R,
    )  # fmt: skip
    generator, seen = np.random.default_rng(5), set()
    for _ in range(60):
        example = draw_example(known, generator, num_frames=12, config=recipe.examples)
        told_F, is_faint_F = told_R[example.frames], example.faintness > 0.1
        says_behind_F = (told_R[example.behind] >= 0) | is_vague_R[example.behind]
        vague_F = is_vague_R[example.frames] | is_faint_F & ((told_F >= 0) | says_behind_F)
        first = len(example.showings)
        for sight, shown_F in zip(example.told, example.moments_XF[first:], strict=False):
            assert (shown_F == ((told_F == sight) & ~vague_F)).all()
            assert shown_F.any()
            seen.add(sight)
        assert (example.moments_XF[first + len(example.told)] == vague_F).all()
    assert seen == {0, 1}


def test_no_more_turns_are_kept_than_are_wanted(bank, recipe) -> None:
    """Some of those that a film has, not always the same."""
    config = replace(recipe.examples, most_turns=3)
    generator = np.random.default_rng(6)
    turns = [draw_example(bank, generator, num_frames=12, config=config).turns for _ in range(20)]
    assert {len(each) for each in turns} == {3}
    assert len({turn.kind for each in turns for turn in each}) > 6


def _labels(bank: FrameBank) -> np.ndarray:
    labels = np.full(len(bank.tokens_RMD), len(bank.names))
    for name, rows in enumerate(bank.named):
        labels[rows] = name
    return labels


def _distractors(bank: FrameBank) -> np.ndarray:
    return np.isin(np.arange(len(bank.tokens_RMD)), bank.distractors)


def test_a_bank_without_a_name_is_refused(bank) -> None:
    """A name without frames could never be learned, so it is named and refused."""
    labels = np.zeros(len(bank.tokens_RMD), dtype=int)
    with pytest.raises(UsageError, match="no frame shows dog"):
        FrameBank(bank.tokens_RMD, labels, names=("apple", "dog"), is_distractor_R=labels > 0)
