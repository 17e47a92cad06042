"""Examples tell the truth about the frames that they show."""

import numpy as np
import pytest

from videoxl.errors import UsageError
from videoxl.training.examples import NOT_SHOWN, draw_example
from videoxl.training.frame_bank import FrameBank


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


def test_turns_follow_from_the_showings(bank, examples) -> None:
    """Answers name what is shown, in order of time, and rest on it; what is absent rests on nothing."""
    for example in examples:
        shown = [bank.names[showing.name] for showing in example.showings]
        for turn in example.turns:
            assert len(turn.answer) == len(turn.rests_on)
            noun = turn.question.rstrip("?").split()[-1]
            if turn.kind in ("what", "list"):
                assert [word for word in turn.answer if word != ","] == (shown or ["nothing"])
            elif turn.kind in ("is_there", "when"):
                assert (turn.answer[0] in ("yes", "<time>")) == (noun in shown)
                assert (turn.rests_on[0] == NOT_SHOWN) == (noun not in shown)
            for word, index in zip(turn.answer, turn.rests_on, strict=True):
                if word in bank.names:
                    assert shown[index] == word


def test_films_with_nothing_and_with_one_are_common(examples) -> None:
    """Every number of showings occurs, none and one among them."""
    assert {0, 1, 2, 3} == {len(example.showings) for example in examples}


def test_a_bank_without_a_name_is_refused(bank) -> None:
    """A name without frames could never be learned, so it is named and refused."""
    labels = np.zeros(len(bank.tokens_RMD), dtype=int)
    with pytest.raises(UsageError, match="no frame shows dog"):
        FrameBank(bank.tokens_RMD, labels, names=("apple", "dog"), is_distractor_R=labels > 0)
