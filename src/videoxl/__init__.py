"""Ask questions about videos that last hours.

    vxl = videoxl.load()
    film = vxl.watch("film.mp4", fps=1, ratio=16)
    print(vxl.ask(film, "What falls off the table?").text)

The names below are imported when they are first used, so `import videoxl` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from videoxl.engine import Answer, VideoXL, load, open
    from videoxl.memory import CompressedMemory

__version__ = "0.1.0"

__all__ = ["Answer", "CompressedMemory", "VideoXL", "__version__", "load", "open"]

_ROOM_OF_NAME = {
    "Answer": "videoxl.engine",
    "CompressedMemory": "videoxl.memory",
    "VideoXL": "videoxl.engine",
    "load": "videoxl.engine",
    "open": "videoxl.engine",
}


def __getattr__(name: str) -> object:
    """Import the room that a public name lives in, and keep the name."""
    if name not in _ROOM_OF_NAME:
        raise AttributeError(f"module 'videoxl' has no attribute {name!r}; it offers {', '.join(__all__)}")
    value: object = getattr(import_module(_ROOM_OF_NAME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
