"""What is kept of a video: rows, the segments they stand for, and the .vxl folder."""

from videoxl.memory.about import MemoryAbout, MemorySource
from videoxl.memory.memory import CompressedMemory
from videoxl.memory.segment import Segment
from videoxl.memory.summary import MemorySummary

__all__ = ["CompressedMemory", "MemoryAbout", "MemorySource", "MemorySummary", "Segment"]
