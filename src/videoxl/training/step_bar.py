"""Where a run is, on stderr: steps done, rate, time left. On a terminal a bar; in a file a line every half minute."""

import sys
from typing import Any

from tqdm import tqdm
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

SECONDS_BETWEEN = 0.2, 30.0  # on a terminal, and in a file


def step_bar(name: str, *, total: int, done: int = 0, unit: str = "step") -> tqdm:
    """A bar that stands at `done`; close it, or use it as a context."""
    is_terminal = sys.stderr.isatty()
    return tqdm(
        desc=name,
        total=total,
        initial=done,
        unit=unit,
        mininterval=SECONDS_BETWEEN[0 if is_terminal else 1],
        dynamic_ncols=is_terminal,
        file=sys.stderr,
    )


class StepBarCallback(TrainerCallback):
    """The bar of a Trainer's run, drawn by its first process alone."""

    def __init__(self) -> None:
        self._bar: tqdm | None = None

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **unused: Any
    ) -> None:
        if state.is_world_process_zero:
            self._bar = step_bar("training", total=state.max_steps, done=state.global_step)

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **unused: Any) -> None:
        if self._bar is not None:
            self._bar.update(state.global_step - self._bar.n)

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **unused: Any
    ) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
