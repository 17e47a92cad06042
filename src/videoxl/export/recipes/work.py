"""What a recipe is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from videoxl.export.marker import Marker, Remark
from videoxl.export.plain_text import counted
from videoxl.export.recipes.interviewer import Interviewer

if TYPE_CHECKING:
    from videoxl.engine import Evidence
    from videoxl.export.recipes.asker import Asker
    from videoxl.memory import CompressedMemory

ProgressListener = Callable[[int, int], None]
"""Called with steps done and steps in all."""


@dataclass(frozen=True, slots=True)
class Work:
    """A memory to be looked through."""

    asker: Asker
    interviewer: Interviewer
    memory: CompressedMemory
    query: str = ""
    questions: tuple[str, ...] = ()
    progress: ProgressListener | None = None

    def step(self, done: int, total: int) -> None:
        """Say how far the work is."""
        if self.progress is not None:
            self.progress(done, total)

    def marker(self, numbers: Sequence[int], text: str, *, score: float | None = None, label: str = "") -> Marker:
        """A moment that lasts from the first to the last of these intervals."""
        first, last = self.memory.intervals[numbers[0]], self.memory.intervals[numbers[-1]]
        return Marker(first.start_seconds, last.stop_seconds, text, score=score, label=label, source=first.source)

    def moment(self, evidence: Evidence, text: str) -> Marker:
        """A moment that an answer rests on."""
        times = (evidence.start_seconds, evidence.stop_seconds)
        return Marker(*times, text, score=evidence.score, source=evidence.source)


@dataclass(frozen=True, slots=True)
class Found:
    """What a recipe found, and what it could not."""

    markers: Sequence[Marker]
    remarks: Sequence[Remark] = ()
    notes: Sequence[str] = field(default=())


def denied_note(num_denied: int) -> list[str]:
    """For recipes that drop what the model takes back."""
    return [f"dropped: {counted(num_denied, 'find')} that the model denied when asked again"] if num_denied else []
