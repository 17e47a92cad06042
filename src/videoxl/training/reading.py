"""Somebody's config, tokenizer or weights, by transformers; what it cannot read is said in one sentence."""

from collections.abc import Callable
from typing import Any

from videoxl.errors import CheckpointError


def read_pretrained(read: Callable[[], Any], name: str) -> Any:
    """What `read` gives.

    Raises:
        CheckpointError: transformers cannot read or fetch it.
    """
    try:
        return read()
    except (OSError, ValueError, KeyError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise CheckpointError(
            f"{name} cannot be read ({first}). Give a folder, or a hub id where the network reaches the hub; only "
            "safetensors are read."
        ) from error
