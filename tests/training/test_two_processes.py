"""Two processes learn what one would learn that takes the same items a step."""

import itertools
import json
import multiprocessing
import os
import socket
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import distributed

from videoxl.training.checkpoint_folder import last_checkpoint

ROUND_OFF = 1e-5  # gradients are summed in another order
SECONDS = 60
SHARDED_ITEMS = ((3, 4), (4, 5))  # of each rank: text and a video, a video and two of them


BATCH = ("input_ids", "labels", "question_index", "pixel_values_videos")


def be_one_of_two(rank: int, port: int) -> None:
    """What a process of two is told of the other."""
    os.environ |= {
        "RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2",
        "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1",
    }  # fmt: skip


def learn(rank: int, port: int, make_trainer) -> None:
    """One of two processes: everything that knows of others is made anew."""
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state(reset_partial_state=True)
    be_one_of_two(rank, port)
    trainer = make_trainer("two", max_steps=4, gradient_accumulation_steps=2, ddp_backend="gloo", save_steps=2)
    assert trainer.args.world_size == 2
    trainer.run(until_step=2)
    make_trainer("two", max_steps=4, gradient_accumulation_steps=2, ddp_backend="gloo", save_steps=2).run()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def log(folder: Path) -> list[dict]:
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [{name: value for name, value in line.items() if name not in ("seconds", "epoch")} for line in lines]


def learn_sharded(rank: int, port: int, model, make_item, path: Path) -> None:
    """Two items on a model whose weights are spread over two processes; the first one writes the gradients."""
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    be_one_of_two(rank, port)
    distributed.init_process_group("gloo")
    fully_shard(model, mesh=init_device_mesh("cpu", (2,)))
    for number in SHARDED_ITEMS[rank]:
        batch = make_item(number)
        model(**{name: batch[name] for name in BATCH}, every_gradient=True).loss.backward()
    gradients = {name: tensor.grad.full_tensor() for name, tensor in model.named_parameters()}
    if rank == 0:
        save_file(gradients, path)
    distributed.destroy_process_group()


def run_two(work, *arguments) -> None:
    """Fork two processes that find each other, and wait until both are done."""
    context, port = multiprocessing.get_context("fork"), free_port()
    processes = [context.Process(target=work, args=(rank, port, *arguments)) for rank in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(SECONDS)
        process.kill()
    assert [process.exitcode for process in processes] == [0, 0]


pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked, so that libraries load once")


def test_two_processes_learn_what_one_learns(make_trainer, tmp_path):
    """Losses, those of each ratio too, and weights of two processes are those of one with twice the accumulation."""
    make_trainer("one", max_steps=4, gradient_accumulation_steps=4).run()
    run_two(learn, make_trainer)
    for one, two in zip(log(tmp_path / "one"), log(tmp_path / "two"), strict=True):
        assert one.keys() == two.keys()
        assert two == pytest.approx(one, abs=ROUND_OFF)
    ends = [load_file(last_checkpoint(tmp_path / name) / "trained.safetensors") for name in ("one", "two")]
    for name, tensor in ends[0].items():
        torch.testing.assert_close(ends[1][name], tensor, atol=1e-4, rtol=1e-3, msg=name)


@pytest.mark.parametrize("checkpoints", [False, True])
def test_ranks_with_shards_may_watch_different_videos(make_model, make_item, tmp_path, checkpoints):
    """Sharded as one unit, ranks with text, one video or two exchange the mean gradient, and none waits for another."""
    model, reference = make_model(num_layers=2), make_model(num_layers=2)
    if checkpoints:
        model.gradient_checkpointing_enable()
    run_two(learn_sharded, model, make_item, tmp_path / "gradients.safetensors")
    for number in itertools.chain(*SHARDED_ITEMS):
        batch = make_item(number)
        (reference(**{name: batch[name] for name in BATCH}, every_gradient=True).loss / 2).backward()
    found = load_file(tmp_path / "gradients.safetensors")
    for name, tensor in reference.named_parameters():
        torch.testing.assert_close(found[name], tensor.grad, atol=ROUND_OFF, rtol=1e-3, msg=name)
