"""Where memories are kept between commands: $VIDEOXL_HOME, by default the cache folder of the platform."""

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from videoxl.cli.console import note
from videoxl.errors import VideoXLError

if TYPE_CHECKING:
    from videoxl.library import Library

_EARLIER_NAME = re.compile(r".*-[0-9a-f]{16}\.vxl")


def home() -> Path:
    """The folder that all we keep lies in; it may not exist yet."""
    given = os.environ.get("VIDEOXL_HOME", "").strip()
    if given:
        return Path(given).expanduser().absolute()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "videoxl"
    if sys.platform == "win32":
        return Path.home() / "AppData" / "Local" / "videoxl"
    return Path.home() / ".cache" / "videoxl"


def memories() -> Path:
    """The folder of memories that have a name of their own, such as the demo's."""
    return home() / "memories"


def library_folder() -> Path:
    """The folder of the library."""
    return home() / "library"


def open_library() -> "Library":
    """The library of this home, with the memories that earlier versions kept beside it."""
    from videoxl.library import Library

    library = Library(library_folder())
    _adopt_earlier(library)
    return library


def _adopt_earlier(library: "Library") -> None:
    """Take in what `videoxl ask` kept before there was a library: NAME-DIGEST.vxl, whole or not."""
    if not memories().is_dir():
        return
    from videoxl.memory.lock import is_locked

    for memory in sorted(memories().iterdir()):
        if _EARLIER_NAME.fullmatch(memory.name) and not is_locked(memory):
            try:
                library.adopt(memory, move=True)
            except VideoXLError as error:
                note(f"{memory} stays where it is: {error}")
