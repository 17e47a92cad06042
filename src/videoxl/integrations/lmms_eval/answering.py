"""How an answer is to be made, as a task's generation_kwargs or `--gen_kwargs` say it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from videoxl.engine.conversation import DEFAULT_NEW_TOKENS
from videoxl.errors import UsageError

SAMPLED_TEMPERATURE = 1.0  # what do_sample means to transformers where no temperature is given
CHANGES_NOTHING: Mapping[str, tuple[Any, ...]] = {"top_p": (1,), "num_beams": (1,), "use_cache": (True,)}
"""Values, beside None, that ask for what is done anyway."""


@dataclass(frozen=True, slots=True)
class Answering:
    """Greedy unless a temperature is above 0; cut before the first of the words in `until`."""

    max_new_tokens: int = DEFAULT_NEW_TOKENS
    temperature: float = 0.0
    until: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    """What was asked for and is not done, as "top_k=5"."""

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Self:
        """Options as tasks give them.

        Raises:
            UsageError: A value is of a wrong type or makes no sense.
        """
        asked = dict(given)
        max_new_tokens = _number(asked, "max_new_tokens", DEFAULT_NEW_TOKENS)
        if max_new_tokens != int(max_new_tokens) or max_new_tokens < 1:
            raise UsageError(f"max_new_tokens is {max_new_tokens:g}, expected a whole number, 1 or more.")
        is_sampled = asked.pop("do_sample", None)
        temperature = _number(asked, "temperature", SAMPLED_TEMPERATURE if is_sampled else 0.0)
        if temperature < 0:
            raise UsageError(f"temperature is {temperature:g}, expected 0 (greedy) or more.")
        until = _until(asked.pop("until", None))
        ignored = tuple(f"{name}={value}" for name, value in asked.items() if not _changes_nothing(name, value))
        return cls(int(max_new_tokens), 0.0 if is_sampled is False else temperature, until, ignored)

    def cut(self, text: str) -> str:
        """The text before the first of the words that end it."""
        places = [text.index(words) for words in self.until if words in text]
        return text[: min(places)] if places else text


def _number(asked: dict[str, Any], name: str, default: float) -> float:
    value = asked.pop(name, None)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UsageError(f"{name} is {value!r}, expected a number.")
    return value


def _until(value: Any) -> tuple[str, ...]:
    words = [value] if isinstance(value, str) else list(value or ())
    if not all(isinstance(each, str) for each in words):
        raise UsageError(f"until is {value!r}, expected text or a list of texts.")
    return tuple(each for each in words if each)


def _changes_nothing(name: str, value: Any) -> bool:
    return value is None or value in CHANGES_NOTHING.get(name, ())
