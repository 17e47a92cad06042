"""The outermost layer: an id for each request, one line in the log, and no failure that reaches the outside as it is.

What is logged is the route's pattern, never the address asked for: an address may hold anything.
"""

import logging
import re
import secrets
import time
import traceback
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from videoxl.server.metrics import Metrics
from videoxl.server.problem import Problem

logger = logging.getLogger(__name__)

ID_HEADER = b"x-request-id"
_GIVEN_ID = re.compile(rb"[A-Za-z0-9_.-]{1,64}")
NO_ROUTE = "(none)"


class RequestLog:
    """Names, counts and times requests."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, redact: Callable[[str], str]) -> None:
        self._app, self._metrics, self._redact = app, metrics, redact

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        request_id = _given_id(scope) or secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        began, status = time.perf_counter(), 0

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message.get("headers", []), (ID_HEADER, request_id.encode())]}
            await send(message)

        try:
            await self._app(scope, receive, send_named)
        except Exception as error:
            logger.error(
                "request id=%s failed: %s at %s: %s", request_id, type(error).__name__, where(error),
                self._redact(" ".join(str(error).split()))[:300],
            )  # fmt: skip
            if status:
                return  # the head is sent; the server closes what is unfinished
            sorry = Problem(500, f"unexpected failure; tell the operator the request id {request_id}.", code="internal")
            await sorry.response()(scope, receive, send_named)
        finally:
            self._note(scope, status or 499, time.perf_counter() - began, request_id)

    def _note(self, scope: Scope, status: int, seconds: float, request_id: str) -> None:
        route = getattr(scope.get("route"), "path", NO_ROUTE)
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        self._metrics.requests.labels(method, route, str(status)).inc()
        self._metrics.request_seconds.labels(route).observe(seconds)
        logger.info(
            "request id=%s method=%s route=%s status=%d ms=%.1f", request_id, method, route, status, seconds * 1000
        )


_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


def where(error: BaseException) -> str:
    """Module and line of a failure: enough to find it, without a folder or a stack."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "videoxl" in frame.filename] or list(frames)
    if not ours:
        return "unknown"
    name = re.split(r"[/\\]", ours[-1].filename)[-1]
    return f"{name}:{ours[-1].lineno}"


def _given_id(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == ID_HEADER:
            return value.decode() if _GIVEN_ID.fullmatch(value) else None
    return None
