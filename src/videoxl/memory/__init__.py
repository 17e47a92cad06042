"""What is kept of a video: rows, the segments they stand for, and the .vxl folder.

What needs torch is imported when it is first asked for, so that `inspect` stays quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from videoxl.memory.about import MemoryAbout, MemorySource, check_model
from videoxl.memory.inspection import Inspection, inspect
from videoxl.memory.segment import Segment
from videoxl.memory.summary import MemorySummary

if TYPE_CHECKING:
    from videoxl.memory.memory import CompressedMemory
    from videoxl.memory.store import open_memory, save
    from videoxl.memory.writer import MemoryWriter

__all__ = [
    "CompressedMemory",
    "Inspection",
    "MemoryAbout",
    "MemorySource",
    "MemorySummary",
    "MemoryWriter",
    "Segment",
    "check_model",
    "inspect",
    "open_memory",
    "save",
]

_LAZY = {"CompressedMemory": "memory", "MemoryWriter": "writer", "open_memory": "store", "save": "store"}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
