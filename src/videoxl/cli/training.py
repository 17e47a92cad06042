"""A recipe made ready for `videoxl train`: changed as the command line says, given to the trainer of its kind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from videoxl.cli.loading import quieten
from videoxl.errors import MissingDependencyError, UsageError

if TYPE_CHECKING:
    from videoxl.training.recipe import FinetuneRecipe

NEEDED = ("accelerate", "peft")


class Job(Protocol):
    """Something that can be trained, or counted before."""

    def dry_run(self, out: Path) -> dict[str, Any]:
        """What it needs."""

    def run(self, out: Path, *, until_step: int | None) -> dict[str, Any]:
        """Do it, as far as asked."""


@dataclass(frozen=True, slots=True)
class FinetuneJob:
    """A checkpoint that learns from examples."""

    recipe: "FinetuneRecipe"

    def dry_run(self, out: Path) -> dict[str, Any]:
        from videoxl.training.dry_run import dry_run
        from videoxl.training.starting_model import recipe_config

        return dry_run(self.recipe, recipe_config(self.recipe))

    def run(self, out: Path, *, until_step: int | None) -> dict[str, Any]:
        from videoxl.training.run import run_recipe

        return run_recipe(self.recipe, out, until_step=until_step)


@dataclass(frozen=True, slots=True)
class FilmsJob:
    """A model taught from films that code makes."""

    path: Path
    overrides: tuple[str, ...]

    def dry_run(self, out: Path) -> dict[str, Any]:
        return self._do(out, dry_run=True)

    def run(self, out: Path, *, until_step: int | None) -> dict[str, Any]:
        return self._do(out, until_step=until_step)

    def _do(self, out: Path, *, dry_run: bool = False, until_step: int | None = None) -> dict[str, Any]:
        from videoxl.training.films.run import run_films

        return run_films(self.path, out=out, dry_run=dry_run, until_step=until_step, overrides=self.overrides)


def prepare(path: Path, *, data: Sequence[Path], model: str | None, overrides: Sequence[str]) -> Job:
    """The job of a recipe."""
    _check_installed()
    quieten()
    from videoxl.training.config import read_yaml
    from videoxl.training.recipe import finetune_recipe, recipe_kind

    values = read_yaml(path)
    if recipe_kind(values, where=path.name) == "films":
        if data or model:
            given = "--data" if data else "--model"
            raise UsageError(
                f"{given} is given and {path.name} is of kind films, which makes its data and its model itself. "
                f"Leave {given} out, or take a recipe of kind finetune such as recipes/lora.yaml."
            )
        return FilmsJob(path, tuple(overrides))
    return FinetuneJob(finetune_recipe(_replaced(values, data, model), overrides=overrides, where=path.name))


def _replaced(values: Mapping[str, Any], data: Sequence[Path], model: str | None) -> dict[str, Any]:
    """The recipe's values with --data and --model in place of its own."""
    changed = dict(values)
    if data:
        changed["data"] = [{"path": str(path)} for path in data]
    if model is not None:
        changed |= {"model": model, "base": None}
    return changed


def _check_installed() -> None:
    from importlib.util import find_spec

    for name in NEEDED:
        if find_spec(name) is None:
            raise MissingDependencyError(
                f"training needs {name}, which is not installed. Install it with `pip install 'videoxl[train]'`."
            )
