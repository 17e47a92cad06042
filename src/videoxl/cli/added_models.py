"""Models that were added under a name: folders of $VIDEOXL_HOME/models."""

import os
import re
from pathlib import Path

from videoxl.cli.home import home
from videoxl.errors import UsageError

RESERVED = ("nano",)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


def added_models() -> dict[str, Path]:
    """Every added model by its name."""
    folder = home() / "models"
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    return {path.name: path for path in found if _NAME.fullmatch(path.name) and (path / "config.json").is_file()}


def place_for(name: str) -> Path:
    """Where a model of this name goes."""
    if name in RESERVED or not _NAME.fullmatch(name):
        raise UsageError(
            f"NAME is {name!r}, expected letters, digits, - and _, and none of {', '.join(RESERVED)}. Give another."
        )
    return home() / "models" / name


def added_or_given(name: str | None) -> str | None:
    """The folder of an added model of this name; any other name, folder or hub id as it is.

    An added name wins over a folder that happens to be called so; write `./small` for the folder.
    """
    if name is None or not _NAME.fullmatch(name):
        return name
    folder = home() / "models" / name
    return str(folder) if os.path.isfile(folder / "config.json") else name  # which, unlike Path's, never raises
