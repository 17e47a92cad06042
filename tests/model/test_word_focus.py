"""The focus says in words what the classifier is sure of, and leaves all else as it is."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import CLIPVisionConfig, Qwen2Config

import videoxl
from videoxl.errors import CheckpointError
from videoxl.model import VideoXLConfig
from videoxl.model.learning import see
from videoxl.model.projector import Projector
from videoxl.model.word_focus import WordFocus

WIDTH, NUM_CLASSES, SIZE, MARK = 32, 5, 1.5, 4.0
SETTINGS = {"num_words": NUM_CLASSES, "unsure": 0.2, "sure": 0.4, "size": SIZE, "mark_size": MARK}


@pytest.fixture(scope="module")
def focus() -> WordFocus:
    """Words that are at right angles to one another and to the mark; the last class has none."""
    focus = WordFocus(width=WIDTH, **SETTINGS).requires_grad_(False)
    focus.words_ID[:-1] = torch.eye(WIDTH)[: NUM_CLASSES - 1]
    focus.mark_D.copy_(torch.eye(WIDTH)[-1])
    return focus


@pytest.mark.parametrize(("probability", "share"), [(0.0, 0), (0.2, 0), (0.3, 0.5), (0.4, 1), (0.97, 1)])
def test_what_the_classifier_is_sure_of_is_added_to_every_token(focus, probability, share) -> None:
    """Nothing of what is unlikely, all of what is likely, a part in between; alike to all tokens of the frame."""
    tokens_FMD = torch.randn(2, 4, WIDTH, generator=torch.Generator().manual_seed(0))
    seen_FI = torch.zeros(2, NUM_CLASSES)
    seen_FI[1, 2] = probability
    added_FMD = focus(tokens_FMD, seen_FI) - tokens_FMD
    expected_D = share * (SIZE * focus.words_ID[2] + MARK * focus.mark_D)
    torch.testing.assert_close(added_FMD[1], expected_D.expand(4, -1), atol=1e-5, rtol=0)
    assert not added_FMD[0].any()


def test_a_class_without_a_word_is_not_even_marked(focus) -> None:
    """What cannot be said leaves the frame as it is."""
    tokens_FMD, seen_FI = torch.randn(1, 4, WIDTH), torch.eye(NUM_CLASSES)[-1:]
    assert torch.equal(focus(tokens_FMD, seen_FI), tokens_FMD)


def test_two_things_are_said_side_by_side_and_marked_once(focus) -> None:
    """Both words are added, and the mark of the surer one."""
    seen_FI = torch.tensor([[0.3, 0.0, 0.6, 0.0, 0.0]])
    added_D = focus(torch.zeros(1, 1, WIDTH), seen_FI)[0, 0]
    expected_D = SIZE * (0.5 * focus.words_ID[0] + focus.words_ID[2]) + MARK * focus.mark_D
    torch.testing.assert_close(added_D, expected_D)


@given(st.integers(0, 2**31 - 1))
def test_nothing_but_words_is_added(focus, seed) -> None:
    """Whatever is seen: a class without a word adds nothing, and nothing is added beside the words and the mark."""
    generator = torch.Generator().manual_seed(seed)
    tokens_FMD = torch.randn(3, 4, WIDTH, generator=generator)
    seen_FI = (3 * torch.randn(3, NUM_CLASSES, generator=generator)).softmax(-1)
    added_FMD = focus(tokens_FMD, seen_FI) - tokens_FMD
    assert added_FMD[..., NUM_CLASSES - 1 : -1].abs().max() < 1e-5
    assert added_FMD.min() > -1e-5
    assert added_FMD[..., :-1].max() < SIZE + 1e-5
    assert added_FMD[..., -1].max() < MARK + 1e-5


def test_a_config_adds_the_focus_behind_the_gate() -> None:
    """With both in the config the focus comes after the gate; without them the projector has neither."""
    vision = CLIPVisionConfig(hidden_size=16, num_attention_heads=2, image_size=16, patch_size=8)
    parts = {"vision_config": vision, "text_config": Qwen2Config(hidden_size=WIDTH)}
    gate = {"num_words": 3, "cosine": 0.5, "lead": 0.1, "lead_weight": 0.5, "softness": 0.04, "floor": -3.8}
    gate |= {"nearly": 0.3, "zoom": 0.9}
    plain = Projector(VideoXLConfig(**parts))
    both = Projector(VideoXLConfig(**parts, word_gate=gate, word_focus=SETTINGS)).requires_grad_(False)
    assert not any("focus" in name or "gate" in name for name in plain.state_dict())
    for name, value in both.state_dict().items():
        value.copy_(plain.state_dict().get(name, torch.randn(value.shape)))
    features_FND, seen_FI = torch.randn(2, 4, 16), torch.rand(2, NUM_CLASSES)
    torch.testing.assert_close(both(features_FND, seen_FI), both.focus(both.gate(plain(features_FND)), seen_FI))


def test_a_focus_with_other_settings_is_refused() -> None:
    """A config of a focus that this release does not know is named, not built."""
    with pytest.raises(
        CheckpointError, match="word_focus has num_words; expected mark_size, num_words, size, sure, unsure"
    ):
        VideoXLConfig(word_focus={"num_words": 3})


@pytest.mark.parametrize("learning", [("projector",), ("vision_tower",), ()])
def test_what_is_seen_is_said_while_a_part_learns(learning) -> None:
    """Whichever part learns, and whether it is computed again or kept, frames become the same tokens."""
    model = videoxl.load("nano", device="cpu").model.float().requires_grad_(False)
    pixels_FCHW = torch.rand(2, 3, 192, 192, generator=torch.Generator().manual_seed(0))
    expected_FMD = model.get_video_features(pixels_FCHW)
    for part in learning:
        getattr(model.model, part).requires_grad_(True)
    for checkpoints in (False, True):
        video = see(model, pixels_FCHW, lambda *_: (), checkpoints=checkpoints)
        torch.testing.assert_close(video.visual_BFMD[0], expected_FMD, atol=1e-5, rtol=1e-5)
        assert video.visual_BFMD.requires_grad == bool(learning)
