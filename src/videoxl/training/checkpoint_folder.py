"""Checkpoints of a run as folders that are whole or not there: no pickle, only safetensors and JSON.

    RUN/checkpoint-500/
      trained.safetensors      what learns, under its name in the model
      optimizer.safetensors    the optimizer's tensors, as "exp_avg/NAME"
      extra.safetensors        what a kind of training keeps beside them, if anything
      run.json                 what is left: schedule, groups, scores since the last line of the log
      trainer_state.json       what transformers keeps
      WHOLE                    written last

A folder is written beside its place and then renamed. Where ranks write shards of their own (FSDP, DeepSpeed) that is
not possible: there only the mark WHOLE says that all of them have finished.
"""

import errno
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from videoxl.errors import CapacityError, CheckpointError

WHOLE = "WHOLE"
PART, OLD = ".part", ".old"
_NAME = re.compile(r"checkpoint-(\d+)$")
_DISK_IS_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
_FULL_TO_RUST = re.compile(r"StorageFull|os error 28|os error 122|No space left")


def checkpoints(run: Path) -> dict[int, Path]:
    """The whole checkpoints of a run by their step, ascending."""
    found = {int(match[1]): path for path in run.glob("checkpoint-*") if (match := _NAME.search(path.name))}
    return {step: found[step] for step in sorted(found) if (found[step] / WHOLE).exists()}


def last_checkpoint(run: Path) -> Path | None:
    """The last whole checkpoint of a run; None where it has none."""
    return next(reversed(checkpoints(run).values()), None)


def remove_unfinished(run: Path) -> list[Path]:
    """Remove what an interruption left half-written; returns what it was."""
    whole = set(checkpoints(run).values())
    unfinished = [path for path in run.glob("checkpoint-*") if path.is_dir() and path not in whole]
    for path in unfinished:
        shutil.rmtree(path)
    return unfinished


def step_of(checkpoint: Path) -> int:
    """The step at which a checkpoint was written."""
    match = _NAME.search(checkpoint.name)
    assert match, f"{checkpoint.name} is no checkpoint"
    return int(match[1])


def remove_old(run: Path, *, keep: int | None) -> None:
    """Keep the last `keep` whole checkpoints; None keeps all."""
    for path in list(checkpoints(run).values())[:-keep] if keep else []:
        shutil.rmtree(path)


@contextmanager
def written_whole(place: Path, *, mark: bool = True) -> Iterator[Path]:
    """A folder to write into, which is `place` afterwards; after an error it is as it was.

    Raises:
        CapacityError: The disk is full.
    """
    part = place.with_name(place.name + PART)
    shutil.rmtree(part, ignore_errors=True)
    with full_disk_said(place, remove=part):
        part.mkdir(parents=True)
        yield part
        if mark:
            (part / WHOLE).touch()
        old = place.with_name(place.name + OLD)
        shutil.rmtree(old, ignore_errors=True)
        if place.exists():
            os.replace(place, old)
        os.replace(part, place)
        shutil.rmtree(old, ignore_errors=True)


@contextmanager
def full_disk_said(place: Path, *, remove: Path) -> Iterator[None]:
    """Take away what is half-written after any error, and say a full disk in a sentence."""
    try:
        yield
    except BaseException as error:
        if remove.is_dir():
            shutil.rmtree(remove, ignore_errors=True)
        else:
            remove.unlink(missing_ok=True)
        if _is_full_disk(error):
            raise CapacityError(
                f"the disk is full: {place.name} could not be written and was removed; older checkpoints are "
                "whole. Free some space, or keep fewer (trainer: save_total_limit), and run the same command again."
            ) from error
        raise


def write_tensors(path: Path, tensors: Mapping[str, torch.Tensor]) -> None:
    """Tensors of any device, in one file."""
    save_file({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, path)


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """Tensors of a checkpoint.

    Raises:
        CheckpointError: The file is missing or damaged.
    """
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(
            f"{path} cannot be read ({error}). Remove its folder: the run then goes on from the checkpoint before it."
        ) from error


def _is_full_disk(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno in _DISK_IS_FULL
    return isinstance(error, SafetensorError) and bool(_FULL_TO_RUST.search(str(error)))
