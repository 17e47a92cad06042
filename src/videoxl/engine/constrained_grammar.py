"""JSON schemas and regular expressions as grammars over bytes, matched by llguidance.

Whoever asks may be a stranger, and a small grammar can take minutes to prepare: `{"multipleOf": 99999989}` is enough.
So each is tried out first in a process of its own, which is killed where it takes too long (constrained_trial.py).

C vocabulary.
"""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from videoxl.engine import constrained_trial
from videoxl.errors import MissingDependencyError, UsageError

if TYPE_CHECKING:
    from llguidance import LLTokenizer

JSON_OPTIONS = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
"""As `json.dumps` writes it: a model that could put white space anywhere would at times put nothing else."""

MAX_MATCHING_SECONDS = 5.0  # of one answer, on one core
TRIAL_WALL_SECONDS = 30.0  # for a trial that takes `constrained_trial.MAX_CPU_SECONDS`, on a machine that is busy
NUM_TRIALS_KEPT = 256
MAX_REASON_CHARACTERS = 300
LEFT_OUT = "<non-verbose/>"  # llguidance's mark for what it was asked not to tell
NEVER_IN_UTF8 = (*range(0xC0, 0xC2), *range(0xF5, 0x100))


class GrammarMatcher:
    """A grammar on its way through one answer; see `constrained.Matcher`."""

    def __init__(self, grammar: str, spelling: "LLTokenizer", *, what: str) -> None:
        """`what` is what a person calls it."""
        from llguidance import LLMatcher

        why = _try_out(grammar)
        if why is not None:
            raise UsageError(f"the {what} cannot be used: {why}.")
        self._what, self._spelling, self._seconds = what, spelling, 0.0
        self._matcher = LLMatcher(spelling, grammar, log_level=0, limits=constrained_trial.limits())
        self._check()

    @property
    def is_complete(self) -> bool:
        return bool(self._matcher.is_stopped())

    def allowed(self, vocab_size: int) -> torch.Tensor:
        began = time.thread_time()
        bits = np.unpackbits(np.frombuffer(self._matcher.compute_bitmask(), dtype=np.uint8), bitorder="little")
        self._check()
        self._seconds += time.thread_time() - began
        if self._seconds > MAX_MATCHING_SECONDS:
            raise UsageError(f"the {self._what} takes more than {MAX_MATCHING_SECONDS:g} s to follow; simplify it.")
        allowed_C = torch.zeros(vocab_size, dtype=torch.bool)
        known = min(vocab_size, len(bits))
        allowed_C[:known] = torch.from_numpy(bits[:known].astype(bool))
        assert allowed_C.any(), "a grammar that was tried out always goes on, or is complete"
        return allowed_C

    def take(self, token_id: int) -> None:
        self._matcher.consume_token(token_id)
        self._check()

    def text(self, token_ids: Sequence[int]) -> str:
        spelled: bytes = self._spelling.decode_bytes(list(token_ids))
        return spelled.decode(errors="replace")

    def _check(self) -> None:
        if self._matcher.is_error():
            raise UsageError(f"the {self._what} cannot be used: {_sentence(self._matcher.get_error())}.")


def json_grammar(schema: str) -> str:
    """What llguidance calls a grammar, of a schema as JSON."""
    try:
        grammar: str = _llguidance().LLMatcher.grammar_from_json_schema(schema, overrides=JSON_OPTIONS)
    except ValueError as error:
        raise UsageError(f"the JSON schema cannot be used: {_sentence(str(error))}.") from None
    return grammar


def regex_grammar(pattern: str) -> str:
    """What llguidance calls a grammar, of a regular expression."""
    grammar: str = _llguidance().LLMatcher.grammar_from_regex(pattern)
    return grammar


def spelling_of(tokenizer: Any, *, vocab_size: int, end_token_ids: Sequence[int]) -> "LLTokenizer":
    """A tokenizer's vocabulary as bytes.

    Raises:
        UsageError: It lacks a token for some byte, so there are texts that it cannot spell.
    """
    _llguidance()
    from llguidance.hf import from_tokenizer

    try:
        size = max(vocab_size, len(tokenizer))
        spelling: LLTokenizer = from_tokenizer(tokenizer, n_vocab=size, eos_token=list(end_token_ids), slices=[])
    except ValueError:  # its decoder does not join bytes
        raise _no_spelling() from None
    if not all(spelling.tokenize_bytes(bytes([byte])) for byte in range(256) if byte not in NEVER_IN_UTF8):
        raise _no_spelling()
    return spelling


def _no_spelling() -> UsageError:
    return UsageError(
        "this model's vocabulary is made of words, not of bytes, so it cannot spell what a JSON schema or a regular "
        "expression may ask for; offer choices of words that it knows, or load a model with a tokenizer of bytes."
    )


@lru_cache(maxsize=NUM_TRIALS_KEPT)
def _try_out(grammar: str) -> str | None:
    """Why a grammar cannot be used; None where it can."""
    command = [sys.executable, "-I", str(Path(constrained_trial.__file__))]
    too_long = f"it takes more than {constrained_trial.MAX_CPU_SECONDS:g} s to prepare; simplify it"
    try:
        run = subprocess.run(command, input=grammar.encode(), capture_output=True, timeout=TRIAL_WALL_SECONDS)
    except subprocess.TimeoutExpired:
        return too_long
    if run.returncode < 0:  # a signal: its time is up, or its memory
        return too_long
    try:
        why: str | None = json.loads(run.stdout)
    except ValueError:
        return "it takes too much memory to prepare; simplify it"
    return None if why is None else _sentence(why)


def _sentence(error: str) -> str:
    """What llguidance says, as a part of a sentence."""
    words = error.replace(LEFT_OUT, "").split()
    return " ".join(words)[:MAX_REASON_CHARACTERS].rstrip(".")


def _llguidance() -> Any:
    try:
        import llguidance
    except ImportError as error:
        raise MissingDependencyError(
            f"llguidance is needed for JSON schemas and regular expressions, and does not import ({error}); "
            "install it with `pip install 'videoxl[serve]'`."
        ) from None
    return llguidance
