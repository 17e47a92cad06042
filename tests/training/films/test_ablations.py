"""Memories that the ablations compare are as large as they say, and made of what they say."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from videoxl.training.films.examples import draw_example
from videoxl.training.films.packing import TurnEncoder

sys.path.insert(0, str(Path(__file__).parents[3] / "recipes" / "nano"))
import ablate


@pytest.fixture
def films(bank, recipe):
    generator = np.random.default_rng(3)
    return [draw_example(bank, generator, num_frames=ablate.NUM_FRAMES, config=recipe.examples) for _ in range(2)]


@pytest.fixture
def world(make_model, processor, bank, films):
    """What every way to make a memory takes."""
    return make_model().eval(), TurnEncoder(processor), bank, films


@torch.no_grad()
def test_memories_without_vsts_are_as_large_as_those_with(world) -> None:
    """Pooling, dropping and random rows keep what VSTs at 16:1 keep, to the row."""
    model, encoder, bank, films = world
    plan = ablate._fixed(ablate.BUDGET, model.config.interval_frames)
    expected = ablate._watched(model, encoder, bank, films, lambda seen: plan).past.num_rows
    generator = torch.Generator().manual_seed(0)
    pooled = ablate._raw(model, encoder, bank, films, ablate._pooled)
    dropped = ablate._raw(model, encoder, bank, films, lambda visual: visual[:, :: ablate.BUDGET])
    random = ablate._random_rows(model, encoder, bank, films, generator)
    assert {pooled.past.num_rows, dropped.past.num_rows, random.past.num_rows} == {expected}


@torch.no_grad()
def test_random_rows_are_rows_of_the_raw_memory(world) -> None:
    """Every kept row is one of the memory without compression, the text before the film among them."""
    model, encoder, bank, films = world
    plan = ablate._fixed(1, model.config.interval_frames)
    raw = ablate._watched(model, encoder, bank, films, lambda seen: plan).past.memory_of(0).joined()
    kept = ablate._random_rows(model, encoder, bank, films, torch.Generator().manual_seed(1)).past.memory_of(0).joined()
    known = {tuple(row) for row in raw.keys[0, 0].tolist()}
    assert all(tuple(row) in known for row in kept.keys[0, 0].tolist())
    assert (kept.keys[:, :, : len(encoder.before)] == raw.keys[:, :, : len(encoder.before)]).all()


def test_variants_differ_in_what_they_are_called_after(recipe) -> None:
    """Each variant changes the curriculum as its name says and nothing else."""
    variants = ablate.variants(recipe, 30)
    whole = variants["all"].curriculum
    assert len(variants["no curriculum"].curriculum.stages) == 1
    assert {stage.ratios for stage in variants["fixed ratio"].curriculum.stages} == {(8,)}
    assert variants["ratio a video"].curriculum.mixed_share == 0
    assert variants["ratio a video"].curriculum.stages == whole.stages
    assert {variant.num_steps for variant in variants.values()} == {30}
