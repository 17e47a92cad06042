"""The table of what the 7B recipes need, made from benchmarks/results/training_plan.json."""

import json
from pathlib import Path
from typing import Any

SHOWN_DEVICES = (1, 2, 4, 8)


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
