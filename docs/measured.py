"""Tables of the pages that quote measurements, made from benchmarks/results; a page without its JSON says so."""

import json
from pathlib import Path
from typing import Any

from measured_ablations import ablation_table
from measured_gpu import gpu_table
from measured_grid import grid_table
from measured_isolated import isolated_table
from measured_library import library_table
from measured_nano import nano_card, nano_table
from measured_recipes import recipes_table
from measured_serve import serve_table
from measured_training import decoder_table, training_table

RESULTS = Path(__file__).parents[1] / "benchmarks" / "results"


def speed_table() -> str:
    """Speed and size against plain oracles, and what watching and opening cost."""
    prefill, decode = _read("prefill"), _read("decode")
    growth, opened = _read("memory_growth"), _read("open_memory")
    more, above = prefill["times_longer"], growth["growth_above_loaded_model"]
    stages = opened["stages"]
    warm = stages["open"]["median"] + stages["first"]["median"]
    rows = [
        (
            "prefill of 64 frames against the released loop, SDPA",
            f"{more['released sdpa / ours']['wall_min']:.1f}x faster",
        ),
        ("the same against its eager form", f"{more['released eager / ours']['wall_min']:.1f}x faster"),
        ("extra memory of that prefill", f"{prefill['times_more_bytes']['released sdpa']:.1f}x less"),
        (
            "a decoded token with 10,000 memory rows, against the same",
            f"{decode['times_longer']['released sdpa / ours']['wall_min']:.1f}x faster",
        ),
        (
            "peak memory of the process from 1,000 to 10,000 frames, rows aside",
            f"+{100 * growth['growth']:.1f} % (of what is above the loaded model: {above:+.0%})",
        ),
        (f"opening a saved hour and the first token ({opened['model']}), process running", f"{warm:.2f} s"),
        ("the same with starting Python and importing torch and transformers", f"{stages['fresh']['median']:.1f} s"),
    ]
    hardware = prefill["hardware"]
    machine = f"{hardware['cores']} cores of {hardware['cpu']}, torch {hardware['torch']}, fp32"
    about = f"{machine}, {prefill['measured']}, `make bench`"
    table = ["| what | measured |", "|---|---|", *(f"| {what} | {value} |" for what, value in rows)]
    return "\n".join([f"{about}.", "", *table])


TABLES = {
    "ablations": lambda: ablation_table(RESULTS),
    "serve": lambda: serve_table(RESULTS),
    "gpu": lambda: gpu_table(RESULTS),
    "isolated": lambda: isolated_table(RESULTS),
    "library": lambda: library_table(RESULTS),
    "nano grid": lambda: grid_table(RESULTS),
    "nano": lambda: nano_table(RESULTS),
    "nano decoder": lambda: decoder_table(RESULTS),
    "nano card": lambda: nano_card(RESULTS),
    "recipes": lambda: recipes_table(RESULTS),
    "speed": speed_table,
    "training": lambda: training_table(RESULTS),
}


def with_numbers(text: str) -> str:
    """The page with what stands between `<!-- numbers: NAME -->` and `<!-- end -->` made anew."""
    for name, table in TABLES.items():
        start = f"<!-- numbers: {name} -->\n"
        if start in text:
            before, rest = text.split(start)
            after = rest.split("<!-- end -->", 1)[1]
            text = f"{before}{start}{table()}\n<!-- end -->{after}"
    return text


def _read(name: str) -> dict[str, Any]:
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
