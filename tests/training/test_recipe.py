"""Recipes that cannot be carried out are refused before anything is opened, with every value that is part of it."""

import copy

import pytest
import yaml

from videoxl.errors import UsageError
from videoxl.training.recipe import finetune_recipe, recipe_kind

GOOD = yaml.safe_load(
    """
    kind: finetune
    model: nano
    data: [{path: mine.jsonl, weight: 2}]
    curriculum: {phases: [{until: 0.5, ratios: [2], max_frames: 8}, {until: 1, ratios: [2, 8]}]}
    parameters: {vision_tower: {trained: false}, lora: {rank: 4}}
    trainer: {learning_rate: 1e-4, max_steps: 10}
    """
)


def recipe(*overrides: str):
    return finetune_recipe(copy.deepcopy(GOOD), overrides=overrides, where="mine.yaml")


def test_a_recipe_says_what_decides_a_run():
    """Values arrive where they belong, numbers as numbers, and what is not given has its default."""
    made = recipe("media.fps=2")
    assert made.trainer["learning_rate"] == 1e-4
    assert (made.media.fps, made.media.max_frames) == (2.0, 128)
    assert made.parameters.trains("lora")
    assert not made.parameters.trains("decoder")
    assert made.fingerprint() == recipe("media.fps=2").fingerprint() != recipe().fingerprint()


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("modle=nano", "unknown key 'modle'; did you mean 'model'"),
        ("curriculum.interval_frame=3", "did you mean 'interval_frames'"),
        ("trainer.learning_rat=1", "did you mean 'learning_rate'"),
        ("parameters.lora.rnk=1", "did you mean 'rank'"),
        ("media.max_frame=1", "did you mean 'max_frames'"),
        ("trainer.output_dir=x", "its place is --out"),
        ("trainer.seed=3", "its place is seed, at the top"),
        ("trainer.deepspeed=x.json", "accelerate configuration"),
        ("base.decoder=x", "base: "),
        ("model=null", "model is None and base is None"),
        ("data=[{path: a, weight: 0}]", "a has weight 0.0"),
        ("trainer.per_device_train_batch_size=8", "Give 1 and 8"),
        ("trainer.num_train_epochs=3", "max_steps is 10 and num_train_epochs is 3"),
        ("trainer={bf16: true, fp16: true}", "bf16 is True and fp16 is True"),
        ("media.max_frames=4", "phase 0 has max_frames 8 and media: max_frames is 4"),
        ("parameters.decoder.trained=true", "decoder is .*'trained': True.* and lora is .*'rank': 4"),
        ("parameters.vision_tower.learning_rate=1e-5", "trained False and learning_rate 1e-05"),
        ("curriculum.phases=[{until: 1, ratios: [1]}]", "ratios is \\[1\\] and parameters: vst has trained True"),
        ("trainer={eval_strategy: steps}", "eval_strategy is 'steps' and evaluation_data is empty"),
    ],
)
def test_what_cannot_be_is_refused_with_its_values(override, said):
    """Unknown keys, values in the wrong place and combinations that are impossible: each says both sides of it."""
    with pytest.raises(UsageError, match=said):
        recipe(override)


def test_something_must_learn():
    """A recipe in which every part stays as it is is refused."""
    frozen = [f"parameters.{name}.trained=false" for name in ("vision_tower", "projector", "vst", "decoder", "head")]
    with pytest.raises(UsageError, match="nothing learns"):
        recipe("parameters.lora=null", *frozen)


def test_a_kind_says_which_trainer_is_meant():
    """A recipe of no known kind is refused, with the kinds that there are."""
    assert recipe_kind({"kind": "films"}, where="x") == "films"
    with pytest.raises(UsageError, match="x: kind is 'film', expected one of finetune, films"):
        recipe_kind({"kind": "film"}, where="x")
