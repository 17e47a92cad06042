"""One of some texts, as the tokens that spell each: works with every vocabulary that has the words.

C vocabulary.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from videoxl.errors import UsageError

if TYPE_CHECKING:
    from videoxl.engine.speaker import Speaker


class ChoiceMatcher:
    """Allows what goes on with one of the choices; see `constrained.Matcher`."""

    def __init__(self, texts: Sequence[str], speaker: "Speaker") -> None:
        self._speaker = speaker
        self._texts = {_spelled(text, speaker): text for text in texts}
        self._taken: tuple[int, ...] = ()

    @property
    def is_complete(self) -> bool:
        return self._next_ids() == set(self._speaker.end_token_ids)

    def allowed(self, vocab_size: int) -> torch.Tensor:
        allowed_C = torch.zeros(vocab_size, dtype=torch.bool)
        allowed_C[list(self._next_ids())] = True
        return allowed_C

    def take(self, token_id: int) -> None:
        if token_id not in self._speaker.end_token_ids:
            self._taken += (token_id,)

    def text(self, token_ids: Sequence[int]) -> str:
        return self._texts.get(tuple(token_ids)) or self._speaker.text(token_ids)

    def _next_ids(self) -> set[int]:
        num_taken = len(self._taken)
        left = [ids for ids in self._texts if ids[:num_taken] == self._taken]
        following = {ids[num_taken] for ids in left if len(ids) > num_taken}
        return following | (set(self._speaker.end_token_ids) if self._taken in self._texts else set())


def _spelled(text: str, speaker: "Speaker") -> tuple[int, ...]:
    """The tokens of a choice, which say just that."""
    ids = speaker.answer_ids(text)
    said = speaker.text(ids).strip()
    if said != text:
        raise UsageError(
            f"this model cannot say the choice {text[:80]!r}; of its tokens it would become {said[:80]!r}. Offer "
            "choices that it can spell."
        )
    return tuple(ids)
