"""What the 7B recipes need on 1 to 8 devices of 80 GB, by the arithmetic of `videoxl train --dry-run`.

    python -m benchmarks.training_plan

Nothing is trained: bytes follow from the recipes and the config of the 7B model. Steps are not timed here.
"""

import argparse
from pathlib import Path
from typing import Any

from benchmarks.measurement import write
from videoxl.checkpoint.load import read_config
from videoxl.training.cost import DEVICE_BYTES, count_parameters, largest_example, manner_of, recipe_geometry
from videoxl.training.dry_run import memory_plans
from videoxl.training.recipe import read_finetune_recipe

RECIPES = Path(__file__).parents[1] / "recipes"
NAMES = (
    "video_xl_7b/pretrain",
    "video_xl_7b/finetune_image",
    "video_xl_7b/finetune_video",
    "video_xl_7b/finetune",
    "video_xl_7b/finetune_curriculum",
    "lora",
)


def main() -> None:
    """Count, write the result, print it."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    result = {"device_bytes": DEVICE_BYTES, "recipes": {name: plan(name) for name in NAMES}}
    write("training_plan", result)
    for name in NAMES:
        print(f"\n{name}\n{table(result['recipes'][name])}")


def plan(name: str) -> dict[str, Any]:
    """The plans of one recipe with the config of the 7B model."""
    recipe = read_finetune_recipe(RECIPES / f"{name}.yaml")
    config = read_config(RECIPES / "video_xl_7b").config
    counts, shape = count_parameters(config, recipe.parameters), recipe_geometry(recipe, config)
    work = largest_example(recipe, config, shape, counts, manner=manner_of(shape, "zero2")).work
    return {
        "trained": {group: counts.counts[group] for group in counts.trained},
        "frozen": counts.num_frozen,
        "frames": work.num_frames,
        "rows": work.num_rows,
        "longest_interval_tokens": max(stretch.num_tokens for stretch in work.intervals),
        "text_tokens": work.num_text_tokens,
        "devices": memory_plans(recipe, config, shape, counts),
    }


def table(found: dict[str, Any]) -> str:
    """GB a device by number of devices and by what is spread over them; bold where they fit."""
    shardings = list(dict.fromkeys(row["sharding"] for row in found["devices"]))
    lines = [f"| devices | {' | '.join(shardings)} |", f"|{'---|' * (len(shardings) + 1)}"]
    for number in sorted({row["num_devices"] for row in found["devices"]}):
        rows = {row["sharding"]: row for row in found["devices"] if row["num_devices"] == number}
        cells = [f"{rows[name]['total'] / 1e9:.0f}" for name in shardings]
        shown = [f"**{cell}**" if rows[name]["fits"] else cell for cell, name in zip(cells, shardings, strict=True)]
        lines.append(f"| {number} | {' | '.join(shown)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
