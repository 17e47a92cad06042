"""A run small enough for a second: a tiny model, items of random frames and tokens, a curriculum of three ratios."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from videoxl.compression.interval import Interval

VIDEO = 96
NUM_ITEMS = 24


@dataclass(frozen=True, slots=True)
class Draw:
    """A plan of one ratio."""

    ratio: int
    dynamic: bool = False

    def plan(self, num_frames: int, embeddings_FD=None, *, video: int = 0) -> list[Interval]:
        return [Interval(start, min(start + 4, num_frames), self.ratio) for start in range(0, num_frames, 4)]


class Plans:
    """Draws one of three ratios an example."""

    def draw(self, progress: float, generator: np.random.Generator) -> Draw:
        return Draw(int(generator.choice([2, 4, 8])))


def item(number: int) -> dict:
    """Item `number` of every run here: text alone, or one or two short videos, with some labels."""
    generator = torch.Generator().manual_seed(number)
    num_videos = number % 3
    pieces = [torch.randint(2, 90, (1, 3), generator=generator)]
    pixels = []
    for _ in range(num_videos):
        pieces += [torch.tensor([[VIDEO]]), torch.randint(2, 90, (1, 2), generator=generator)]
        pixels.append(torch.randn(3 + number % 5, 3, 32, 32, generator=generator))
    ids = torch.cat([*pieces, torch.randint(2, 90, (1, 3 + number % 4), generator=generator)], 1)
    labels = torch.full_like(ids, -100)
    labels[:, -2 - number % 2 :] = ids[:, -2 - number % 2 :]
    return {
        "input_ids": ids, "labels": labels, "question_index": torch.zeros_like(ids), "pixel_values_videos": pixels,
        "intervals": None, "example_ids": [f"example-{number}"], "indices": [number], "faults": [], "notes": [],
    }  # fmt: skip


def one(items: list[dict]) -> dict:
    """A batch of one item."""
    return items[0]


@pytest.fixture
def make_item() -> Callable[[int], dict]:
    """Item `number` of every run here."""
    return item


@pytest.fixture
def make_trainer(make_model, tmp_path) -> Callable:
    """Builds the same trainer every time: `make_trainer("folder", items=..., **TrainingArguments)`."""
    from videoxl.training.arguments import training_arguments
    from videoxl.training.trainer import VideoXLTrainer

    def build(name: str = "run", *, items=None, model=None, options=None, **block):
        items = [item(number) for number in range(NUM_ITEMS)] if items is None else items
        block = {"logging_steps": 1, "learning_rate": 3e-3, "max_grad_norm": 0.5, "use_cpu": True, **block}
        return VideoXLTrainer(
            make_model(num_layers=2) if model is None else model,
            arguments=training_arguments(tmp_path / name, block, seed=3),
            dataset=items,
            collate=one,
            plans=Plans(),
            **(options or {}),
        )

    return build
