"""A run goes on as if it had never been stopped, says what it does, and stops where it cannot go on."""

import errno
import json
import math
import os
import signal
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import TrainerCallback

from videoxl.errors import CapacityError, CheckpointError, TrainingError, UsageError
from videoxl.training import checkpoint_folder
from videoxl.training.checkpoint_folder import checkpoints, last_checkpoint
from videoxl.training.interruption import TrainingInterrupted
from videoxl.training.parameters import GroupConfig, LoraConfig, ParameterConfig

ROUND_OFF = 2e-5
NUM_ITEMS = 24  # of a run (conftest)
MOMENT = ("seconds",)  # of a line of the log, what depends on the machine


class At(TrainerCallback):
    """Does something at the end of a step."""

    def __init__(self, step: int, work) -> None:
        self.step, self.work = step, work

    def on_step_end(self, args, state, control, **unused) -> None:
        if state.global_step == self.step:
            self.work()


class Killed(BaseException):
    """What no program sees coming."""


def killed() -> None:
    raise Killed


def log(folder: Path) -> list[dict]:
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [{name: value for name, value in line.items() if name not in MOMENT} for line in lines]


@pytest.mark.parametrize("died_at", [5, 7])
def test_a_killed_run_has_the_losses_of_one_that_was_not(make_trainer, tmp_path, died_at):
    """Killed at any step and resumed by another process, a run logs the same lines and ends with the same weights."""
    block = {"save_steps": 3, "logging_steps": 2, "gradient_accumulation_steps": 2, "lr_scheduler_type": "cosine"}
    assert make_trainer("whole", **block).run() == NUM_ITEMS // 2
    doomed = make_trainer("killed", **block, options={"callbacks": [At(died_at, killed)]})
    with pytest.raises(Killed):
        doomed.run()
    assert list(checkpoints(tmp_path / "killed")) == [3, 6][: died_at // 3]
    assert make_trainer("killed", **block).run() == NUM_ITEMS // 2
    assert log(tmp_path / "killed") == log(tmp_path / "whole")
    ends = [load_file(last_checkpoint(tmp_path / name) / "trained.safetensors") for name in ("whole", "killed")]
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])


def test_dropout_is_drawn_again_as_it_was(make_trainer, tmp_path):
    """With adapters that drop at random, a resumed run still has the losses of an uninterrupted one."""
    options = {"parameters": ParameterConfig(lora=LoraConfig(rank=2, dropout=0.3))}
    make_trainer("whole", max_steps=4, options=options).run()
    make_trainer("stopped", max_steps=4, options=options).run(until_step=2)
    make_trainer("stopped", max_steps=4, options=options).run()
    assert log(tmp_path / "stopped") == log(tmp_path / "whole")


def test_gradient_accumulation_is_one_mean_over_all_labels(make_trainer, make_item, make_model, tmp_path):
    """Items of a step weigh by their labels: the loss of a step is that of all its labels, however they are dealt."""
    model = make_model(num_layers=2)
    make_trainer("sums", model=model, gradient_accumulation_steps=6, max_steps=1).run()
    trainer = make_trainer("by hand", model=make_model(num_layers=2))
    total, count = 0.0, 0
    for number in range(6):
        batch = make_item(number)
        labels = int((batch["labels"][:, 1:] != -100).sum())
        total += labels * trainer.compute_loss(trainer.model, batch).item()
        count += labels
    assert log(tmp_path / "sums")[0]["loss"] == pytest.approx(total / count, abs=ROUND_OFF)


def test_the_log_has_the_loss_of_each_ratio(make_trainer, tmp_path):
    """Every line says the loss by the ratio that examples were condensed with, and of text apart."""
    make_trainer("run", logging_steps=NUM_ITEMS).run()
    (line,) = log(tmp_path / "run")
    found = {name for name in line if name.startswith("loss.")}
    assert found == {"loss.ratio_2", "loss.ratio_4", "loss.ratio_8", "loss.ratio_none"}
    assert min(line[name] for name in found) < line["loss"] < max(line[name] for name in found)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_run_with_a_whole_checkpoint(make_trainer, tmp_path, number):
    """Ctrl-C and SIGTERM let the step end, write a checkpoint, and say that the same command goes on."""
    before = signal.getsignal(number)
    trainer = make_trainer("run", options={"callbacks": [At(4, lambda: os.kill(os.getpid(), number))]})
    with pytest.raises(TrainingInterrupted, match="Run the same command again") as stopped:
        trainer.run()
    assert signal.getsignal(number) is before
    assert stopped.value.checkpoint == last_checkpoint(tmp_path / "run")
    assert stopped.value.step <= 5
    assert make_trainer("run").run() == NUM_ITEMS


def test_a_loss_that_is_no_number_stops_the_run(make_trainer, make_item, tmp_path):
    """NaN stops a run with its step and example named; the last checkpoint is whole and full of numbers."""
    items = [make_item(number) for number in range(NUM_ITEMS)]
    items[7]["pixel_values_videos"][0][0] = math.nan
    with pytest.raises(TrainingError, match=r"step 8 is nan, of example example-7.*checkpoint-6 is whole"):
        make_trainer("run", items=items, save_steps=6).run()
    saved = load_file(last_checkpoint(tmp_path / "run") / "trained.safetensors")
    assert all(torch.isfinite(tensor).all() for tensor in saved.values())


def test_a_gradient_that_is_no_number_stops_the_run(make_trainer, make_model):
    """Where only the gradient overflows, the run stops before the optimizer takes it."""
    model = make_model(num_layers=2)
    model.decoder.norm.weight.register_hook(lambda gradient: gradient * math.inf)
    before = model.decoder.norm.weight.detach().clone()
    with pytest.raises(TrainingError, match="gradient of step 1"):
        make_trainer("run", model=model).run()
    assert torch.equal(model.decoder.norm.weight, before)


def test_a_full_disk_leaves_older_checkpoints_whole(make_trainer, tmp_path, monkeypatch):
    """A disk that is full at a checkpoint is said in a sentence; of that checkpoint nothing stays, older ones do."""
    trainer = make_trainer("run", save_steps=2)
    trainer.run(until_step=2)
    written = checkpoint_folder.save_file

    def full(tensors, path):
        if "optimizer" in path.name:
            path.write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")
        written(tensors, path)

    monkeypatch.setattr(checkpoint_folder, "save_file", full)
    with pytest.raises(CapacityError, match=r"disk is full: checkpoint-4 .* older checkpoints are whole"):
        make_trainer("run", save_steps=2).run()
    assert [path.name for path in (tmp_path / "run").glob("checkpoint*")] == ["checkpoint-2"]


def test_a_half_written_checkpoint_is_not_gone_on_from(make_trainer, tmp_path):
    """What a kill left without its last mark is removed, and the run goes on from the checkpoint before it."""
    make_trainer("run", save_steps=2).run(until_step=4)
    folders = checkpoints(tmp_path / "run")
    (folders[4] / "WHOLE").unlink()
    (folders[4] / "trained.safetensors").write_bytes(b"half")
    (tmp_path / "run" / "checkpoint-5.part").mkdir()
    assert make_trainer("run", save_steps=2).run(until_step=6) == 6
    assert list(checkpoints(tmp_path / "run")) == [4, 6]
    assert [line["step"] for line in log(tmp_path / "run")] == [1, 2, 3, 4, 5, 6]


def test_a_checkpoint_of_another_recipe_is_refused(make_trainer):
    """A run goes on only with the parts that it began to train, and says which tensor differs."""
    make_trainer("run").run(until_step=1)
    other = {"parameters": ParameterConfig(vision_tower=GroupConfig(trained=False))}
    with pytest.raises(CheckpointError, match=r"differ, such as model\.vision_tower"):
        make_trainer("run", options=other).run()


def test_only_the_last_checkpoints_are_kept(make_trainer, tmp_path):
    """A run keeps as many checkpoints as it was told, the last ones, and no pickle among their files."""
    make_trainer("run", save_steps=2, save_total_limit=2).run(until_step=8)
    assert list(checkpoints(tmp_path / "run")) == [6, 8]
    names = {path.name for path in (tmp_path / "run").rglob("*") if path.is_file()}
    assert {Path(name).suffix for name in names} <= {".safetensors", ".json", ".jsonl", ""}


def test_what_is_not_trained_stays_and_is_not_kept(make_trainer, make_model, tmp_path):
    """Frozen groups end as they began and are in no checkpoint; the config gains no key of the trainer's."""
    model = make_model(num_layers=2)
    config = model.config.to_dict()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    frozen = GroupConfig(trained=False)
    parameters = ParameterConfig(vision_tower=frozen, decoder=frozen, head=frozen)
    make_trainer("run", model=model, max_steps=4, options={"parameters": parameters}).run()
    saved = load_file(last_checkpoint(tmp_path / "run") / "trained.safetensors")
    changed = {name for name, tensor in model.state_dict().items() if not torch.equal(tensor, before[name])}
    assert changed
    assert changed <= saved.keys()
    assert all("vst_" in name or "projector" in name for name in saved)
    assert model.config.to_dict() == config


def test_activation_checkpointing_is_an_option_of_the_trainer(make_trainer, tmp_path):
    """gradient_checkpointing in the trainer's block changes memory, and not one loss."""
    plain = make_trainer("plain", max_steps=3)
    plain.run()
    saving = make_trainer("saving", max_steps=3, gradient_checkpointing=True)
    saving.run()
    assert saving.model.gradient_checkpointing
    assert not plain.model.gradient_checkpointing
    for one, other in zip(log(tmp_path / "plain"), log(tmp_path / "saving"), strict=True):
        assert one["loss"] == pytest.approx(other["loss"], abs=ROUND_OFF)


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ({"learning_rat": 1.0}, "did you mean 'learning_rate'"),
        ({"per_device_train_batch_size": 2}, "per_device_train_batch_size is 2, expected 1"),
        ({"max_steps": NUM_ITEMS + 1}, "max_steps is 25 of 1 items each, and the run has 24 items"),
        ({"gradient_accumulation_steps": 30}, "enough for 0 steps"),
        ({"lr_scheduler_type": "wavy"}, "trainer: .*wavy"),
    ],
)
def test_options_that_cannot_be_carried_out_are_refused(make_trainer, block, words):
    """A run that cannot be is refused before it begins, with the values that do not fit."""
    with pytest.raises(UsageError, match=words):
        make_trainer("run", **block)


def test_bad_examples_reach_the_ledger(make_trainer, make_item):
    """What an item stands in for is noted once, when the item is learned."""

    class Ledger:
        noted: list = []  # noqa: RUF012

        def note(self, faults, *, num_items=1):
            self.noted += faults

    items = [make_item(number) for number in range(3)]
    items[1]["faults"] = ["a film that is not there"]
    make_trainer("run", items=items, options={"ledger": Ledger()}).run()
    assert Ledger.noted == ["a film that is not there"]


def test_evaluation_examples_are_measured(make_trainer, make_item, tmp_path):
    """With evaluation examples and a schedule for them, the log says their loss, and training is not changed by it."""
    make_trainer("plain", max_steps=4).run()
    evaluation = {"evaluation_dataset": [make_item(number) for number in range(30, 33)]}
    make_trainer("run", max_steps=4, eval_strategy="steps", eval_steps=2, options=evaluation).run()
    lines = log(tmp_path / "run")
    assert [line["step"] for line in lines if "eval_loss" in line] == [2, 4]
    assert [line for line in lines if "eval_loss" not in line] == log(tmp_path / "plain")
