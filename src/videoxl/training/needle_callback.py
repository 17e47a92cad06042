"""Evaluation and needle tests while a run goes on: a function of the model, every so many steps, into the log."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from videoxl.model.modeling_videoxl import VideoXLForConditionalGeneration
from videoxl.training.resumable import ResumableTrainer

Measure = Callable[[VideoXLForConditionalGeneration], Mapping[str, float]]


class NeedleCallback(TrainerCallback):
    """Measures the model every `every_steps` steps and at the end; training goes on as if nothing had happened.

    Every rank measures (with FSDP none can alone), and the first one says what it found.
    """

    def __init__(self, measure: Measure, *, every_steps: int) -> None:
        self._measure, self._every_steps = measure, every_steps
        self._trainer: ResumableTrainer | None = None

    def attach(self, trainer: ResumableTrainer) -> None:
        """Get to know the trainer whose model is measured and whose log says it."""
        self._trainer = trainer

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **unused: Any) -> None:
        assert self._trainer is not None, "the trainer attaches its callbacks"
        if state.global_step % self._every_steps and state.global_step != state.max_steps:
            return
        model = self._trainer.model
        was_training = model.training
        model.eval()
        with torch.no_grad(), self._trainer.accelerator.autocast(), torch.random.fork_rng():
            found = dict(self._measure(model))
        model.train(was_training)
        wanted = control.should_log  # saying something takes back that the step's own line is due
        self._trainer.log(found)
        control.should_log = wanted
