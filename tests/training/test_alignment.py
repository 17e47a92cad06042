"""Alignment learns names from features, and puts everything else on the other side of the axis."""

import numpy as np
import pytest
import torch
from transformers import Qwen2Config

from videoxl.model.configuration_videoxl import VideoXLConfig
from videoxl.model.efficientnet_lite import EfficientNetLiteConfig
from videoxl.model.projector import Projector
from videoxl.training.alignment import (
    AlignmentConfig,
    NameScores,
    align,
    measure_alignment,
    unit_rms,
)

NUM_NAMES = 4
WIDTH = 16


@pytest.fixture
def projector() -> Projector:
    """Sixteen features on a 2 x 2 grid, pooled to one token of width 16."""
    vision = EfficientNetLiteConfig(hidden_size=WIDTH, image_size=64)
    text = Qwen2Config(hidden_size=WIDTH, num_attention_heads=2, num_key_value_heads=1, num_hidden_layers=1)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = VideoXLConfig(
            vision_config=vision, text_config=text, spatial_pool_stride=2, projector_hidden_size=3 * WIDTH
        )
        return Projector(config)


def _frames(seed: int, count: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Each name lights its own features in one patch; nothing lights none."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(NUM_NAMES + 1, size=count)
    features = 0.1 * rng.standard_normal((count, 4, WIDTH)).astype(np.float16)
    for row, label in enumerate(labels):
        if label < NUM_NAMES:
            features[row, rng.integers(4), 3 * label : 3 * label + 3] += 2
    return features, labels


def test_learns_names_and_nothing(projector) -> None:
    """Names that are told apart by their features are told apart after alignment, and so is nothing."""
    config = AlignmentConfig(num_epochs=40, batch_frames=50, warmup_steps=5, blend_share=0.0)
    generator = torch.Generator().manual_seed(1)
    scores = align(projector, *_frames(0), num_names=NUM_NAMES, config=config, generator=generator)
    report = measure_alignment(projector, scores, *_frames(1))
    assert report.top1 > 0.95
    assert report.told > 0.9
    assert report.false_alarms < 0.1
    assert report.num_named + report.num_background == 400


def test_same_generator_gives_same_words(projector) -> None:
    """Alignment draws only from the generator that it is given."""
    state = {name: tensor.clone() for name, tensor in projector.state_dict().items()}
    words = []
    for _ in range(2):
        projector.load_state_dict(state)
        generator = torch.Generator().manual_seed(2)
        config = AlignmentConfig(num_epochs=2, batch_frames=50)
        words.append(align(projector, *_frames(0), num_names=NUM_NAMES, config=config, generator=generator).words_CD)
    assert torch.equal(*words)


def test_no_word_lies_along_the_axis(projector) -> None:
    """Presence says nothing of names, and names nothing of presence."""
    config = AlignmentConfig(num_epochs=2, batch_frames=50)
    generator = torch.Generator().manual_seed(3)
    scores = align(projector, *_frames(0), num_names=NUM_NAMES, config=config, generator=generator)
    assert (scores.words_CD @ scores.axis_D).abs().max() < 1e-5
    tokens = torch.randn(5, 4, WIDTH)
    moved = tokens + 7 * scores.axis_D
    torch.testing.assert_close(scores(moved), scores(tokens), atol=1e-4, rtol=0)
    torch.testing.assert_close(scores.presence(moved), scores.presence(tokens) + 7, atol=1e-4, rtol=0)


def test_one_token_is_enough_to_name_a_frame() -> None:
    """A frame scores for a name as high as its best token, give or take the other tokens."""
    scores = NameScores(NUM_NAMES, WIDTH, sharpness=4.0, generator=torch.Generator().manual_seed(0))
    tokens = torch.zeros(1, 4, WIDTH)
    tokens[0, 2] = unit_rms(scores.words_CD.detach())[1]
    assert scores(tokens)[0].argmax() == 1
