"""The table of what a GPU needs for the 7B model, from benchmarks/results/gpu_prefill_*.json."""

import json
from pathlib import Path

GIB = 2**30


def gpu_table(results: Path) -> str:
    """Watching, asking and the peak against the plan, one row a length."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in results.glob("gpu_prefill_*.json")]
    found.sort(key=lambda measured: measured["frames"])
    hardware = found[0]["hardware"]
    lines = [
        f"One {hardware['gpu']}, torch {hardware['torch']}, {found[0]['dtype']}, {found[0]['measured']}, shapes of the "
        f"7B model with random weights, random pictures, {found[0]['ratio']}x; `python -m benchmarks.gpu_prefill "
        "--frames N`.",
        "",
        "| frames | watching | of it vision | first token of a further question | a token | peak (what the "
        "allocator took) | against `plan` |",
        "|---|---|---|---|---|---|---|",
    ]
    for measured in found:
        peak, first = measured["peak_bytes"], measured["first_token_seconds"]["second_question"]
        cells = (
            f"{measured['frames']:,}",
            f"{measured['watch_seconds']:.1f} s",
            f"{measured['of_which_vision_seconds']:.1f} s",
            f"{1e3 * first:.0f} ms",
            f"{1e3 * measured['seconds_per_token']:.0f} ms",
            f"{peak['measured'] / GIB:.1f} GiB ({peak['reserved'] / GIB:.1f})",
            f"{100 * peak['measured_above_planned']:+.1f} %",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
