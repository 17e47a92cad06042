"""One POST over http or https with the standard library, bounded in time and in bytes.

The time limit holds for the whole exchange, not for each packet: a watchdog closes the socket when it is over, so a
server that sends one byte now and then cannot hold a run. Redirects are not followed, because they would carry the
key to another host; compressed answers are not asked for.
"""

import http.client
import socket
import threading
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from typing import Any


class AnswerTooLargeError(Exception):
    """The answer has more bytes than were allowed."""


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer, whatever its status."""

    status: int
    headers: Message
    body: bytes


def post(
    url: str, body: bytes, *, headers: Mapping[str, str], timeout_seconds: float, max_answer_bytes: int
) -> Response:
    """Send a body and read the whole answer.

    Raises:
        TimeoutError: The exchange was not over in time.
        AnswerTooLargeError: The answer is larger than allowed.
        OSError, http.client.HTTPException: The connection failed, or the other side does not speak HTTP.
    """
    watchdog = _Watchdog(timeout_seconds)
    opener = urllib.request.OpenerDirector()  # without the usual handlers: no redirects, and no error for a status
    for handler in (urllib.request.ProxyHandler(), _HttpHandler(watchdog), _HttpsHandler(watchdog)):
        opener.add_handler(handler)
    request = urllib.request.Request(url, data=body, headers=dict(headers), method="POST")
    try:
        with watchdog, opener.open(request, timeout=timeout_seconds) as answer:
            content = answer.read(max_answer_bytes + 1)
            is_whole = answer.length in (None, 0)  # bytes of Content-Length that are still to come
    except (OSError, http.client.HTTPException, ValueError) as error:
        if watchdog.has_bitten or isinstance(getattr(error, "reason", error), TimeoutError):
            raise TimeoutError(f"no answer within {timeout_seconds:g} s") from error
        raise
    if watchdog.has_bitten:
        raise TimeoutError(f"no whole answer within {timeout_seconds:g} s")
    if len(content) > max_answer_bytes:
        raise AnswerTooLargeError(f"the answer is larger than {max_answer_bytes} bytes")
    if not is_whole:
        raise ConnectionError("the connection ended in the middle of the answer")
    return Response(answer.status, answer.headers, content)


class _Watchdog:
    """Shuts every socket that it was shown when the time is over."""

    def __init__(self, seconds: float) -> None:
        self.has_bitten = False
        self._sockets: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._bite)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def watch(self, opened: socket.socket) -> None:
        self._sockets.append(opened)

    def _bite(self) -> None:
        self.has_bitten = True
        for opened in self._sockets:
            with suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)


def _watched(kind: type[http.client.HTTPConnection], watchdog: _Watchdog) -> type[http.client.HTTPConnection]:
    class Watched(kind):  # type: ignore[misc, valid-type]
        def connect(self) -> None:
            super().connect()
            watchdog.watch(self.sock)

    return Watched


class _HttpHandler(urllib.request.HTTPHandler):
    def __init__(self, watchdog: _Watchdog) -> None:
        super().__init__()
        self._connection = _watched(http.client.HTTPConnection, watchdog)

    def http_open(self, req: urllib.request.Request) -> Any:
        return self.do_open(self._connection, req)


class _HttpsHandler(urllib.request.HTTPSHandler):
    def __init__(self, watchdog: _Watchdog) -> None:
        super().__init__()
        self._connection = _watched(http.client.HTTPSConnection, watchdog)

    def https_open(self, req: urllib.request.Request) -> Any:
        return self.do_open(self._connection, req)
