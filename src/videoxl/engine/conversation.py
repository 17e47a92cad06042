"""Questions and answers on a memory, each turn reading those before it."""

from collections.abc import Sequence

import torch

from videoxl.engine.answer import Answer
from videoxl.engine.constrained import Constraint
from videoxl.engine.inventory import Inventory
from videoxl.engine.sampling import DEFAULT_NEW_TOKENS, SamplingParams
from videoxl.engine.speaker import Reading, Speaker
from videoxl.engine.text_stream import TextListener
from videoxl.engine.turn import Turn
from videoxl.memory.cache import MemoryCache


class Conversation:
    """One person's turns on one memory. The memory itself is never changed, however much is asked."""

    def __init__(
        self, speaker: Speaker, cache: MemoryCache, background_S: torch.Tensor | None, inventory: Inventory | None
    ) -> None:
        self._speaker, self._cache, self._background_S, self._inventory = speaker, cache, background_S, inventory
        self._turns: list[Turn] = []

    @property
    def turns(self) -> tuple[Turn, ...]:
        """What was asked and answered so far; a batch reads the same tokens again as `history`."""
        return tuple(self._turns)

    def ask(
        self,
        question: str,
        *,
        max_new_tokens: int = DEFAULT_NEW_TOKENS,
        temperature: float = 0.0,
        top_p: float = 1.0,
        seed: int = 0,
        stop: Sequence[str] | str = (),
        constraint: Constraint | None = None,
        on_text: TextListener | None = None,
    ) -> Answer:
        """Answer a question; greedy unless a temperature is given, and then the same for the same seed.

        Args:
            top_p: Only the likeliest tokens that together have this probability may be chosen.
            stop: The answer ends before the first of these strings.
            constraint: What the text of the answer must be: `JsonSchema`, `Regex` or `Choices`.
            on_text: Called with each piece of text as it is made.
        """
        params = SamplingParams(max_new_tokens, temperature, top_p, seed, stop, constraint)
        turn = Turn(
            self._speaker, self._cache.memory, question, prompt_ids=self._prompt_ids(question), params=params,
            background_S=self._background_S, inventory=self._inventory, on_text=on_text,
        )  # fmt: skip
        before = self._cache.num_tail
        try:
            while not turn.is_over:
                reading = self._read(turn)
                shares_S = None if reading.shares_BS is None else reading.shares_BS[0]
                turn.has_read(reading.likeliest[0], reading.logits_BC[0], shares_S)
                if turn.is_anew:
                    self._cache.rewind_tail(before)
            if turn.unread:  # the next question stands behind all that was said
                self._read(turn)
        except BaseException:  # an interrupted turn was never there
            self._cache.rewind_tail(before)
            raise
        self._turns.append(turn)
        return turn.answer

    def _read(self, turn: Turn) -> Reading:
        ids = torch.tensor([turn.unread], device=self._speaker.device)
        return self._speaker.read(ids, self._cache, looks=turn.looks)

    def _prompt_ids(self, question: str) -> list[int]:
        if self._turns:
            return self._speaker.next_question_ids(question)
        return self._speaker.first_question_ids(question, on_video=self._cache.num_rows > 0)
