"""What the server does under load, from benchmarks/results/serve_load.json."""

import json
from pathlib import Path


def serve_table(results: Path) -> str:
    """First tokens of one client and of many, memory, and answers while an hour is being watched."""
    measured = json.loads((results / "serve_load.json").read_text(encoding="utf-8"))
    alone, together, watching = (measured[part] for part in ("alone", "together", "watching"))
    hardware, clients = measured["hardware"], measured["clients"]
    rows = [
        ("one client on a watched hour, first token", "-", f"{alone['first_p50']:.3f} s"),
        (f"{clients} clients on it, first token, median / 95 %", "-",
         f"{together['first_p50']:.3f} / {together['first_p95']:.3f} s"),
        ("their 95 % against one client's median", "5x", f"{measured['together_p95_over_alone']:.1f}x"),
        ("their questions, and how many of them failed", "0 failed",
         f"{together['questions']:,}, {together['num_errors']}"),
        ("growth of memory meanwhile", "5 %", f"{100 * measured['resident_growth']:.1f} %"),
        ("one client while another hour is being watched, first token against before", "3x",
         f"{measured['watching_p50_over_alone']:.1f}x ({watching['first_p50']:.3f} s)"),
        ("frames watched a second meanwhile", "-", f"{measured['watching_frames_per_second']:.0f}"),
        ("from the command to the page / to the model", "5 s",
         f"{measured['page_seconds']:.1f} / {measured['ready_seconds']:.1f} s"),
    ]  # fmt: skip
    lines = [
        f"{measured['model']} on {hardware['cores']} cores of {hardware['cpu']}, {measured['measured']}, "
        f"`{measured['command']}`.",
        "",
        "| what | must | measured |",
        "|---|---|---|",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]
    return "\n".join(lines)
