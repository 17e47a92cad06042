"""How much a download may cost, and what is told while it goes on."""

from __future__ import annotations

import math
from dataclasses import dataclass

from videoxl.errors import UsageError

GIB = 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchLimits:
    """Bytes and seconds for the whole of a download, with looking up names, connecting and every redirect."""

    max_bytes: int = 4 * GIB
    seconds: float = 600.0
    connect_seconds: float = 10.0
    """For each address that is tried."""
    max_redirects: int = 5

    def __post_init__(self) -> None:
        for name in ("max_bytes", "seconds", "connect_seconds"):
            value = getattr(self, name)
            if isinstance(value, bool) or not (math.isfinite(value) and value > 0):
                raise UsageError(f"got {name} {value!r}: expected more than zero.")
        if self.max_redirects < 0:
            raise UsageError(f"got max_redirects {self.max_redirects}: expected 0 or more.")


@dataclass(frozen=True, slots=True)
class FetchProgress:
    """How far a download is; the total is what the other side says, where it says anything."""

    num_bytes: int
    total_bytes: int | None
    seconds: float
