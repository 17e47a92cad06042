"""Where a run is in its curriculum, said when a phase begins and in every line of the log."""

import logging
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from videoxl.training.curriculum import Curriculum
from videoxl.training.trainer import VideoXLTrainer

logger = logging.getLogger(__name__)


class PhaseCallback(TrainerCallback):
    """Says when a phase of the curriculum begins, and puts its number into every line of the log."""

    def __init__(self, curriculum: Curriculum) -> None:
        self._curriculum = curriculum
        self._trainer: VideoXLTrainer | None = None
        self._phase: int | None = None

    def attach(self, trainer: VideoXLTrainer) -> None:
        """Get to know the trainer."""
        self._trainer = trainer

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **unused: Any
    ) -> None:
        assert self._trainer is not None, "the trainer attaches its callbacks"
        number = self._curriculum.phase_number(self._trainer.progress)
        self._trainer.scores.add("phase", number)
        if number != self._phase:
            self._phase = number
            logger.info("phase %d of the curriculum begins: %s", number, self._curriculum.phases[number])
