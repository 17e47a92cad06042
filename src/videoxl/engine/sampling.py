"""How the tokens of an answer are chosen: what a person may ask for, and the choosing itself.

C vocabulary.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from videoxl.engine.constrained import Constraint, Matcher
from videoxl.errors import UsageError

DEFAULT_NEW_TOKENS = 256
MAX_STOPS = 16
MAX_STOP_CHARACTERS = 256
SEEDS = range(-(2**63), 2**63)


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """Greedy unless a temperature is given, and then the same for the same seed."""

    max_new_tokens: int = DEFAULT_NEW_TOKENS
    temperature: float = 0.0
    top_p: float = 1.0
    """Only the likeliest tokens that together have this probability may be chosen."""
    seed: int = 0
    stop: Sequence[str] | str = ()
    """The answer ends before the first of these; a string is one of them."""
    constraint: Constraint | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "stop", (self.stop,) if isinstance(self.stop, str) else tuple(self.stop))
        if self.max_new_tokens < 1:
            raise UsageError(f"max_new_tokens is {self.max_new_tokens}, expected 1 or more.")
        if not 0 <= self.temperature < math.inf:
            raise UsageError(f"temperature is {self.temperature}, expected 0 (greedy) or more.")
        if not 0 < self.top_p <= 1:
            raise UsageError(f"top_p is {self.top_p}, expected more than 0 and at most 1 (all tokens).")
        if self.seed not in SEEDS:
            raise UsageError(f"seed is {self.seed}, expected a whole number of at most 64 bits.")
        if len(self.stop) > MAX_STOPS or not all(0 < len(stop) <= MAX_STOP_CHARACTERS for stop in self.stop):
            raise UsageError(
                f"got {len(self.stop)} stop strings, the longest of {max(map(len, self.stop))} characters; expected "
                f"at most {MAX_STOPS}, each of 1 to {MAX_STOP_CHARACTERS} characters."
            )


class Sampler:
    """Chooses the tokens of one answer, whatever other answers are made beside it."""

    def __init__(self, params: SamplingParams, matcher: Matcher | None) -> None:
        self._params, self._matcher = params, matcher
        self._generator = torch.Generator().manual_seed(params.seed)

    @property
    def is_complete(self) -> bool:
        """Whether a constraint allows nothing behind what was chosen."""
        return self._matcher is not None and self._matcher.is_complete

    def choose(self, likeliest: int, logits_C: torch.Tensor) -> int:
        """The next token; `likeliest` is that of the logits, which are looked at only where it does not decide."""
        is_greedy = self._params.temperature == 0
        if self._matcher is None and is_greedy:
            return likeliest
        logits_C = logits_C.float().cpu()
        if self._matcher is not None:
            logits_C = logits_C.masked_fill(~self._matcher.allowed(len(logits_C)), -math.inf)
        token = int(logits_C.argmax()) if is_greedy else self._drawn(logits_C)
        if self._matcher is not None:
            self._matcher.take(token)
        return token

    def _drawn(self, logits_C: torch.Tensor) -> int:
        probability_C = ((logits_C - logits_C.max()) / self._params.temperature).softmax(dim=-1)
        if self._params.top_p < 1:
            ordered_C, tokens_C = probability_C.sort(descending=True, stable=True)
            before_C = ordered_C.cumsum(dim=-1) - ordered_C
            probability_C[tokens_C[before_C >= self._params.top_p]] = 0.0
        return int(torch.multinomial(probability_C, 1, generator=self._generator))
