"""The folder of a run: what decided it, written before it begins and compared when it goes on.

RUN/recipe.json        the resolved recipe, the package's version and git commit, the number of steps
RUN/log.jsonl          a line every logging_steps
RUN/bad_examples.jsonl what was left out, and why
RUN/checkpoint-N/      to go on from
RUN/model/             what `videoxl ask --model` takes, once the run is at its end
RUN/deltas/            where the recipe says so: what learned, for `videoxl models add`
"""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from videoxl import __version__
from videoxl.errors import UsageError
from videoxl.training.recipe import FinetuneRecipe

RECIPE, MODEL, DELTAS = "recipe.json", "model", "deltas"
MAY_DIFFER = ("bad_examples", "licence", "expected_examples", "evaluation_data", "needle", "deltas")
"""Parts of a recipe that decide nothing that is learned."""
TRAINER_MAY_DIFFER = (
    "logging_steps", "logging_strategy", "logging_first_step", "save_steps", "save_strategy", "save_total_limit",
    "report_to", "run_name", "eval_steps", "eval_strategy", "eval_on_start", "disable_tqdm", "log_level",
    "dataloader_num_workers", "dataloader_prefetch_factor", "dataloader_pin_memory", "dataloader_persistent_workers",
)  # fmt: skip


def begin_run(folder: Path, recipe: FinetuneRecipe, *, num_steps: int, world_size: int) -> None:
    """Write what decides the run, or make sure that it is what the folder began with.

    Raises:
        UsageError: The folder holds a run of another recipe; names the first value that differs.
    """
    keep_decision(
        folder,
        recipe.as_dict(),
        decides=_decides(recipe, num_steps=num_steps, batch_size=_batch_size(recipe, world_size)),
    )


def keep_decision(folder: Path, recipe: Mapping[str, Any], *, decides: Mapping[str, Any]) -> None:
    """Write a recipe and what of it decides the run, or refuse where the folder began with something else.

    Raises:
        UsageError: The folder holds a run of another recipe; names the first value that differs.
    """
    decides = json.loads(json.dumps(decides, default=str))
    path = folder / RECIPE
    if path.is_file():
        began = json.loads(path.read_text(encoding="utf-8"))["decides"]
        difference = _first_difference(began, decides)
        if difference is not None:
            name, before, now = difference
            raise UsageError(
                f"{folder} holds a run that began with {name} {before!r}, and this recipe has {now!r}; what was begun "
                "goes on as it began. Give the values of its recipe.json, or another --out."
            )
        return
    folder.mkdir(parents=True, exist_ok=True)
    about = {"videoxl": __version__, "git": git_commit(), "recipe": recipe, "decides": decides}
    path.write_text(json.dumps(about, indent=1, default=str) + "\n", encoding="utf-8")


def git_commit() -> str | None:
    """The commit that the package is run from, with a + where files were changed; None where there is no git."""
    source = Path(__file__).parent
    try:
        commit = _git(source, "rev-parse", "HEAD")
        return commit + ("+" if _git(source, "status", "--porcelain", "--untracked-files=no", "--", ".") else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=10).stdout.strip()


def _batch_size(recipe: FinetuneRecipe, world_size: int) -> int:
    return int(recipe.trainer.get("gradient_accumulation_steps", 1)) * world_size


def _decides(recipe: FinetuneRecipe, *, num_steps: int, batch_size: int) -> dict[str, Any]:
    """Flat names and values of everything that changes what is learned; batches may be spread over other devices."""
    values = {name: value for name, value in recipe.as_dict().items() if name not in MAY_DIFFER}
    trainer = values.pop("trainer")
    different = (*TRAINER_MAY_DIFFER, "gradient_accumulation_steps", "max_steps", "num_train_epochs")
    values["trainer"] = {name: value for name, value in trainer.items() if name not in different}
    values |= {"num_steps": num_steps, "batch_size": batch_size}
    return values


def _first_difference(before: Any, now: Any, name: str = "") -> tuple[str, Any, Any] | None:
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for key in sorted({*before, *now}):
            found = _first_difference(before.get(key), now.get(key), f"{name}.{key}" if name else key)
            if found is not None:
                return found
        return None
    return None if before == now else (name, before, now)
