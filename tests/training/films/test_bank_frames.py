"""The bank as films use it: what the classifier sees is said in words, and every word is met often."""

import numpy as np
import pytest
import torch

from videoxl.model.word_focus import WordFocus
from videoxl.model.word_gate import WordGate
from videoxl.training.films.bank_frames import BankConfig, frame_bank
from videoxl.training.films.composites import KINDS
from videoxl.training.films.frame_bank import FrameBank

WIDTH, NAMES, THINGS = 12, ("apple", "dog"), ("palm tree", "drum", "seashore", "volcano")
SIGHTS = ("palm tree", "seashore", "volcano")  # a drum is left out
TOLD = 5
CLEAR, MAYBE, PLAIN, PICTURE = 2, 3, 4, 0  # rows


@pytest.fixture
def tensors() -> dict[str, torch.Tensor]:
    """An apple, a dog, a palm tree that is clear, a seashore that is not, three frames of nothing, a stranger."""
    kinds = ["insert", "edit", "scene", "crop", "scene", "scene", "crop", "stranger"]
    likelihood = torch.full((8, 2), 0.01)
    likelihood[CLEAR, 0], likelihood[MAYBE, 0], likelihood[PICTURE, 0] = 0.8, 0.3, 0.9
    likely = torch.tensor([[2, 0], [0, 1], [0, 2], [2, 0], [0, 1], [1, 2], [3, 0], [0, 3]])
    return {
        "tokens": 0.3 * torch.randn(8, 4, WIDTH, generator=torch.Generator().manual_seed(0)),
        "label": torch.tensor([0, 1, 2, 2, 2, 2, 2, 2]),
        "kind": torch.tensor([KINDS.index(kind) for kind in kinds]),
        "likely": likely,
        "likelihood": likelihood,
    }


@pytest.fixture
def focus() -> WordFocus:
    focus = WordFocus(len(THINGS), WIDTH, unsure=0.2, sure=0.4, size=2.0, mark_size=3.0).requires_grad_(False)
    for thing in SIGHTS:
        focus.words_ID[THINGS.index(thing), THINGS.index(thing)] = 1.0
    focus.mark_D[-1] = 1.0
    return focus


@pytest.fixture
def bank(tensors, focus) -> FrameBank:
    gate = WordGate(
        len(NAMES), WIDTH, cosine=0.5, lead=0.1, lead_weight=0.5, softness=0.04, floor=-3.8, nearly=0.3, zoom=0.9
    ).requires_grad_(False)
    return frame_bank(
        tensors, names=NAMES, things=THINGS, gate=gate, focus=focus, sights=SIGHTS, config=BankConfig(told=TOLD)
    )


def test_what_the_classifier_is_sure_of_is_said_and_asked_for(bank, tensors, focus) -> None:
    """A clear frame of plain film has the word in its tokens and is its sight; a picture has the word and is none."""
    added_RMD = bank.tokens_RMD[:8] - tensors["tokens"]
    for row, thing, share in ((CLEAR, "palm tree", 1.0), (MAYBE, "seashore", 0.5), (PICTURE, "seashore", 1.0)):
        expected_D = share * (2.0 * focus.words_ID[THINGS.index(thing)] + 3.0 * focus.mark_D)
        torch.testing.assert_close(added_RMD[row], expected_D.expand(4, -1))
    assert not added_RMD[PLAIN:].any()
    assert bank.sight_R[:8].tolist() == [-1, -1, SIGHTS.index("palm tree"), *[-1] * 5]
    assert set(bank.possible_RP[MAYBE].tolist()) == {-1, SIGHTS.index("seashore")}


def test_the_bank_knows_which_words_are_in_its_tokens(bank) -> None:
    """What was said wholly is told, also in a picture; what was said in part is vague; the rest says nothing."""
    told = [SIGHTS.index("seashore"), -1, SIGHTS.index("palm tree"), *[-1] * 5]
    assert bank.told_R[:8].tolist() == told
    assert bank.is_vague_R[:8].tolist() == [row == MAYBE for row in range(8)]
    assert (bank.told_R[8:] == bank.sight_R[8:]).all()
    assert not bank.is_vague_R[8:].any()


def test_every_word_is_told_on_plain_film(bank, tensors, focus) -> None:
    """So many frames of nothing for each sight, with its word in them, and with nothing else that they may show."""
    told = np.arange(8, len(bank.tokens_RMD))
    assert np.isin(told, bank.background).all()
    assert sorted(bank.sight_R[told].tolist()) == sorted(list(range(len(SIGHTS))) * TOLD)
    plain_PMD = tensors["tokens"][PLAIN : PLAIN + 3]
    for row in told.tolist():
        sight = bank.sight_R[row]
        assert set(bank.possible_RP[row].tolist()) == {-1, sight}
        added_D = 2.0 * focus.words_ID[THINGS.index(SIGHTS[sight])] + 3.0 * focus.mark_D
        before_MD = bank.tokens_RMD[row] - added_D
        assert any(torch.allclose(before_MD, plain_MD, atol=1e-6) for plain_MD in plain_PMD)


def test_without_plain_film_nothing_is_told(tensors, focus) -> None:
    """Where every frame may show something there is nothing to add a word to."""
    tensors["likelihood"][:] = 0.3
    gate = WordGate(
        len(NAMES), WIDTH, cosine=0.5, lead=0.1, lead_weight=0.5, softness=0.04, floor=-3.8, nearly=0.3, zoom=0.9
    ).requires_grad_(False)
    found = frame_bank(
        tensors, names=NAMES, things=(*SIGHTS, "drum"), gate=gate, focus=focus, sights=SIGHTS, config=BankConfig()
    )
    assert len(found.tokens_RMD) == 8
