"""What the parts of the method are worth at nano's scale: a table from benchmarks/results/ablations.json."""

import json
import statistics
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SHOWN = ("what", "is_there.yes", "is_there.no", "first", "last", "after", "before", "count", "list", "mean")
AT = "VST 8:1", "VST 16:1", "VST 32:1"


def ablation_table(results: Path) -> str:
    """Means over seeds and, in brackets, the lowest and highest mean of a seed."""
    path = results / "ablations.json"
    if not path.exists():
        return f"Not measured: `results/{path.name}` is not there."
    about = json.loads(path.read_text(encoding="utf-8"))
    found: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in about["rows"]:
        found[row["trained"], row["memory"]].append(row)
    head = ("trained", "memory", *SHOWN, "seeds")
    lines = [head, ["---"] * len(head)]
    lines += [_line(trained, memory, rows) for (trained, memory), rows in found.items() if _is_shown(trained, memory)]
    caption = (
        f"{about['films']} films of {about['frames']} cached frames of the {about['split']} split, "
        f"{about['steps']} steps each, torch {about['torch']}, `{about['command']}`."
    )
    return "\n".join([caption, "", *("| " + " | ".join(line) + " |" for line in lines)])


def _is_shown(trained: str, memory: str) -> bool:
    return trained == "all" or memory in AT


def _line(trained: str, memory: str, rows: Sequence[dict[str, Any]]) -> Sequence[str]:
    means = [f"{statistics.fmean(row[name] for row in rows):.2f}" for name in SHOWN[:-1]]
    each = [row["mean"] for row in rows]
    mean = f"**{statistics.fmean(each):.3f}** ({min(each):.3f} to {max(each):.3f})"
    return [trained, memory, *means, mean, str(len(rows))]
