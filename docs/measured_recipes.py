"""The table of what recipes find, made from benchmarks/results/recipes.json."""

import json
from pathlib import Path
from typing import Any

THINGS = {
    "highlights of pictures": "`--highlights` of each thing shown, and of three that are not",
    "summary of pictures": "`--summary`, films with three pictures",
    "ads of adverts": "`--ads`, films with two advertisements",
    "anomalies of camera": "`--anomalies`, one shot with two things laid over it",
    "summary of empty": "`--summary`, nothing put in",
    "ads of empty": "`--ads`, nothing put in",
    "anomalies of empty camera": "`--anomalies`, one shot with nothing",
}
CUTS = {"chapters of scenes": "`--chapters`", "breaks of scenes": "`--breaks`"}


def recipes_table(results: Path) -> str:
    """Found, named and made up; times at cuts; answers."""
    result = json.loads((results / "recipes.json").read_text(encoding="utf-8"))
    measured = result["recipes"]
    about = (
        f"{result['films']} fresh films of {result['seconds']:.0f} s for each line, {result['split']} footage, "
        f"{result['ratio']}x, {result['measured']}, `{result['command']}`."
    )
    rows = [_thing(about_it, measured[name]) for name, about_it in THINGS.items()]
    head = ["| what | found at its time | by its name | false moments | questions a film |", "|---|---|---|---|---|"]
    cuts = [_cut(name, measured[key]) for key, name in CUTS.items()]
    return "\n".join([about, "", *head, *rows, "", *cuts, _answers(measured["answers of pictures"])])


def _thing(name: str, counts: dict[str, Any]) -> str:
    shown = counts["shown"]
    found = f"{counts['found']} of {shown}" if shown else "-"
    named = f"{counts['named']} of {shown}" if shown and "named" in counts else "-"
    false = f"{counts['false']} of {counts['markers']}"
    return f"| {name} | {found} | {named} | {false} | {counts['asked'] / counts['films']:.0f} |"


def _cut(name: str, counts: dict[str, Any]) -> str:
    titled = f" {counts['in_titles']} of {counts['shown']} pictures are in the title of a chapter that shows them."
    return (
        f"- {name}: {counts['at_cuts']} of {counts['times']} times are within two seconds of a true cut; of as many "
        f"spread evenly {counts['evenly_at_cuts']} are." + (titled if "chapters" in name else "")
    )


def _answers(counts: dict[str, Any]) -> str:
    return (
        f"- `--answers` (is there, when, first, last): {counts['right_moments']} of {counts['moments']} stand at a "
        "right moment, or at none where there is none; "
        f"{counts['right_texts']} of {counts['texts']} texts are right."
    )
