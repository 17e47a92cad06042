"""Answers in OpenAI's shapes: a completion, or chunks of one. What is ours stands under `videoxl` and nowhere else."""

import secrets
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from videoxl.server.answer_json import evidence_json
from videoxl.server.chat import Chat

if TYPE_CHECKING:
    from videoxl.engine import Answer


class Completion:
    """One request's answers, as they are sent."""

    def __init__(self, chat: Chat, *, model: str, fingerprint: str) -> None:
        self._chat = chat
        self._common = {
            "id": f"chatcmpl-{secrets.token_hex(12)}",
            "created": int(time.time()),
            "model": model,
            "system_fingerprint": f"vxl_{fingerprint[:12]}",
        }

    def whole(self, answers: "Sequence[Answer]") -> dict[str, Any]:
        """The completion."""
        choices = [
            {
                "index": index,
                "message": {
                    "role": "assistant",
                    "content": answer.text,
                    "refusal": None,
                    "videoxl": self._ours(answer),
                },
                "logprobs": None,
                "finish_reason": _reason(answer),
            }
            for index, answer in enumerate(answers)
        ]
        return {**self._common, "object": "chat.completion", "choices": choices, "usage": self.usage(answers)}

    def begin(self, index: int) -> dict[str, Any]:
        """The first chunk of a choice."""
        return self._chunk(index, {"role": "assistant", "content": ""})

    def text(self, index: int, text: str) -> dict[str, Any]:
        """A chunk of text."""
        return self._chunk(index, {"content": text})

    def end(self, index: int, answer: "Answer") -> dict[str, Any]:
        """The last chunk of a choice, with what is ours."""
        return self._chunk(index, {"videoxl": self._ours(answer)}, _reason(answer))

    def usage_chunk(self, answers: "Sequence[Answer]") -> dict[str, Any]:
        """The chunk that says what it took."""
        return {**self._common, "object": "chat.completion.chunk", "choices": [], "usage": self.usage(answers)}

    def usage(self, answers: "Sequence[Answer]") -> dict[str, Any]:
        """Memory rows are prompt tokens; those that were there before this request are cached ones."""
        first = answers[0].usage
        prompt, said = first.memory_rows + first.question_tokens, sum(answer.usage.answer_tokens for answer in answers)
        return {
            "prompt_tokens": prompt,
            "completion_tokens": said,
            "total_tokens": prompt + said,
            "prompt_tokens_details": {"cached_tokens": first.memory_rows if self._chat.was_ready else 0},
        }

    def _chunk(self, index: int, delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": reason}
        return {**self._common, "object": "chat.completion.chunk", "choices": [choice]}

    def _ours(self, answer: "Answer") -> dict[str, Any]:
        given = answer.to_json()
        entry = self._chat.entry
        return {
            "memory_id": None if entry is None else entry.id,
            "settings": [settings.to_json() for settings in self._chat.settings],
            "evidence": evidence_json(given),
            "unknown_words": given["unknown_words"],
            "usage": given["usage"],
            "timings": given["timings"],
        }


def _reason(answer: "Answer") -> str:
    return "stop" if answer.finished else "length"
