"""What the text of an answer must be: JSON of a schema, a regular expression, or one of some choices.

A constraint decides, token by token, what may come next; of what it allows, the model chooses as it always does. An
answer that is cut at its token limit may be the beginning of what was asked for (`Answer.finished` is False then).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import torch

from videoxl.errors import UsageError

if TYPE_CHECKING:
    from videoxl.engine.speaker import Speaker

MAX_SCHEMA_BYTES = 2**16
MAX_SCHEMA_DEPTH = 64
MAX_REGEX_CHARACTERS = 4096
MAX_CHOICES = 1000
MAX_CHOICE_CHARACTERS = 2**16  # of all together


@dataclass(frozen=True, slots=True)
class JsonSchema:
    """JSON that is valid under a schema; keywords that cannot be kept to are refused, not ignored."""

    schema: Mapping[str, Any] | bool

    def __post_init__(self) -> None:
        if not isinstance(self.schema, Mapping | bool):
            raise UsageError(f"the JSON schema is a {type(self.schema).__name__}, expected an object or true.")
        _check_depth(self.schema)
        num_bytes = len(self.text().encode())
        if num_bytes > MAX_SCHEMA_BYTES:
            raise UsageError(f"the JSON schema has {num_bytes} bytes, expected at most {MAX_SCHEMA_BYTES}; shorten it.")
        if self.schema is False:
            raise UsageError("the JSON schema is false, which nothing satisfies; expected an object or true.")

    def text(self) -> str:
        """The schema as JSON."""
        try:
            return json.dumps({} if self.schema is True else self.schema, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise UsageError(f"the JSON schema is no JSON: {error}.") from None


@dataclass(frozen=True, slots=True)
class Regex:
    r"""Text that matches from its first to its last character. Without look-around and back-references; `\d` and `\w`
    are digits and letters of every script."""

    pattern: str

    def __post_init__(self) -> None:
        if not 0 < len(self.pattern) <= MAX_REGEX_CHARACTERS:
            raise UsageError(
                f"the regular expression has {len(self.pattern)} characters, expected 1 to {MAX_REGEX_CHARACTERS}."
            )


@dataclass(frozen=True, slots=True)
class Choices:
    """One of these texts."""

    texts: Sequence[str]

    def __post_init__(self) -> None:
        if isinstance(self.texts, str) or not all(isinstance(text, str) and text.strip() for text in self.texts):
            raise UsageError(f"the choices are {str(self.texts)[:80]!r}, expected a list of texts that are not empty.")
        num_characters = sum(map(len, self.texts))
        if not 0 < len(self.texts) <= MAX_CHOICES or num_characters > MAX_CHOICE_CHARACTERS:
            raise UsageError(
                f"got {len(self.texts)} choices with {num_characters} characters, expected 1 to {MAX_CHOICES} choices "
                f"with at most {MAX_CHOICE_CHARACTERS} characters in all."
            )


Constraint = JsonSchema | Regex | Choices


class Matcher(Protocol):
    """A constraint on its way through one answer."""

    @property
    def is_complete(self) -> bool:
        """Whether the text is what was asked for, and nothing may follow it."""

    def allowed(self, vocab_size: int) -> torch.Tensor:
        """Boolean (C,): tokens that may come next. Those that end an answer are, where the text is complete."""

    def take(self, token_id: int) -> None:
        """A token was chosen."""

    def text(self, token_ids: Sequence[int]) -> str:
        """What tokens that were taken say, to the letter."""


def matcher_for(constraint: Constraint, speaker: "Speaker") -> Matcher:
    """Begin an answer under a constraint. The first time that a grammar is seen, trying it out takes a moment.

    Raises:
        UsageError: The model cannot spell what is asked for, or it is wrong, or too much.
    """
    if isinstance(constraint, Choices):
        from videoxl.engine.constrained_choices import ChoiceMatcher

        return ChoiceMatcher(constraint.texts, speaker)
    from videoxl.engine.constrained_grammar import GrammarMatcher, json_grammar, regex_grammar

    if isinstance(constraint, JsonSchema):
        return GrammarMatcher(json_grammar(constraint.text()), speaker.spelling, what="JSON schema")
    return GrammarMatcher(regex_grammar(constraint.pattern), speaker.spelling, what="regular expression")


def _check_depth(schema: Any) -> None:
    """Without recursion, for a schema may be deeper than Python's stack."""
    level, depth = [schema], 0
    while level:
        depth += 1
        if depth > MAX_SCHEMA_DEPTH:
            raise UsageError(f"the JSON schema is nested more than {MAX_SCHEMA_DEPTH} deep; make it flatter.")
        parts = [part.values() if isinstance(part, Mapping) else part for part in level]
        level = [each for part in parts if not isinstance(part, str) and isinstance(part, Iterable) for each in part]
