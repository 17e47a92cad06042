"""Tables of training, made from benchmarks/results.

What the 7B recipes need is in training_plan.json, how nano's decoder learned in nano_decoder.jsonl, the log of its run.
"""

import json
from pathlib import Path
from typing import Any

SHOWN_DEVICES = (1, 2, 4, 8)
STEPS_BETWEEN = 400
RIGHT = ("is_there.yes", "is_there.no", "what", "first", "after", "list", "count", "picture", "no_picture")


def training_table(results: Path) -> str:
    """GB a device by recipe, number of devices and what is spread over them."""
    found = json.loads((results / "training_plan.json").read_text(encoding="utf-8"))
    enough = f"{found['device_bytes'] / 1e9:.0f} GB"
    head = f"GB a device, bold where {enough} are enough; `{found['command']}` writes all of 1 to 8 devices."
    return "\n\n".join([head, *(_recipe(name, plan) for name, plan in found["recipes"].items())])


def _recipe(name: str, plan: dict[str, Any]) -> str:
    trained = sum(plan["trained"].values())
    shardings = list(dict.fromkeys(row["sharding"] for row in plan["devices"]))
    about = (
        f"`{name}.yaml`: {trained / 1e6:,.0f} of {(plan['frozen'] + trained) / 1e6:,.0f} million weights learn; "
        f"{plan['frames']} frames, {plan['rows']:,} rows of memory."
    )
    table = [f"| devices | {' | '.join(shardings)} |", f"|---|{'---|' * len(shardings)}"]
    for number in SHOWN_DEVICES:
        rows = {row["sharding"]: row for row in plan["devices"] if row["num_devices"] == number}
        cells = [_cell(rows[sharding]) for sharding in shardings]
        table.append(f"| {number} | {' | '.join(cells)} |")
    return "\n".join([about, "", *table])


def _cell(row: dict[str, Any]) -> str:
    shown = f"{row['total'] / 1e9:.0f}"
    return f"**{shown}**" if row["fits"] else shown


def decoder_table(results: Path) -> str:
    """Loss and shares of right answers by step, a line of the log in every so many."""
    lines = [json.loads(line) for line in (results / "nano_decoder.jsonl").read_text(encoding="utf-8").splitlines()]
    head = ("step", "minutes", "frames", "loss", *RIGHT)
    rows = [
        (str(line["step"]), f"{line['seconds'] / 60:.0f}", f"{line['frames']:.0f}", f"{line['loss']:.2f}",
         *(f"{100 * line[name]:.0f}" for name in RIGHT))
        for line in lines
        if line["step"] in (lines[0]["step"], *range(STEPS_BETWEEN, lines[-1]["step"] + 1, STEPS_BETWEEN))
    ]  # fmt: skip
    about = f"Means of {lines[0]['step']} steps: frames of a film, loss, and right answers in percent, by kind."
    table = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join([about, "", *table])
