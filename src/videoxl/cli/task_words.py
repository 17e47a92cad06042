"""What is said of a task on the command line: its name where a verb would stand, its own options, several ratios."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from typer.core import TyperGroup

from videoxl.errors import UsageError

if TYPE_CHECKING:
    from videoxl.evaluation.run_settings import RunSettings

RUN = "run"
TASK_OPTIONS = {"allow_extra_args": True, "ignore_unknown_options": True}
"""An option that is none of ours is the task's: `--frames 64,256` is `--option frames=64,256`."""


class TaskGroup(TyperGroup):
    """A group whose verb `run` need not be said: a word that is no verb is a task."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """See `TyperGroup.resolve_command`."""
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            args = [RUN, *args]
        return super().resolve_command(ctx, args)


def runs_by_ratio(settings: "RunSettings", ratios: str | None, out: Path) -> "list[tuple[RunSettings, Path]]":
    """One run, or one for each ratio of a list."""
    if ratios is None:
        return [(settings, out)]
    if settings.ratio is not None:
        raise UsageError(f"got --ratio {settings.ratio} and --ratios {ratios} together: choose one.")
    words = list(dict.fromkeys(word.strip() for word in ratios.split(",")))
    if not all(word.isdecimal() and int(word) for word in words):
        raise UsageError(f"--ratios is {ratios!r}, expected whole numbers from 1 on with commas between, as 1,2,4.")
    return [(replace(settings, ratio=int(word)), out / f"ratio-{int(word)}") for word in words]


def task_options(named: Sequence[str], others: Sequence[str]) -> dict[str, str]:
    """What was said to the task: NAME=VALUE, and --NAME VALUE that no option of ours is."""
    options = {}
    for text in named:
        name, sign, value = text.partition("=")
        if not (sign and name):
            raise UsageError(f"--option is {text!r}, expected NAME=VALUE.")
        options[name] = value
    words = list(others)
    while words:
        word = words.pop(0)
        name, sign, value = word.removeprefix("--").partition("=")
        if not word.startswith("--") or not name:
            raise UsageError(f"{word!r} is one word too many: one task at a time, and options begin with --.")
        if not sign:
            value = "true" if not words or words[0].startswith("--") else words.pop(0)
        options[name.replace("-", "_")] = value
    return options
