"""What every answer carries and how long it may take to be taken: security headers, and an end for slow clients."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)
SECURITY_HEADERS = {
    b"content-security-policy": POLICY.encode(),
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"x-frame-options": b"DENY",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(), microphone=(), geolocation=()",
}


class ClientTooSlow(ConnectionError):
    """A client took no byte for too long; what is made for it is ended."""


class ResponseGuard:
    """Adds the headers, and gives up on clients that do not read."""

    def __init__(self, app: ASGIApp, *, send_seconds: float) -> None:
        self._app, self._send_seconds = app, send_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message.get("headers", [])}
                more = [pair for pair in SECURITY_HEADERS.items() if pair[0] not in present]
                message = {**message, "headers": [*message.get("headers", []), *more]}
            try:
                async with asyncio.timeout(self._send_seconds):
                    await send(message)
            except TimeoutError:
                raise ClientTooSlow("the client took nothing of its answer for too long") from None

        await self._app(scope, receive, guarded)
