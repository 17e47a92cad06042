"""How much one file from a stranger may cost: memory, computing, waiting, and what may be in it."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

from videoxl.errors import UsageError

MIB = 2**20
LEAST_MEMORY_BYTES = 512 * MIB  # Python, FFmpeg and their threads take 400 MiB of addresses before the first frame


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodeLimits:
    """What the process that decodes one file may use; the defaults take 8K video and refuse what is beyond it."""

    max_memory_bytes: int = 3 * 1024 * MIB
    """Address space of the process, which is more than the memory it fills."""
    cpu_seconds: int = 3600
    """Seconds of computing, over all threads, for looking at the file and again for each reading of it."""
    probe_seconds: float = 60.0
    """How long looking at the file may take, with starting the process."""
    stall_seconds: float = 120.0
    """How long one frame may be waited for."""
    max_pixels: int = 36_000_000
    """Pixels of a frame, as stored and as shown."""
    max_duration_seconds: float = 24 * 3600.0
    max_num_streams: int = 64

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool) or not (math.isfinite(value) and value > 0):
                raise UsageError(f"got {field.name} {value!r}: expected more than zero.")
        if self.max_memory_bytes < LEAST_MEMORY_BYTES:
            raise UsageError(
                f"got max_memory_bytes {self.max_memory_bytes:,}: expected {LEAST_MEMORY_BYTES:,} or more, "
                "which a decoder needs before its first frame."
            )
