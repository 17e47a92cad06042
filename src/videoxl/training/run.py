"""A fine-tuning run from its recipe to a model folder: load, read examples, learn, write what `videoxl ask` takes."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerCallback

from videoxl import __version__
from videoxl.errors import UsageError
from videoxl.model import VideoXLForConditionalGeneration, VideoXLProcessor
from videoxl.training.arguments import training_arguments
from videoxl.training.card import CardFacts, DataFacts, card_text, read_log
from videoxl.training.cost import is_half
from videoxl.training.curriculum import Curriculum
from videoxl.training.data.dataset import TrainingDataset, open_examples
from videoxl.training.data.faults import FaultLedger
from videoxl.training.data.item import collate
from videoxl.training.data.mixture import Mixture
from videoxl.training.data.source import ExampleSource
from videoxl.training.deltas import write_deltas
from videoxl.training.dry_run import run_length
from videoxl.training.model_folder import export_model
from videoxl.training.needle_callback import NeedleCallback
from videoxl.training.needle_test import needle_test
from videoxl.training.parameters import num_trained
from videoxl.training.phase_callback import PhaseCallback
from videoxl.training.recipe import FinetuneRecipe
from videoxl.training.resumable import LOG
from videoxl.training.run_folder import DELTAS, MODEL, begin_run, git_commit
from videoxl.training.sharding import check_sharding
from videoxl.training.starting_model import load_for_training
from videoxl.training.trainer import VideoXLTrainer

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FramesAt:
    """How many frames a video may have in item i of a run: the length curriculum, for workers of any process."""

    curriculum: Curriculum
    num_items: int
    max_frames: int

    def __call__(self, item: int) -> int:
        phase = self.curriculum.phase(item / self.num_items)
        return self.max_frames if phase.max_frames is None else phase.max_frames


def check_data(recipe: FinetuneRecipe) -> None:
    """Refuse a recipe without examples before a model is loaded."""
    if not recipe.data:
        raise UsageError("the recipe names no data; give examples with --data FILE, or name them under data.")


def run_recipe(recipe: FinetuneRecipe, out: Path, *, until_step: int | None = None) -> dict[str, Any]:
    """Train to the end of the recipe, or to a step before it, going on where `out` stands.

    Returns what was done: the step, all steps, and the folder of the model once the run is at its end.
    """
    check_data(recipe)
    sources = [open_examples(source.path, media_folder=source.media_folder) for source in recipe.data]
    block = _trainer_block(recipe)
    world_size = training_arguments(out, block, seed=recipe.seed).world_size
    sizes = [len(source) * config.weight for source, config in zip(sources, recipe.data, strict=True)]
    length = run_length(recipe, sizes, num_devices=world_size)
    arguments = training_arguments(out, block | {"max_steps": length.num_steps}, seed=recipe.seed)
    if arguments.should_save:
        begin_run(out, recipe, num_steps=length.num_steps, world_size=world_size)
    model, processor = load_for_training(recipe, arguments)
    ledger = FaultLedger(out, bounds=recipe.bad_examples, rank=arguments.process_index)
    weights = [source.weight for source in recipe.data]
    mixture = Mixture(sources, weights=weights, seed=recipe.seed, num_items=length.num_items)
    frames_at = FramesAt(recipe.curriculum, length.num_items, recipe.media.max_frames)
    trainer = VideoXLTrainer(
        model,
        arguments=arguments,
        dataset=_dataset(mixture, recipe, model, processor, frames_at=frames_at),
        collate=collate,
        plans=recipe.curriculum,
        parameters=recipe.parameters,
        evaluation_dataset=_evaluation_dataset(recipe, model, processor),
        ledger=ledger,
        callbacks=_callbacks(recipe, processor),
    )
    has_adapters = recipe.parameters.lora is not None
    check_sharding(trainer.accelerator.state, equal_examples=recipe.equal_examples, has_adapters=has_adapters)
    step = trainer.run(until_step=until_step)
    done = {"step": step, "num_steps": length.num_steps, "out": str(out), "bad_examples": ledger.num_bad}
    if step < length.num_steps:
        return done
    return done | {"model": str(_export(trainer, recipe, processor, sources, out, num_bad=ledger.num_bad))}


def _trainer_block(recipe: FinetuneRecipe) -> dict[str, Any]:
    """transformers' options without those that say how long the run is; half precision only where it is of use."""
    block = {name: value for name, value in recipe.trainer.items() if value is not None}
    for name in ("max_steps", "num_train_epochs"):
        block.pop(name, None)
    if is_half(recipe) and (block.get("use_cpu") or not torch.cuda.is_available()):
        logger.warning("no GPU is used: computing in float32 instead of 16 bit")
        block |= {"bf16": False, "fp16": False}
    return block


def _dataset(
    mixture: Mixture,
    recipe: FinetuneRecipe,
    model: VideoXLForConditionalGeneration,
    processor: VideoXLProcessor,
    *,
    frames_at: FramesAt | None = None,
) -> TrainingDataset:
    return TrainingDataset(
        mixture,
        processor,
        image_size=model.config.vision_config.image_size,
        limits=recipe.media,
        max_text_tokens=recipe.max_text_tokens,
        max_frames_at=frames_at,
    )


def _evaluation_dataset(
    recipe: FinetuneRecipe, model: VideoXLForConditionalGeneration, processor: VideoXLProcessor
) -> TrainingDataset | None:
    if not recipe.evaluation_data:
        return None
    sources = [open_examples(source.path, media_folder=source.media_folder) for source in recipe.evaluation_data]
    mixture = Mixture(sources, weights=[source.weight for source in recipe.evaluation_data], seed=recipe.seed)
    return _dataset(mixture, recipe, model, processor)


def _callbacks(recipe: FinetuneRecipe, processor: VideoXLProcessor) -> list[TrainerCallback]:
    callbacks: list[TrainerCallback] = [PhaseCallback(recipe.curriculum)]
    if recipe.needle is not None:
        last = recipe.curriculum.phases[-1]
        measure = needle_test(
            recipe.needle,
            processor,
            ratio=recipe.needle.ratio or max(recipe.curriculum.ratios),
            planner=last.intervals,
            fps=recipe.media.fps,
            seed=recipe.seed,
        )
        callbacks.append(NeedleCallback(measure, every_steps=recipe.needle.every_steps))
    return callbacks


def _export(
    trainer: VideoXLTrainer,
    recipe: FinetuneRecipe,
    processor: VideoXLProcessor,
    sources: Sequence[ExampleSource],
    out: Path,
    *,
    num_bad: int,
) -> Path:
    """The model folder of a run at its end, with its card; written by the first process."""
    folder = out / MODEL
    dtype = torch.bfloat16 if trainer.args.bf16 else None
    state = trainer.accelerator.get_state_dict(trainer.model_wrapped) if trainer.is_fsdp_enabled else None
    if trainer.args.should_save:
        facts = CardFacts(
            name=out.name,
            begun_from=recipe.model or recipe.base.decoder,
            recipe=recipe.as_dict(),
            data=[
                DataFacts(config.path, len(source), config.weight, config.licence)
                for config, source in zip(recipe.data, sources, strict=True)
            ],
            num_trained=num_trained(trainer.model),
            version=__version__,
            commit=git_commit(),
            licence=recipe.licence,
            num_bad_examples=num_bad,
        )
        card = card_text(facts, replace(read_log(out / LOG), steps=trainer.step))
        _write_deltas(trainer, recipe, out, card=card, state=state)
        export_model(trainer.model, processor, folder, card=card, dtype=dtype, state=state)
    trainer.accelerator.wait_for_everyone()
    return folder


def _write_deltas(
    trainer: VideoXLTrainer, recipe: FinetuneRecipe, out: Path, *, card: str, state: Mapping[str, torch.Tensor] | None
) -> None:
    """What learned by itself, if the recipe says so; before the model's adapters are merged."""
    if recipe.deltas is None:
        return
    assert recipe.base is not None
    lora, dtype = recipe.parameters.lora, getattr(torch, recipe.deltas)
    scale = 0.0 if lora is None else lora.alpha / lora.rank
    write_deltas(
        trainer.model, out / DELTAS, base=recipe.base, dtype=dtype, adapter_scale=scale, card=card, state=state
    )
