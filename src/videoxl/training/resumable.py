"""A Trainer whose runs can be stopped anywhere and go on as if nothing had happened.

transformers' checkpoints are pickles in part, can be found half-written, and leave out what was learned since the last
line of the log. Ours hold what learns, are whole or not there, and a resumed run logs what an uninterrupted one would.
Where ranks hold shards of the model (FSDP, DeepSpeed) the shards are written as transformers and accelerate do it.
"""

import json
import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import PrinterCallback, Trainer, TrainingArguments
from transformers.trainer import TRAINER_STATE_NAME

from videoxl.errors import CheckpointError, TrainingError
from videoxl.training.checkpoint_folder import (
    WHOLE,
    full_disk_said,
    last_checkpoint,
    read_tensors,
    remove_old,
    remove_unfinished,
    step_of,
    write_tensors,
    written_whole,
)
from videoxl.training.interruption import TrainingInterrupted, interruption
from videoxl.training.limits import LimitCallback
from videoxl.training.optimizer_state import load_optimizer, optimizer_tensors, optimizer_values
from videoxl.training.running_scores import RunningScores
from videoxl.training.step_bar import StepBarCallback

TRAINED, OPTIMIZER, EXTRA, RUN = "trained.safetensors", "optimizer.safetensors", "extra.safetensors", "run.json"
LOG = "log.jsonl"
DIGITS = 7  # behind the point: a learning rate of 1e-5 still shows its decay

logger = logging.getLogger(__name__)


class ResumableTrainer(Trainer):
    """transformers' Trainer with whole checkpoints, limits, a log that resumes, and losses that are numbers."""

    optimizer: Any
    lr_scheduler: Any

    def __init__(self, model: nn.Module, arguments: TrainingArguments, **options: Any) -> None:
        self.scores = RunningScores()
        self._limits = LimitCallback()
        self._micro_step = 0
        self._seconds_before, self._started = 0.0, time.monotonic()
        config = getattr(model, "config", None)
        has_use_cache = hasattr(config, "use_cache")
        callbacks = [self._limits, StepBarCallback(), *options.pop("callbacks", ())]
        super().__init__(model=model, args=arguments, callbacks=callbacks, **options)
        if config is not None and not has_use_cache and hasattr(config, "use_cache"):
            del config.use_cache  # transformers puts it there, and config.json would keep it
        self.remove_callback(PrinterCallback)
        self.folder = Path(arguments.output_dir)

    @property
    def step(self) -> int:
        """Steps of the optimizer that were taken."""
        return int(self.state.global_step)

    @property
    def progress(self) -> float:
        """Share of the run that is done."""
        return self.step / self.args.max_steps

    @property
    def item_number(self) -> int:
        """Which item of the run this process is at."""
        micro_steps = self.step * self.args.gradient_accumulation_steps + self._micro_step
        return micro_steps * self.args.world_size + self.args.process_index

    def run(self, *, until_step: int | None = None, until_seconds: float | None = None) -> int:
        """Go on from the last whole checkpoint in the folder, to the end or a limit; returns the step reached.

        Raises:
            TrainingError: The loss is not a number; names the step and the example.
            CapacityError: The disk is full; the half-written checkpoint is gone, older ones are whole.
            TrainingInterrupted: SIGTERM or Ctrl-C; a checkpoint was written first.
        """
        begun = self._begin()
        target = self.args.max_steps if until_step is None else min(until_step, self.args.max_steps)
        if begun is not None and step_of(begun) >= target:
            self._load_from_checkpoint(str(begun))
            self.state.global_step = step_of(begun)
            return self.step
        with interruption() as wish:
            self._limits.begin(wish, until_step=target, until_seconds=until_seconds)
            self.train(resume_from_checkpoint=None if begun is None else str(begun))
        if self._limits.was_interrupted and self.step < self.args.max_steps:
            raise TrainingInterrupted(self.step, self.folder / f"checkpoint-{self.step}")
        return self.step

    def extra_tensors(self) -> dict[str, torch.Tensor]:
        """What a kind of training keeps in a checkpoint beside weights and optimizer."""
        return {}

    def load_extra_tensors(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """Take back what `extra_tensors` gave."""

    def training_step(
        self, model: nn.Module, inputs: dict[str, Any], num_items_in_batch: torch.Tensor | int | None = None
    ) -> torch.Tensor:
        """One item forward and backward; the optimizer never sees a gradient of what is no number."""
        # Dropout of item n is the same whoever takes it, and after whatever interruption.
        torch.manual_seed(int(np.random.default_rng([self.args.seed, self.item_number]).integers(2**62)))
        loss = super().training_step(model, inputs, num_items_in_batch)
        value = loss.item()
        if not np.isfinite(value):
            raise TrainingError(self._why_not(value, inputs))
        self.scores.add("loss", value, weight=1 / self.current_gradient_accumulation_steps)
        self._micro_step = (self._micro_step + 1) % self.current_gradient_accumulation_steps
        return loss

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """One line of `log.jsonl`, and what the callbacks for TensorBoard and others make of it."""
        if "train_runtime" in logs:  # sums up what the lines say
            return
        line = dict(logs)
        if "learning_rate" in logs:
            line |= self.scores.gathered().means()
            self.scores.clear()
        line = {name: round(value, DIGITS) for name, value in line.items()}
        line["seconds"] = round(self._seconds(), 1)
        super().log(dict(line), start_time)
        if self.is_world_process_zero():
            text = json.dumps({"step": self.step, **line})
            with (self.folder / LOG).open("a", encoding="utf-8") as file:
                file.write(text + "\n")
            logger.info("%s", text)

    def floating_point_ops(self, inputs: Mapping[str, Any]) -> int:
        """Not counted: what transformers would count leaves the video out."""
        return 0

    def _begin(self) -> Path | None:
        """Tidy up after an interruption; returns the checkpoint to go on from."""
        self.optimizer, self.lr_scheduler = None, None
        self._micro_step, self._started, self._seconds_before = 0, time.monotonic(), 0.0
        self.scores.clear()
        if self.args.should_save:
            for path in remove_unfinished(self.folder):
                logger.info("removed %s, which was never finished", path.name)
        self.accelerator.wait_for_everyone()
        begun = last_checkpoint(self.folder)
        if self.args.should_save:
            _cut(self.folder / LOG, 0 if begun is None else step_of(begun))
        if begun is not None:
            logger.info("going on from step %d", step_of(begun))
        return begun

    def _seconds(self) -> float:
        """Seconds of training, those before an interruption included."""
        return self._seconds_before + time.monotonic() - self._started

    def _why_not(self, loss: float, inputs: Mapping[str, Any]) -> str:
        examples = ", ".join(inputs.get("example_ids", ())) or f"item {self.item_number}"
        whole = last_checkpoint(self.folder)
        return (
            f"the loss of step {self.step + 1} is {loss}, of example {examples}; expected a number. "
            f"{'No checkpoint was written yet' if whole is None else f'{whole.name} is whole, and from before it'}. "
            "Look at the example, lower trainer: learning_rate or raise its warmup, and run again."
        )

    def _get_grad_norm(self, model: nn.Module, grad_norm: Any = None) -> Any:
        norm = super()._get_grad_norm(model, grad_norm=grad_norm)
        has_scaler = getattr(self.accelerator, "scaler", None) is not None  # it skips such steps by itself
        if norm is not None and not has_scaler and not np.isfinite(float(norm)):
            whole = last_checkpoint(self.folder)
            raise TrainingError(
                f"the gradient of step {self.step + 1} has size {float(norm)}, though its loss is a number; expected a "
                f"number. {'No checkpoint was written yet' if whole is None else f'{whole.name} is whole'}. "
                "Lower trainer: learning_rate or raise its warmup, and run again."
            )
        return norm

    # Checkpoints. These are the places where transformers lets a Trainer write and read them.

    @property
    def _is_sharded(self) -> bool:
        return bool(self.is_fsdp_enabled or self.is_deepspeed_enabled)

    def _save_checkpoint(self, model: nn.Module, trial: Any) -> None:
        place = self.folder / f"checkpoint-{self.step}"
        scores = self.scores.gathered()
        if self._is_sharded:
            with full_disk_said(place, remove=place):
                super()._save_checkpoint(model, trial)
                self.accelerator.wait_for_everyone()
                if self.args.should_save:
                    self._write_run(place, scores)
                    (place / WHOLE).touch()
        elif self.args.should_save:
            with written_whole(place) as part:
                write_tensors(part / TRAINED, self._trained())
                write_tensors(part / OPTIMIZER, optimizer_tensors(self.optimizer, self._names()))
                self._write_run(part, scores, optimizer=optimizer_values(self.optimizer, self._names()))
                self.state.save_to_json(str(part / TRAINER_STATE_NAME))
        if self.args.should_save:
            remove_old(self.folder, keep=self.args.save_total_limit)
        self.accelerator.wait_for_everyone()

    def _write_run(self, folder: Path, scores: RunningScores, **values: Any) -> None:
        extra = self.extra_tensors()
        if extra:
            write_tensors(folder / EXTRA, extra)
        scaler = getattr(self.accelerator, "scaler", None)
        values |= {
            "scores": scores.state(),
            "seconds": self._seconds(),
            "schedule": self.lr_scheduler.state_dict() if not self._is_sharded else None,
            "scaler": None if scaler is None else scaler.state_dict(),
        }
        (folder / RUN).write_text(json.dumps(values) + "\n", encoding="utf-8")

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: nn.Module | None = None) -> None:
        if self._is_sharded:
            super()._load_from_checkpoint(resume_from_checkpoint, model)
            return
        tensors, trained = read_tensors(Path(resume_from_checkpoint) / TRAINED), self._trained()
        different = sorted(
            (tensors.keys() ^ trained.keys())
            | {name for name in tensors.keys() & trained.keys() if tensors[name].shape != trained[name].shape}
        )
        if different:
            raise CheckpointError(
                f"{Path(resume_from_checkpoint).name} has {len(tensors)} tensors that learn, this run {len(trained)}; "
                f"{len(different)} differ, such as {different[0]}. Go on with the recipe and model that the run began "
                "with, or begin another run."
            )
        with torch.no_grad():
            for name, tensor in tensors.items():
                trained[name].copy_(tensor)

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        if checkpoint is None:
            return
        folder = Path(checkpoint)
        values = json.loads((folder / RUN).read_text(encoding="utf-8"))
        if self._is_sharded:
            super()._load_optimizer_and_scheduler(checkpoint)
        else:
            load_optimizer(self.optimizer, self._names(), read_tensors(folder / OPTIMIZER), values["optimizer"])
            self.lr_scheduler.load_state_dict(values["schedule"])
        if values["scaler"] is not None:
            self.accelerator.scaler.load_state_dict(values["scaler"])
        if self.args.process_index == 0:
            self.scores.load_state(values["scores"])
        self._seconds_before, self._started = values["seconds"], time.monotonic()
        self.load_extra_tensors(read_tensors(folder / EXTRA) if (folder / EXTRA).exists() else {})

    def _load_scaler(self, checkpoint: str | None) -> None:
        """Read with the schedule."""

    def _save_scaler(self, output_dir: str) -> None:
        """Written with the schedule."""

    def _save_rng_state(self, output_dir: str) -> None:
        """Nothing to keep: every item begins with a seed of its own."""

    def _load_rng_state(self, checkpoint: str | None) -> None:
        """Nothing was kept."""

    def _trained(self) -> dict[str, nn.Parameter]:
        return {name: tensor for name, tensor in self.model.named_parameters() if tensor.requires_grad}

    def _names(self) -> dict[int, str]:
        return {id(tensor): name for name, tensor in self._trained().items()}


def _cut(log: Path, step: int) -> None:
    """Take out what a run said that now goes on from before it."""
    if log.exists():
        lines = log.read_text(encoding="utf-8").splitlines(keepends=True)
        log.write_text("".join(line for line in lines if json.loads(line)["step"] <= step), encoding="utf-8")
