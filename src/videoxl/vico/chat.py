"""A language model asked over HTTP (`POST .../chat/completions`): messages out, one text back.

What can go wrong is told apart. A busy or broken server (429, 5xx, no connection, too slow) is asked again, a bounded
number of times and later each time. A refusal (401, 404, a redirect) is an EndpointError: it would be the same for
every request. An answer that is too large, cut off or no chat completion is an EndpointAnswerError: of this one
request only. The key is sent in one header, and taken out of everything that is said.
"""

import http.client
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from videoxl.errors import EndpointAnswerError, EndpointError
from videoxl.vico.endpoint import Endpoint, shown
from videoxl.vico.transport import AnswerTooLargeError, Response, post

FIRST_WAIT_SECONDS = 1.0  # doubled at each retry
LONGEST_WAIT_SECONDS = 30.0
QUOTED_CHARACTERS = 200
BUSY = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS)
UNUSABLE_REQUEST = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)

Message = Mapping[str, Any]
Sleep = Callable[[float], None]

logger = logging.getLogger(__name__)


class ChatClient:
    """Asks an endpoint; use one from as many threads as you like.

    Args:
        sleep: How to wait before a retry.
    """

    def __init__(self, endpoint: Endpoint, *, sleep: Sleep = time.sleep) -> None:
        self.endpoint = endpoint
        self._key = endpoint.key()
        self._sleep = sleep
        self._refused: frozenset[str] = frozenset()  # sampling parameters that this endpoint does not take

    def chat(self, messages: Sequence[Message], *, max_new_tokens: int) -> str:
        """The text that the model answers with.

        Raises:
            EndpointAnswerError: There is no usable text for these messages.
            EndpointError: The endpoint cannot be reached, or refuses; asking anything else is of no use either.
        """
        for num_failed in range(self.endpoint.num_retries + 1):
            wait_seconds = FIRST_WAIT_SECONDS * 2**num_failed
            try:
                response = self._ask(messages, max_new_tokens)
            except (OSError, http.client.HTTPException) as error:
                problem = self._clean(f"{type(error).__name__}: {error}")
            else:
                if response.status < HTTPStatus.INTERNAL_SERVER_ERROR and response.status not in BUSY:
                    return self._text(response)
                problem = f"status {response.status}, {self._quote(response)}"
                wait_seconds = _asked_wait(response) or wait_seconds
            if num_failed < self.endpoint.num_retries:
                logger.info("%s: %s; it is asked again", self.endpoint.name, problem)
                self._sleep(min(LONGEST_WAIT_SECONDS, wait_seconds))
        raise EndpointError(
            f"{self.endpoint.name} gave no answer in {self.endpoint.num_retries + 1} tries ({problem}). "
            "Check that it runs and is not overloaded, then run the same command again."
        )

    def _ask(self, messages: Sequence[Message], max_new_tokens: int) -> Response:
        """One answer; asked again without a sampling parameter that the endpoint says it does not support."""
        sampling = {"temperature": 0, "max_tokens": max_new_tokens}
        while True:
            sent = {name: value for name, value in sampling.items() if name not in self._refused}
            request = {"model": self.endpoint.model, "messages": list(messages), **sent}
            response = self._post(json.dumps(request).encode())
            said = response.body.decode(errors="replace")
            refused = {name for name in sent if name in said and "support" in said}
            if response.status != HTTPStatus.BAD_REQUEST or not refused:
                return response
            self._refused |= refused

    def _post(self, body: bytes) -> Response:
        headers = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "videoxl"}
        if self._key is not None:
            headers["Authorization"] = f"Bearer {self._key}"
        try:
            return post(
                self.endpoint.address,
                body,
                headers=headers,
                timeout_seconds=self.endpoint.timeout_seconds,
                max_answer_bytes=self.endpoint.max_answer_bytes,
            )
        except AnswerTooLargeError as error:
            raise EndpointAnswerError(f"{self.endpoint.name}: {error}; it was not read to its end.") from None

    def _text(self, response: Response) -> str:
        if response.status in UNUSABLE_REQUEST:
            raise EndpointAnswerError(
                f"{self.endpoint.name} does not take this request: status {response.status}, {self._quote(response)}."
            )
        if response.status != HTTPStatus.OK:
            moved = response.headers.get("Location")
            hint = f"It points to {shown(moved)}; give that address." if moved else "Check address, model and key."
            raise EndpointError(
                f"{self.endpoint.name} refuses: status {response.status}, {self._quote(response)}. {hint}"
            )
        try:
            choice = json.loads(response.body)["choices"][0]
            text, reason = choice["message"]["content"], choice.get("finish_reason")
        except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
            raise EndpointAnswerError(
                f"{self.endpoint.name} answered {self._quote(response)}; expected a chat completion."
            ) from None
        if not isinstance(text, str) or not text.strip() or reason == "length":
            state = "cut off at its token limit" if reason == "length" else "empty"
            raise EndpointAnswerError(f"{self.endpoint.name}: the answer is {state}; expected a whole text.")
        return text.strip().encode(errors="replace").decode()  # half a surrogate pair cannot be written to a file

    def _quote(self, response: Response) -> str:
        """The beginning of an answer, printable, without the key that some servers repeat."""
        said = self._clean(response.body[: 4 * QUOTED_CHARACTERS + len(self._key or "")].decode(errors="replace"))
        return repr(said[:QUOTED_CHARACTERS])

    def _clean(self, text: str) -> str:
        clean = "".join(letter if letter.isprintable() else " " for letter in text)
        return clean if self._key is None else clean.replace(self._key, "***")


def _asked_wait(response: Response) -> float | None:
    """Seconds of Retry-After, where it is a number."""
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isdecimal() else None
