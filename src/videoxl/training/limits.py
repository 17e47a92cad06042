"""Where a run stops before its end: at a step, after some seconds, or because somebody asked."""

import time
from typing import Any

import torch
from torch import distributed
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from videoxl.training.interruption import Interruption


class LimitCallback(TrainerCallback):
    """Ends a run after a whole step, with a checkpoint."""

    def __init__(self) -> None:
        self.begin(Interruption())

    def begin(self, wish: Interruption, *, until_step: int | None = None, until_seconds: float | None = None) -> None:
        """Set the limits of one call; seconds count from now."""
        self._wish, self._until_step = wish, until_step
        self._stop_at = None if until_seconds is None else time.monotonic() + until_seconds
        self.was_interrupted = False

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **unused: Any
    ) -> TrainerControl:
        self.was_interrupted = _any_rank(self._wish.is_wanted, args)
        is_late = self._stop_at is not None and _any_rank(time.monotonic() >= self._stop_at, args)
        is_there = self._until_step is not None and state.global_step >= self._until_step
        if self.was_interrupted or is_late or is_there:
            control.should_training_stop = control.should_save = True
        return control


def _any_rank(wish: bool, args: TrainingArguments) -> bool:
    """Ranks stop together, for they take steps together."""
    if args.world_size == 1:
        return wish
    flag = torch.tensor(float(wish), device=args.device)
    distributed.all_reduce(flag, op=distributed.ReduceOp.MAX)
    return bool(flag.item())
