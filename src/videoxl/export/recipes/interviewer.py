"""Puts a recipe's prompts to a model in words that it knows, and counts what went wrong on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from videoxl.errors import UsageError
from videoxl.export.plain_text import counted
from videoxl.export.recipes.prompt import Prompt

if TYPE_CHECKING:
    from videoxl.engine import Answer
    from videoxl.export.recipes.asker import Asker
    from videoxl.memory import CompressedMemory


class Interviewer:
    """Asks in natural wordings until the model shows that it lacks their words, and in plain ones from then on."""

    def __init__(self, asker: Asker, *, model: str = "") -> None:
        self._asker = asker
        self._model = model or "the model"
        self._is_plain = False
        self.num_cut = 0
        """Answers that ended at the token limit and not by themselves."""

    def ask(self, memory: CompressedMemory, prompt: Prompt, **slots: str) -> Answer | None:
        """The answer to a prompt; None where the model has no wording for it.

        Raises:
            UsageError: The model does not know the words of the question, so its answer would be made up.
        """
        answer = self._put(memory, prompt, slots)
        if answer is not None and answer.unknown_words:
            raise self.does_not_know(answer.unknown_words)
        return answer

    def ask_back(self, memory: CompressedMemory, prompt: Prompt, text: str) -> Answer | None:
        """The answer to a prompt about what the model said itself; None where it cannot be asked about that."""
        answer = self._put(memory, prompt, {"text": text})
        return None if answer is None or answer.unknown_words else answer

    def _put(self, memory: CompressedMemory, prompt: Prompt, slots: dict[str, str]) -> Answer | None:
        """The answer to the first wording whose own words are known; those in the slots may be unknown."""
        wording = prompt.wording(is_plain=self._is_plain)
        if wording is None:
            return None
        answer = self._asker.ask(memory, wording.format_map(slots))
        unknown = [word for word in answer.unknown_words if not any(word in text for text in slots.values())]
        if unknown and not self._is_plain:
            self._is_plain = True
            return self._put(memory, prompt, slots)
        if unknown:
            raise UsageError(f"this recipe asks with words that {self._model} does not know ({', '.join(unknown)}).")
        self.num_cut += not answer.finished
        return answer

    def does_not_know(self, words: tuple[str, ...]) -> UsageError:
        """What a person is told whose words the model lacks."""
        listed = ", ".join(repr(word) for word in words)
        return UsageError(f"{self._model} does not know {listed}, so no answer would mean anything; use other words.")

    def notes(self) -> list[str]:
        """Sentences on what was lost while asking."""
        return [f"cut at the token limit: {counted(self.num_cut, 'answer')}"] if self.num_cut else []
