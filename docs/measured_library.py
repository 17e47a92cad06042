"""The table of what a search over a library finds, from benchmarks/results/library_search.json."""

import json
from pathlib import Path


def library_table(results: Path) -> str:
    """How often the interval that shows a picture is found, by the form of the words; and what brute force takes."""
    measured = json.loads((results / "library_search.json").read_text(encoding="utf-8"))
    hardware, absent, force = measured["hardware"], measured["absent"], measured["brute_force"]
    about = (
        f"{measured['model']}, {measured['films']} test films of 128 s with {measured['pictures']} pictures each "
        f"({measured['intervals']} intervals in one library); {measured['measured']}, {hardware['cores']} cores, "
        f"`{measured['command']}`."
    )
    rows = [
        f"| {form.format('X')} | {said['first']:.0%} | {said['five']:.0%} | {said['in_film']:.0%} | {said['asked']} |"
        for form, said in measured["found"].items()
    ]
    return "\n".join(
        [
            about,
            "",
            "| searched for | first hit shows it | one of five does | first hit within the film | n |",
            "|---|---|---|---|---|",
            *rows,
            "",
            f"Of {absent['asked']} names that no film shows, {absent['found']:.0%} are found somewhere all the same: a "
            "hit is a place to look at, not a yes.",
            f"Searching {force['hours']} hours ({force['intervals']:,} intervals) by brute force takes "
            f"{force['min_cpu_seconds']:.2f} s of one core.",
        ]
    )
