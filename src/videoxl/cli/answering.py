"""How an answer looks: its words while they come, then its moments; doubts go to stderr."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from videoxl.cli.console import note
from videoxl.cli.loading import LimitsNote

if TYPE_CHECKING:
    from videoxl.engine import Answer, Conversation, Evidence, VideoXL
    from videoxl.memory import CompressedMemory


class AnswerPrinter:
    """Asks and prints; streams where a person looks on."""

    def __init__(
        self,
        vxl: "VideoXL",
        memory: "CompressedMemory",
        *,
        is_json: bool = False,
        has_several: bool = False,
        says_limits: bool = True,
    ) -> None:
        self._vxl, self._is_json, self._has_several = vxl, is_json, has_several
        self._limits = LimitsNote(vxl, memory) if says_limits else None
        self._sources = [source.name for source in memory.about.sources]
        self._streams = sys.stdout.isatty() and not is_json

    def ask(
        self,
        conversation: "Conversation",
        question: str,
        *,
        remark: Callable[["Answer"], str] | None = None,
        **settings: Any,
    ) -> "Answer":
        """One question on a conversation: question (where there are several), answer, moments, and a remark."""
        if self._limits is not None:
            self._limits.say()
        if self._has_several and not self._is_json:
            print(f"> {question}")
        answer = conversation.ask(question, on_text=_print_piece if self._streams else None, **settings)
        if not self._is_json:
            self._print(answer, remark and remark(answer))
        if answer.unknown_words:
            note(f"{self._vxl.name} does not know {_listed(answer.unknown_words)}; ask in other words.")
        if not answer.finished:
            note(f"the answer was cut at {answer.usage.answer_tokens} tokens; --max-new-tokens allows more.")
        return answer

    def _print(self, answer: "Answer", remark: str | None) -> None:
        print("" if self._streams else answer.text or "(no words)")
        for evidence in answer.evidence:
            print(f"  {self._moment(evidence)}")
        if not answer.evidence:
            print("  (no moment stands out)")
        if remark:
            print(f"  {remark}")
        if self._has_several:
            print()
        sys.stdout.flush()

    def _moment(self, evidence: "Evidence") -> str:
        return f"{evidence} in {self._sources[evidence.source]}" if len(self._sources) > 1 else str(evidence)


def _print_piece(text: str) -> None:
    print(text, end="", flush=True)


def _listed(words: tuple[str, ...]) -> str:
    quoted = [f"'{word}'" for word in words]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"
