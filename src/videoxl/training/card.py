"""The model card of a run: what it began with, what it learned from, how its loss fell, and what it cannot know.

Every number comes from the run's own log. What nobody measured is said to be not measured.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

LIMITS = (
    "What it was not trained on it was not trained for: other languages, other kinds of footage, and questions unlike "
    "those of the data.",
    "Ratios and lengths beyond those of the curriculum were not trained.",
    "Its answers can be wrong; look at the evidence before you rely on one.",
)


@dataclass(frozen=True, slots=True)
class DataFacts:
    """One set of examples, as a card names it."""

    path: str
    num_examples: int
    weight: float = 1.0
    licence: str = "not said"


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What a card says beside the log."""

    name: str
    begun_from: str
    recipe: Mapping[str, Any]
    """Fully resolved."""
    data: Sequence[DataFacts]
    num_trained: Mapping[str, int]
    """Numbers that learned, by group."""
    version: str
    commit: str | None = None
    licence: str = "not said"
    num_bad_examples: int = 0
    not_trained_for: Sequence[str] = field(default=())
    """What else this model cannot do."""


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What a run's log says, first and last."""

    steps: int
    seconds: float
    losses: Mapping[str, tuple[float, float]]
    """First and last, by name: `loss`, and `loss.ratio_8` for each ratio."""
    evaluations: Mapping[str, float]
    """The last of each."""


def read_log(path: str | Path) -> RunFacts:
    """The facts in a `log.jsonl`; none where a run was too short to say anything."""
    path = Path(path)
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    lines = [json.loads(line) for line in text.splitlines()]
    trained = [line for line in lines if "learning_rate" in line]
    losses: dict[str, tuple[float, float]] = {}
    for line in trained:
        for name, value in line.items():
            if name == "loss" or name.startswith("loss."):
                losses[name] = (losses.get(name, (value, value))[0], value)
    evaluations = {
        name: value
        for line in lines
        if line not in trained
        for name, value in line.items()
        if name not in ("step", "seconds", "epoch")
    }
    last = lines[-1] if lines else {"step": 0, "seconds": 0.0}
    return RunFacts(int(last["step"]), float(last["seconds"]), losses, evaluations)


def card_text(facts: CardFacts, run: RunFacts) -> str:
    """README.md of a model folder."""
    parts = [
        _front_matter(facts),
        f"# {facts.name}",
        f"Trained by videoxl {facts.version}{f' ({facts.commit})' if facts.commit else ''} from `{facts.begun_from}`: "
        f"{run.steps} steps in {run.seconds / 3600:.1f} hours.",
        "## What learned\n\n" + _table(("part", "numbers"), [(k, f"{v:,}") for k, v in facts.num_trained.items()]),
        "## Data\n\n" + _data(facts),
        "## Loss\n\n" + _losses(run),
        "## Measured while training\n\n" + _evaluations(run),
        "## What it was not trained for\n\n" + "".join(f"- {each}\n" for each in (*facts.not_trained_for, *LIMITS)),
        "## Recipe\n\n```yaml\n" + yaml.safe_dump(_plain(facts.recipe), sort_keys=False) + "```",
    ]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _front_matter(facts: CardFacts) -> str:
    about = {
        "library_name": "videoxl",
        "pipeline_tag": "video-text-to-text",
        "base_model": facts.begun_from,
        "license": "other" if facts.licence == "not said" else facts.licence,
    }
    return "---\n" + yaml.safe_dump(about, sort_keys=False) + "---"


def _data(facts: CardFacts) -> str:
    rows = [(each.path, f"{each.num_examples:,}", f"{each.weight:g}", each.licence) for each in facts.data]
    bad = facts.num_bad_examples
    said = f"{bad:,} bad examples were left out; the run's `bad_examples.jsonl` names them." if bad else ""
    return _table(("examples from", "number", "weight", "licence"), rows) + said


def _losses(run: RunFacts) -> str:
    rows = [(name, f"{first:.4f}", f"{last:.4f}") for name, (first, last) in sorted(run.losses.items())]
    return _table(("loss", "first line of the log", "last"), rows)


def _evaluations(run: RunFacts) -> str:
    if not run.evaluations:
        return "Nothing: how well it answers is not known."
    return _table(("what", "last"), [(name, f"{value:g}") for name, value in sorted(run.evaluations.items())])


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def _plain(value: Any) -> Any:
    """As YAML can hold it."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value if isinstance(value, bool | int | float | str | type(None)) else str(value)
