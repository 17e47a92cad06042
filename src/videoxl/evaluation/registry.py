"""Every task by its name. A task is imported when it is asked for."""

from collections.abc import Mapping
from dataclasses import Field, fields
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any

from videoxl.errors import UsageError
from videoxl.evaluation.task import Task

TASKS = {
    "videomme": "videoxl.evaluation.tasks.videomme:VideoMME",
    "mlvu-dev": "videoxl.evaluation.tasks.mlvu:MLVUDev",
    "mlvu-test": "videoxl.evaluation.tasks.mlvu:MLVUTest",
    "longvideobench": "videoxl.evaluation.tasks.longvideobench:LongVideoBench",
    "lvbench": "videoxl.evaluation.tasks.lvbench:LVBench",
    "vnbench": "videoxl.evaluation.tasks.vnbench:VNBench",
    "niah": "videoxl.evaluation.tasks.niah:Niah",
    "vniah": "videoxl.evaluation.tasks.vniah:VNiah",
    "synthbench": "videoxl.evaluation.tasks.synthbench:SynthBench",
}
"""Name to where it is: module and class."""

FAMILIES = {"mlvu": "videoxl.evaluation.tasks.mlvu:split_of"}
"""Names that stand for several tasks, and what tells by the folder which of them is meant."""

_TRUE, _FALSE = ("true", "yes", "1"), ("false", "no", "0")


def find_task(name: str, options: Mapping[str, Any] | None = None) -> Task:
    """The task of that name with its options, which may be words as typed: {"subtitles": "true"}.

    Raises:
        UsageError: There is no such task or option, or the value is none for it; says what there is.
    """
    kind = _task_class(name)
    known = {each.name: each for each in fields(kind)}
    given = dict(options or {})
    for option in sorted(set(given) - set(known)):
        offered = ", ".join(known) or "none"
        raise UsageError(f"{name} has no option {option!r}: it has {offered}.")
    return kind(**{option: _value(name, known[option], value) for option, value in given.items()})


def name_for(name: str, folder: Path | None) -> str:
    """The task that a name means with this folder: itself, but for the name of a family."""
    if name not in FAMILIES or folder is None:
        return name
    return _found(FAMILIES[name])(folder)


def options_of(task: Task) -> dict[str, Any]:
    """The task's options, all of them, as a run's header keeps them."""
    return {each.name: getattr(task, each.name) for each in fields(task)}  # type: ignore[arg-type]


def task_classes() -> dict[str, type[Task]]:
    """Every task that there is, imported; for a list."""
    return {name: _task_class(name) for name in TASKS}


def _task_class(name: str) -> Any:
    if name not in TASKS:
        near = [other for other in TASKS if other.startswith(name)] or get_close_matches(name, TASKS, n=1)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"There are {', '.join(TASKS)}."
        raise UsageError(f"there is no task {name!r}. {hint}")
    return _found(TASKS[name])


def _found(place: str) -> Any:
    module, name = place.split(":")
    return getattr(import_module(module), name)


def _value(task: str, option: Field[Any], value: Any) -> Any:
    """What was typed, as the type of the option's default."""
    default: Any = option.default
    try:
        if isinstance(default, bool):
            return _truth(value)
        if isinstance(default, tuple):
            kind = type(default[0]) if default else str
            parts = value.split(",") if isinstance(value, str) else value
            return tuple(kind(part) for part in parts)
        return type(default)(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise UsageError(
            f"{task}'s option {option.name} cannot be {value!r}: expected a value like {default!r}."
        ) from error


def _truth(value: Any) -> bool:
    word = str(value).lower()
    if word not in (*_TRUE, *_FALSE):
        raise ValueError(value)
    return word in _TRUE
