"""Tables of the pages that quote measurements, made from benchmarks/results; a page without its JSON says so."""

import json
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parents[1] / "benchmarks" / "results"

NANO_ROWS = (  # group and kind in nano.json, and what they mean
    ("single: what", "one picture: what was inserted"),
    ("single: is_there", "one picture: is there (yes)"),
    ("single: is_there (absent)", "one picture: is there (no)"),
    ("single: when", "one picture: when does it show a NAME"),
    ("single: when_it", "one picture: when does it appear"),
    ("single: when (absent)", "one picture: when, of what is not there (never)"),
    ("single: count", "one picture: how many"),
    ("none: what", "no picture: what (nothing)"),
    ("none: is_there", "no picture: is there (no)"),
    ("several: is_there", "two to four: is there (yes)"),
    ("several: when", "two to four: when does it show a NAME"),
    ("several: first", "two to four: first"),
    ("several: last", "two to four: last"),
    ("several: list", "two to four: list, all of it in order"),
    ("several: count", "two to four: how many"),
)


def nano_table() -> str:
    """Accuracy of the embedded model on its test films."""
    found = _read("nano")
    results, films = found["results"], found["films"]
    rows = ["| film and question | right | first evidence shows it | all of it | n |", "|---|---|---|---|---|"]
    for key, meaning in NANO_ROWS:
        row = results[key]
        evidence = [f"{row[key]:.2f}" if key in row else "-" for key in ("evidence_holds", "evidence_covers")]
        rows.append(f"| {meaning} | {row['right']:.2f} | {' | '.join(evidence)} | {row['n']} |")
    length, rate = f"{films['seconds']:.0f} s", f"{films['fps']:g} frame a second, {films['ratio']}:1"
    about = f"{films['split'].title()} films of {length}, {rate}"
    return "\n".join([f"{about}, greedy; {found['when']}, `{found['command']}`.", "", *rows])


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


TABLES = {"nano": nano_table, "speed": speed_table}


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
