"""How much of a body is read, and how long it is waited for. Bytes are counted as they come, announced or not."""

import asyncio
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from videoxl.server.limits import Limits
from videoxl.server.problem import Problem

UPLOADS = {("POST", "/v1/files"), ("POST", "/v1/memories/import")}
MULTIPART_BYTES = 64 * 1024  # what stands around a file in a form


class BodyLimit:
    """Ends a body that is too large (413) or too slow (408), while it comes in."""

    def __init__(self, app: ASGIApp, *, limits: Limits) -> None:
        self._app, self._limits = app, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        is_upload = (scope["method"], scope["path"]) in UPLOADS
        most = self._limits.max_upload_bytes + MULTIPART_BYTES if is_upload else self._limits.max_body_bytes
        headers = dict(scope["headers"])
        if b"content-length" in headers and b"transfer-encoding" in headers:
            return await _two_lengths().response()(scope, receive, send)
        announced = headers.get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > most:
            return await _too_large(most).response()(scope, receive, send)
        await self._app(scope, _Counted(receive, most, self._limits), send)


class _Counted:
    """A `receive` that counts."""

    def __init__(self, receive: Receive, most: int, limits: Limits) -> None:
        self._receive, self._most, self._limits = receive, most, limits
        self._num_bytes, self._is_whole, self._began = 0, False, time.monotonic()

    async def __call__(self) -> Message:
        if self._is_whole:
            return await self._receive()  # only whether the client is still there
        try:
            async with asyncio.timeout(self._limits.body_idle_seconds):
                message = await self._receive()
        except TimeoutError:
            raise _too_slow() from None
        if message["type"] == "http.request":
            self._num_bytes += len(message.get("body", b""))
            self._is_whole = not message.get("more_body", False)
            if self._num_bytes > self._most:
                raise _too_large(self._most)
            self._check_rate()
        return message

    def _check_rate(self) -> None:
        seconds = time.monotonic() - self._began
        is_late = seconds > self._limits.body_idle_seconds and not self._is_whole
        if is_late and self._num_bytes < seconds * self._limits.body_bytes_per_second:
            raise _too_slow()


def _two_lengths() -> Problem:
    """Where a body ends must not be a matter of opinion between us and a proxy (request smuggling)."""
    return Problem(
        400, "got Content-Length and Transfer-Encoding together; send one of them.", code="bad_request",
        headers={"Connection": "close"},
    )  # fmt: skip


def _too_large(most: int) -> Problem:
    return Problem(
        413, f"the body is larger than the {most:,} bytes that are taken here; send less, or a file by POST /v1/files.",
        code="too_large", headers={"Connection": "close"},
    )  # fmt: skip


def _too_slow() -> Problem:
    return Problem(
        408, "the body came in too slowly; send it again over a faster connection.", code="too_slow",
        headers={"Connection": "close"},
    )  # fmt: skip
