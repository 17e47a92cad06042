"""The trainer: what a model with memories needs beside a Trainer that resumes.

An item is learned whole: its videos are condensed by a plan that a curriculum draws, all of its questions read the
memory, and the loss of every label counts the same, whatever item, micro step or rank it is in. What is drawn follows
from the seed and the number of the item, so two processes learn what one would learn.

F frames, D width of a frame's embedding.
"""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn
from torch.utils.data import Sampler, SequentialSampler
from transformers import TrainerCallback, TrainingArguments

from videoxl.compression.interval import Interval
from videoxl.errors import UsageError
from videoxl.model.modeling_videoxl import IGNORED_LABEL, VideoXLForConditionalGeneration
from videoxl.training.adapters import add_lora, has_lora
from videoxl.training.parameters import ParameterConfig, freeze, optimizer_groups
from videoxl.training.resumable import ResumableTrainer

ABOUT = ("example_ids", "indices", "frame_seconds", "notes", "faults")  # of a batch; the model takes the rest

logger = logging.getLogger(__name__)


class PlanDraw(Protocol):
    """What a curriculum drew for one example."""

    @property
    def dynamic(self) -> bool:
        """Whether `plan` wants to see embeddings."""

    def plan(self, num_frames: int, embeddings_FD: np.ndarray | None = None, *, video: int = 0) -> Sequence[Interval]:
        """The plan of one video; embeddings are None unless `dynamic`."""


class PlanSource(Protocol):
    """What the trainer asks of a curriculum."""

    def draw(self, progress: float, generator: np.random.Generator) -> PlanDraw:
        """What one example gets at a share of the run (0 to 1)."""


class Ledger(Protocol):
    """Takes note of the bad examples that an item stands in for, and stops a run that has too many."""

    def note(self, faults: Sequence[Any], *, num_items: int = 1) -> None:
        """What one batch stood in for."""


class DrawnPlans:
    """The plans of one example as the model asks for them, remembered for the log."""

    def __init__(self, draw: PlanDraw) -> None:
        self._draw = draw
        self.ratios: set[int] = set()

    def __call__(self, video: int, num_frames: int, embeddings_FD: torch.Tensor | None) -> Sequence[Interval]:
        """The plan of video number `video`."""
        seen = None
        if self._draw.dynamic and embeddings_FD is not None:
            seen = embeddings_FD.detach().float().cpu().numpy()
        plan = self._draw.plan(num_frames, seen, video=video)
        self.ratios |= {interval.ratio for interval in plan}
        return plan


class VideoXLTrainer(ResumableTrainer):
    """Trains a VideoXL model on items, one a device and micro step."""

    def __init__(
        self,
        model: VideoXLForConditionalGeneration,
        *,
        arguments: TrainingArguments,
        dataset: Any,
        collate: Callable[[list[Any]], dict[str, Any]],
        plans: PlanSource | None = None,
        parameters: ParameterConfig | None = None,
        evaluation_dataset: Any = None,
        ledger: Ledger | None = None,
        callbacks: Sequence[TrainerCallback] = (),
    ) -> None:
        """Make ready to train.

        Args:
            arguments: As `training_arguments` makes them.
            dataset: Item i of the run, in the order in which they are learned; its length is the run's.
            collate: One item to what `model.forward` takes, with what is said about it beside it.
            plans: Draws a plan for each example; None leaves it to the batch's `intervals`, or to the config's.
            parameters: What is trained and how fast; None trains everything at one rate.
            evaluation_dataset: Items whose loss is measured as `eval_strategy` says.
            ledger: Takes note of bad examples.
            callbacks: Among them `NeedleCallback`s, which get to know the trainer.
        """
        self.parameters = ParameterConfig() if parameters is None else parameters
        if self.parameters.lora is not None and not has_lora(model):
            add_lora(model, self.parameters.lora, seed=arguments.seed)
        freeze(model, self.parameters)
        self.plans, self.ledger = plans, ledger
        _set_length(arguments, len(dataset))
        super().__init__(
            model,
            arguments,
            data_collator=collate,
            train_dataset=dataset,
            eval_dataset=evaluation_dataset,
            callbacks=callbacks,
        )
        if self.is_fsdp_enabled:
            _check_units(self.accelerator.state.fsdp_plugin)
        for callback in self.callback_handler.callbacks:
            if hasattr(callback, "attach"):
                callback.attach(self)

    def compute_loss(
        self,
        model: nn.Module,
        inputs: Mapping[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:
        """The loss of one item, its plans drawn on the way."""
        batch = {name: value for name, value in inputs.items() if name not in ABOUT}
        drawn = self._drawn_plans(inputs)
        if drawn is not None:
            batch["plan_of"] = drawn
        if self._is_sharded:
            batch["every_gradient"] = True
        loss, outputs = super().compute_loss(model, batch, return_outputs=True, num_items_in_batch=num_items_in_batch)
        if model.training:
            self._score(loss, batch, drawn, num_items_in_batch)
        return (loss, outputs) if return_outputs else loss

    def training_step(
        self, model: nn.Module, inputs: dict[str, Any], num_items_in_batch: torch.Tensor | int | None = None
    ) -> torch.Tensor:
        """One item forward and backward, after what was bad before it has been noted."""
        if self.ledger is not None:
            self.ledger.note(inputs.get("faults", ()))
        for note in inputs.get("notes", ()):
            logger.info("%s: %s", ", ".join(inputs["example_ids"]), note)
        return super().training_step(model, inputs, num_items_in_batch)

    def create_optimizer(self, model: nn.Module | None = None) -> torch.optim.Optimizer:
        """transformers' optimizer by its name (`optim`), over our groups."""
        if self.optimizer is None:
            model = self.model if model is None else model
            kind, options = self.get_optimizer_cls_and_kwargs(self.args, model)
            rate = options.pop("lr", self.args.learning_rate)
            groups = optimizer_groups(model, self.parameters, learning_rate=rate, weight_decay=self.args.weight_decay)
            self.optimizer = kind(groups, lr=rate, **options)
        return self.optimizer

    def _get_train_sampler(self, train_dataset: Any = None) -> Sampler | None:
        return SequentialSampler(self.train_dataset if train_dataset is None else train_dataset)

    def _drawn_plans(self, inputs: Mapping[str, Any]) -> DrawnPlans | None:
        if self.plans is None or inputs.get("intervals") is not None:
            return None
        number = inputs["indices"][0] if "indices" in inputs else self.item_number
        return DrawnPlans(self.plans.draw(self.progress, np.random.default_rng([self.args.seed, number])))

    def _score(
        self, loss: torch.Tensor, batch: Mapping[str, Any], drawn: DrawnPlans | None, total: torch.Tensor | int | None
    ) -> None:
        """Loss per label, under the ratio by which the example was condensed."""
        ratios = set() if drawn is None else drawn.ratios
        if batch.get("intervals") is not None:
            ratios = {interval.ratio for plan in batch["intervals"] for interval in plan}
        num_labels = int((batch["labels"][..., 1:] != IGNORED_LABEL).sum())
        scale = num_labels if total is None else float(total) / self.args.world_size
        self.scores.add(loss_name(ratios), loss.item() * scale, weight=num_labels)


def loss_name(ratios: Collection[int]) -> str:
    """What the log calls the loss of an example, or a batch, whose intervals were condensed by these ratios."""
    different = set(ratios)
    return f"loss.ratio_{'mixed' if len(different) > 1 else next(iter(different), 'none')}"


def _check_units(plugin: Any) -> None:
    """Units of FSDP are put together when they are used, and ranks use layers as often as they have intervals."""
    if plugin.fsdp_version != 2 or plugin.auto_wrap_policy is not None:
        raise UsageError(
            f"FSDP has version {plugin.fsdp_version} and wraps by {plugin.auto_wrap_policy}; expected version 2 and "
            "NO_WRAP, the whole model as one unit, for examples differ in their number of intervals. "
            "Launch with recipes/accelerate/fsdp2.yaml."
        )


def _set_length(arguments: TrainingArguments, num_items: int) -> None:
    """One pass over the run's items, or the first `max_steps` steps of it."""
    if arguments.per_device_train_batch_size != 1:
        raise UsageError(
            f"per_device_train_batch_size is {arguments.per_device_train_batch_size}, expected 1: a device takes one "
            "example at a time. Raise gradient_accumulation_steps instead."
        )
    per_step = arguments.gradient_accumulation_steps * arguments.world_size
    steps = num_items // per_step
    if arguments.max_steps > steps or steps == 0:
        raise UsageError(
            f"max_steps is {arguments.max_steps} of {per_step} items each, and the run has {num_items} items: enough "
            f"for {steps} steps. Give more epochs or data, or fewer steps."
        )
    if arguments.max_steps <= 0:
        arguments.max_steps = steps
        if num_items % per_step:
            logger.info("the last %d of %d items do not fill a step and are left out", num_items % per_step, num_items)
    arguments.num_train_epochs = 1
