"""Who answers: a `VideoXL`, a server's batch, or anything else that can be asked about a memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from videoxl.engine import Answer
    from videoxl.memory import CompressedMemory


class Asker(Protocol):
    """Answers one question on one memory; recipes also ask of excerpts, which are memories of their own."""

    def ask(self, memory: CompressedMemory, question: str, /) -> Answer:
        """The answer, with the moments it rests on and the words that were not understood."""
