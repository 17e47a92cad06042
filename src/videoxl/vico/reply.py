"""What a language model writes around the JSON it was asked for, taken off; and a second try where there is none."""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from videoxl.errors import EndpointAnswerError
from videoxl.vico.chat import ChatClient, Message

NUM_REPAIRS = 1  # further tries, in which the model is told what was wrong
MAX_STARTS = 50  # opening brackets that are looked at; a hostile reply is nothing but brackets
REPEATED_CHARACTERS = 2000  # of a bad reply, shown to the model again

Value = TypeVar("Value")


def ask_items(
    client: ChatClient,
    messages: Sequence[Message],
    read: Callable[[list[dict[str, Any]]], Value],
    *,
    max_new_tokens: int,
) -> Value:
    """What `read` makes of the list of objects that the model answers with.

    Args:
        read: Raises ValueError, with what it expected, where the objects are not what was asked for.

    Raises:
        EndpointAnswerError: The model could not be brought to give such a list.
    """
    asked = list(messages)
    for _ in range(NUM_REPAIRS + 1):
        reply = client.chat(asked, max_new_tokens=max_new_tokens)
        try:
            return read(items_in(reply))
        except ValueError as error:
            problem = str(error)
        told = f"That cannot be used: {problem}. Answer again, with the JSON list and nothing else."
        asked = [
            *messages,
            {"role": "assistant", "content": reply[:REPEATED_CHARACTERS]},
            {"role": "user", "content": told},
        ]
    raise EndpointAnswerError(f"{client.endpoint.name} was asked {NUM_REPAIRS + 1} times for a JSON list: {problem}.")


def items_in(reply: str) -> list[dict[str, Any]]:
    """The first list of objects in a text; thoughts, fences and words around it do not matter."""
    text = reply.rpartition("</think>")[2]
    decoder = json.JSONDecoder()
    starts = (match.start() for match in re.finditer(r"\[", text))
    for start, _ in zip(starts, range(MAX_STARTS), strict=False):
        try:
            value, _ = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            continue
        if value and all(isinstance(item, dict) for item in value):
            return value
    raise ValueError("got no JSON list of objects")
