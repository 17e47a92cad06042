"""The gate takes claims back from tokens that point to no word, and does nothing else."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import CLIPVisionConfig, Qwen2Config

from videoxl.errors import CheckpointError
from videoxl.model import VideoXLConfig
from videoxl.model.projector import Projector
from videoxl.model.word_gate import WordGate

WIDTH, NUM_WORDS, FLOOR = 32, 5, -3.8
SETTINGS = {
    "num_words": NUM_WORDS,
    "cosine": 0.5,
    "lead": 0.1,
    "lead_weight": 0.5,
    "softness": 0.04,
    "floor": FLOOR,
    "nearly": 0.3,
    "zoom": 0.9,
}


@pytest.fixture(scope="module")
def gate() -> WordGate:
    """Words that are at right angles to one another, and an axis beside them."""
    gate = WordGate(width=WIDTH, **SETTINGS).requires_grad_(False)
    gate.words_CD.copy_(3.0 * torch.eye(WIDTH)[:NUM_WORDS])
    gate.axis_D.copy_(torch.eye(WIDTH)[-1])
    return gate


def _token(gate: WordGate, *, word: float, elsewhere: float, claim: float) -> torch.Tensor:
    """One token (1, 1, D) that points to the first word, and so far to none."""
    place_D = torch.zeros(WIDTH)
    place_D[0], place_D[NUM_WORDS], place_D[-1] = word, elsewhere, claim
    return place_D[None, None]


def test_a_claim_without_a_word_is_taken_back(gate) -> None:
    """A token far along the axis that points nowhere ends where plain film lies."""
    tokens_FMD = gate(_token(gate, word=0.1, elsewhere=1.0, claim=12.0))
    assert tokens_FMD[0, 0] @ gate.axis_D == pytest.approx(FLOOR, abs=0.05)


def test_a_claim_with_a_word_stands(gate) -> None:
    """A token that points to a word keeps what it says, however little it is."""
    for claim in (0.5, 12.0):
        token = _token(gate, word=1.0, elsewhere=0.5, claim=claim)
        torch.testing.assert_close(gate(token), token, atol=1e-3, rtol=0)


@pytest.mark.parametrize(("other", "stands"), [(0.5, True), (1.0, False)])
def test_a_claim_between_two_words_is_taken_back(gate, other, stands) -> None:
    """A token that points to two words about alike is no picture of either."""
    token = _token(gate, word=1.0, elsewhere=0.0, claim=9.0)
    token[0, 0, 1] = other
    assert gate(token)[0, 0] @ gate.axis_D == pytest.approx(9.0 if stands else FLOOR, abs=2.0)


@pytest.mark.parametrize(("word", "stands"), [(0.38, True), (0.28, False)])
def test_a_word_that_leads_by_far_need_not_be_as_near(gate, word, stands) -> None:
    """A cosine below the threshold is enough where no other word is near: half of the lead counts with it."""
    token = _token(gate, word=word, elsewhere=(1 - word**2) ** 0.5, claim=9.0)
    assert word < gate.cosine
    assert gate(token)[0, 0] @ gate.axis_D == pytest.approx(9.0 if stands else FLOOR, abs=2.0)


@given(st.integers(0, 2**31 - 1), st.floats(0.1, 20))
def test_only_the_claim_moves_and_only_downward(gate, seed, size) -> None:
    """Whatever the token, all of it beside the axis stays, and its claim never grows."""
    tokens_FMD = size * torch.randn(3, 4, WIDTH, generator=torch.Generator().manual_seed(seed))
    gated_FMD = gate(tokens_FMD)
    torch.testing.assert_close(gated_FMD[..., :-1], tokens_FMD[..., :-1])
    assert (gated_FMD[..., -1] <= tokens_FMD[..., -1] + 1e-5 * size).all()


def test_a_config_adds_the_gate_behind_the_projector() -> None:
    """With a gate in the config the projector has its weights and applies them; without one it has none."""
    vision = CLIPVisionConfig(hidden_size=16, num_attention_heads=2, image_size=16, patch_size=8)
    parts = {"vision_config": vision, "text_config": Qwen2Config(hidden_size=WIDTH)}
    plain = Projector(VideoXLConfig(**parts))
    gated = Projector(VideoXLConfig(**parts, word_gate=SETTINGS))
    assert not any("gate" in name for name in plain.state_dict())
    gated.load_state_dict(
        plain.state_dict() | {f"gate.{name}": value for name, value in gated.gate.state_dict().items()}
    )
    features_FND = torch.randn(2, 4, 16)
    torch.testing.assert_close(gated(features_FND), gated.gate(plain(features_FND)))


def test_a_gate_with_other_settings_is_refused() -> None:
    """A config of a gate that this release does not know is named, not built."""
    with pytest.raises(CheckpointError, match="word_gate has num_words; expected cosine"):
        VideoXLConfig(word_gate={"num_words": 3})
    with pytest.raises(CheckpointError, match="word_gate has 1 words; expected 2 or more"):
        VideoXLConfig(word_gate=SETTINGS | {"num_words": 1})
