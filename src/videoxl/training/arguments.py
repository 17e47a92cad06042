"""transformers' TrainingArguments from the `trainer:` block of a recipe, with our defaults under it."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from transformers import TrainingArguments

from videoxl.errors import UsageError
from videoxl.training.config import check_key

DEFAULTS = {
    "per_device_train_batch_size": 1,  # videos differ in length; gradient_accumulation_steps makes the batch
    "per_device_eval_batch_size": 1,
    "prediction_loss_only": True,
    "logging_steps": 10,
    "save_steps": 500,
    "save_total_limit": 2,
    "report_to": "none",
    "disable_tqdm": True,
    "remove_unused_columns": False,
    "label_names": ["labels"],
    "ddp_find_unused_parameters": True,  # text has no use for the tower, and a last layer's VSTs ask nothing
    "logging_nan_inf_filter": False,  # a loss that is no number stops the run
}
RENAMED = {"gradient_checkpointing": "activation_checkpointing"}  # in later releases of 5; either name is taken


def training_arguments(folder: str | Path, block: Mapping[str, Any], *, seed: int) -> TrainingArguments:
    """What transformers wants to know of a run that lives in `folder`.

    Raises:
        UsageError: An unknown key (the nearest one is named), or a value that transformers does not take.
    """
    known = [entry.name for entry in dataclasses.fields(TrainingArguments)]
    for key in block:
        check_key(key, [*known, *RENAMED.values()], where="trainer")
    values = {"dataloader_pin_memory": torch.cuda.is_available(), **DEFAULTS, **block}
    for old, new in RENAMED.items():
        given, taken = (old, new) if new in known else (new, old)
        if given in values:
            values[taken] = values.pop(given)
    try:
        return TrainingArguments(output_dir=str(folder), seed=seed, **values)
    except (ValueError, TypeError, ImportError) as error:
        raise UsageError(f"trainer: {error} Correct the recipe's trainer block.") from error
