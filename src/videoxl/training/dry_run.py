"""What a run would do, as one document: what learns, steps, bytes a device, time. Only configs and data are opened."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from videoxl.compression.budget import Geometry
from videoxl.model.configuration_videoxl import VideoXLConfig
from videoxl.training.cost import (
    DEVICE_BYTES,
    SHARDINGS,
    ParameterCounts,
    count_parameters,
    device_bytes,
    is_half,
    largest_example,
    manner_of,
    recipe_geometry,
)
from videoxl.training.data.dataset import open_examples
from videoxl.training.recipe import FinetuneRecipe, SourceConfig
from videoxl.training.throughput import example_operations, measured_operations_per_second
from videoxl.training.workload import mean_workloads

MOST_DEVICES = 8


@dataclass(frozen=True, slots=True)
class RunLength:
    """How many steps a run has, and of how many examples."""

    num_items: int
    num_steps: int
    batch_size: int
    """Examples of a step over all devices."""


def run_length(recipe: FinetuneRecipe, sizes: Sequence[float], *, num_devices: int) -> RunLength:
    """Whole steps: the last one is filled up with the examples that the next epoch would begin with.

    Args:
        sizes: How many examples each source gives to an epoch, its weight counted in.
    """
    batch = int(recipe.trainer.get("gradient_accumulation_steps", 1)) * num_devices
    max_steps = int(recipe.trainer.get("max_steps") or -1)
    if max_steps > 0:
        return RunLength(max_steps * batch, max_steps, batch)
    epochs = float(recipe.trainer.get("num_train_epochs") or 1)
    num_steps = max(1, math.ceil(epochs * math.fsum(sizes) / batch))
    return RunLength(num_steps * batch, num_steps, batch)


def dry_run(recipe: FinetuneRecipe, config: VideoXLConfig, *, num_devices: int | None = None) -> dict[str, Any]:
    """The whole document; `num_devices` is what this machine has where not given."""
    counts, shape = count_parameters(config, recipe.parameters), recipe_geometry(recipe, config)
    here = max(1, torch.cuda.device_count()) if num_devices is None else num_devices
    sizes, notes = _sizes(recipe)
    length = run_length(recipe, sizes, num_devices=here) if sizes else None
    document: dict[str, Any] = {
        "model": recipe.model,
        "parameters": counts.counts,
        "trained": {group: counts.counts[group] for group in counts.trained},
        "num_examples": round(math.fsum(sizes)) if sizes else None,
        "steps": None if length is None else asdict(length),
        "num_devices": here,
        "largest_example": _largest(recipe, config, shape, counts),
        "devices": memory_plans(recipe, config, shape, counts),
        "notes": notes,
    }
    return document | {"time": _time(recipe, config, shape, counts, length, num_devices=here)}


def memory_plans(
    recipe: FinetuneRecipe, config: VideoXLConfig, shape: Geometry, counts: ParameterCounts
) -> list[dict[str, Any]]:
    """Bytes of each device for 1 to 8 of them and every way to spread what learns."""
    plans = []
    for number in range(1, MOST_DEVICES + 1):
        for sharding in SHARDINGS:
            needed = device_bytes(recipe, config, shape=shape, counts=counts, num_devices=number, sharding=sharding)
            fits = needed.total <= DEVICE_BYTES
            about = {"num_devices": number, "sharding": sharding, "fits": fits, "total": needed.total}
            plans.append(about | asdict(needed))
    return plans


def _largest(recipe: FinetuneRecipe, config: VideoXLConfig, shape: Geometry, counts: ParameterCounts) -> dict[str, int]:
    work = largest_example(recipe, config, shape, counts, manner=manner_of(shape, "zero2")).work
    return {
        "num_frames": work.num_frames,
        "num_visual_tokens": work.num_visual_tokens,
        "num_rows": work.num_rows,
        "longest_interval": max((stretch.num_tokens for stretch in work.intervals), default=0),
        "num_text_tokens": work.num_text_tokens,
    }


def _sizes(recipe: FinetuneRecipe) -> tuple[list[float], list[str]]:
    """Examples of an epoch by source; what the recipe expects where a source is not at hand."""
    missing = [source.path for source in recipe.data if not _is_there(source)]
    if recipe.data and not missing:
        opened = [open_examples(source.path, media_folder=source.media_folder) for source in recipe.data]
        return [len(found) * source.weight for found, source in zip(opened, recipe.data, strict=True)], []
    said = f"not here: {', '.join(missing)}" if missing else "the recipe names no data"
    if recipe.expected_examples is None:
        return ([1.0] if int(recipe.trainer.get("max_steps") or -1) > 0 else []), [f"{said}; steps are not counted."]
    return [float(recipe.expected_examples)], [
        f"{said}; counted as the {recipe.expected_examples:,} that are expected."
    ]


def _is_there(source: SourceConfig) -> bool:
    path = Path(source.path)
    return path.exists() or bool(list(path.parent.glob(path.name)) if any(mark in path.name for mark in "*?[") else [])


def _time(
    recipe: FinetuneRecipe,
    config: VideoXLConfig,
    shape: Geometry,
    counts: ParameterCounts,
    length: RunLength | None,
    *,
    num_devices: int,
) -> dict[str, Any]:
    device = "cuda" if torch.cuda.is_available() and not recipe.trainer.get("use_cpu") else "cpu"
    dtype = torch.bfloat16 if device == "cuda" and is_half(recipe) else torch.float32
    operations = sum(
        share * example_operations(config, shape, work, counts) for share, work in mean_workloads(recipe, shape)
    )
    rate = measured_operations_per_second(config, device=device, dtype=dtype)
    seconds = operations / rate
    found: dict[str, Any] = {
        "operations_per_example": operations,
        "measured_operations_per_second": rate,
        "measured_on": f"{num_devices} x {torch.cuda.get_device_name()}" if device == "cuda" else "this CPU",
        "seconds_per_example": seconds,
    }
    if length is not None:
        found["seconds"] = seconds * length.num_items / num_devices
    return found
