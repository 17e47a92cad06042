"""Text while it is generated: a streamer for transformers' `generate` that hands out whole characters."""

from collections.abc import Callable
from typing import Any

import torch
from transformers.generation.streamers import BaseStreamer

from videoxl.engine.progress import Stopwatch

UNFINISHED_CHARACTER = "\ufffd"


class TextStream(BaseStreamer):
    """Decodes tokens as they come; text behind `hold_back` waits for `finish`, which may change it."""

    def __init__(self, tokenizer: Any, on_text: Callable[[str], None] | None, *, hold_back: str | None = None) -> None:
        self._tokenizer, self._on_text, self._hold_back = tokenizer, on_text, hold_back
        self._stopwatch = Stopwatch()
        self._ids: list[int] = []
        self._num_sent = 0
        self._has_prompt = False
        self.first_token_seconds = 0.0

    def put(self, value: torch.Tensor) -> None:
        """What `generate` calls: first with the prompt, then with each new token."""
        if not self._has_prompt:
            self._has_prompt = True
            return
        if not self._ids:
            self.first_token_seconds = self._stopwatch.seconds
        self._ids.extend(value.flatten().tolist())
        text = self._text()
        if not text.endswith(UNFINISHED_CHARACTER):
            visible = text if self._hold_back is None else text.split(self._hold_back)[0]
            self._send(visible)

    def end(self) -> None:
        """What `generate` calls last; the text ends with `finish`."""

    def finish(self, complete: Callable[[str], str]) -> str:
        """The whole text as `complete` leaves it; what was not sent yet is sent."""
        text = complete(self._text()).strip()
        self._send(text)
        return text

    def _text(self) -> str:
        hidden = {token for token in self._tokenizer.all_special_ids if token != self._held_id()}
        return self._tokenizer.decode([token for token in self._ids if token not in hidden]).lstrip()

    def _held_id(self) -> int | None:
        return None if self._hold_back is None else self._tokenizer.convert_tokens_to_ids(self._hold_back)

    def _send(self, text: str) -> None:
        if self._on_text is not None and len(text) > self._num_sent:
            self._on_text(text[self._num_sent :])
        self._num_sent = max(self._num_sent, len(text))
