"""The table of what decoding behind a wall costs, from benchmarks/results/isolated_decode.json."""

import json
from pathlib import Path


def isolated_table(results: Path) -> str:
    """Opening and reading, with and without a process of its own."""
    measured = json.loads((results / "isolated_decode.json").read_text(encoding="utf-8"))
    hardware = measured["hardware"]
    lines = [
        f"{hardware['cores']} cores of {hardware['cpu']}, {measured['measured']}, the least of several turns, "
        f"`{measured['command']}`. Seconds of computing, of both processes; the load of the machine was "
        f"{hardware['load_average']}.",
        "",
        "| film, a frame a second | opening | isolated | reading | isolated |",
        "|---|---|---|---|---|",
    ]
    for name, film in measured["films"].items():
        cpu = {form: times["cpu_seconds"]["min"] for form, times in film["forms"].items()}
        cells = (f"{cpu[f'{what} {how}']:.2f} s" for what in ("open", "read") for how in ("direct", "isolated"))
        lines.append(f"| {name}, {film['frames']} frames | {' | '.join(cells)} |")
    return "\n".join(lines)
