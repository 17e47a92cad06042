"""The model that a recipe begins with: its config alone, or its weights, placed and typed for learning."""

from pathlib import Path

import torch
from transformers import TrainingArguments

from videoxl.checkpoint.load import find_folder, load_model, read_config
from videoxl.engine.loading import model_path
from videoxl.errors import UsageError
from videoxl.model import VideoXLConfig, VideoXLForConditionalGeneration, VideoXLProcessor
from videoxl.training.adapters import add_lora
from videoxl.training.base_model import base_config, compose_model
from videoxl.training.parameters import group_of
from videoxl.training.recipe import FinetuneRecipe


def recipe_config(recipe: FinetuneRecipe) -> VideoXLConfig:
    """The config of the model that a recipe begins with; no weight is read."""
    if recipe.base is not None:
        return base_config(recipe.base)
    assert recipe.model is not None
    folder = Path(model_path(recipe.model))
    if not (folder / "config.json").is_file():
        folder = find_folder(model_path(recipe.model))
    return read_config(folder).config


def load_for_training(
    recipe: FinetuneRecipe, arguments: TrainingArguments
) -> tuple[VideoXLForConditionalGeneration, VideoXLProcessor]:
    """The model where it will learn: what learns in float32, what does not in the type that is computed in."""
    half = torch.bfloat16 if arguments.bf16 else torch.float16 if arguments.fp16 else None
    if recipe.base is not None:
        dtype = torch.float32 if half is None else half
        model, processor = compose_model(recipe.base, seed=recipe.seed, device=arguments.device, dtype=dtype)
    else:
        assert recipe.model is not None
        model, processor = load_model(
            model_path(recipe.model), device=arguments.device, dtype=torch.float32 if half is None else "auto"
        )
    _check_model(recipe, model.config)
    ratios = {*model.config.compression_ratios, *recipe.curriculum.ratios} - {1}
    model.config.compression_ratios = sorted(ratios)
    model.decoder.checkpoints_layers = recipe.checkpointing == "layer"
    if recipe.parameters.lora is not None:
        add_lora(model, recipe.parameters.lora, seed=recipe.seed)
    for name, parameter in model.named_parameters():
        learns = recipe.parameters.trains(group_of(name))
        parameter.data = parameter.data.to(torch.float32 if learns or half is None else half)
    return model, processor


def _check_model(recipe: FinetuneRecipe, config: VideoXLConfig) -> None:
    limit = config.text_config.max_position_embeddings
    if recipe.max_text_tokens > limit:
        raise UsageError(
            f"max_text_tokens is {recipe.max_text_tokens} and the model has {limit} positions; an example can be no "
            f"longer. Give {limit} or less."
        )
