"""A world small enough to learn in a second: a few names, frames of noise, a decoder of two layers."""

import numpy as np
import pytest
import torch

from videoxl.training.films.curriculum import Curriculum, Stage
from videoxl.training.films.examples import ExampleConfig
from videoxl.training.films.frame_bank import FrameBank
from videoxl.training.films.initialisation import initialise
from videoxl.training.films.model_folder import new_model, new_processor
from videoxl.training.films.recipe import ModelSizes, OptimiserConfig, Recipe

NAMES = ("apple", "dog", "drum", "owl", "rocket")
WIDTH = 16
TOKENS_PER_FRAME = 4


@pytest.fixture
def recipe() -> Recipe:
    """Two short stages, two layers, no more than four films a step."""
    sizes = ModelSizes(
        hidden_size=WIDTH, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1,
        evidence_layers=(1,),
    )  # fmt: skip
    stages = (Stage(0.5, (8,), (2, 4)), Stage(1.0, (8, 12), (1, 4), foreign_rows=6))
    return Recipe(
        Curriculum(stages, interval_frames=4, foreign_share=0.5),
        model=sizes,
        examples=ExampleConfig(most_showings=3),
        optimiser=OptimiserConfig(warmup_steps=2),
        num_steps=12,
        batch_films=4,
        foreign_capacity=16,
    )


@pytest.fixture
def processor(recipe):
    return new_processor(recipe, NAMES)


@pytest.fixture
def words() -> torch.Tensor:
    """A word (D,) for each name."""
    return torch.randn(len(NAMES), WIDTH, generator=torch.Generator().manual_seed(5))


@pytest.fixture
def make_model(recipe, processor, words):
    """Builds the same model every time."""

    def build():
        with torch.random.fork_rng():
            torch.manual_seed(0)
            model = new_model(recipe, processor)
        ids = processor.tokenizer.convert_tokens_to_ids(list(NAMES))
        generator = torch.Generator().manual_seed(0)
        initialise(model, dict(zip(ids, words, strict=True)), config=recipe.initialisation, generator=generator)
        model.requires_grad_(False)
        model.decoder.requires_grad_(True)
        return model

    return build


@pytest.fixture
def bank(words) -> FrameBank:
    """Six frames of each name, in which one token is its word, twelve of nothing and two of a stranger."""
    rng = torch.Generator().manual_seed(1)
    labels = np.array([*np.repeat(np.arange(len(NAMES)), 6), *[len(NAMES)] * 14])
    tokens = 0.3 * torch.randn(len(labels), TOKENS_PER_FRAME, WIDTH, generator=rng)
    tokens[: 6 * len(NAMES), 2] = words.repeat_interleave(6, dim=0)
    is_distractor = np.arange(len(labels)) >= len(labels) - 2
    return FrameBank(tokens, labels, names=NAMES, is_distractor_R=is_distractor)
