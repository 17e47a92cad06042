"""Server-sent events: written by hand, it is three lines of text and a comment now and then.

A comment keeps proxies and clients from taking a long silence for a dead connection.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

KEEP_ALIVE = ": keep-alive\n\n"
KEEP_ALIVE_SECONDS = 15.0
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def event(name: str, data: Any) -> str:
    """One named event, its data as one line of JSON."""
    return f"event: {name}\n{chunk(data)}"


def chunk(data: Any) -> str:
    """One event without a name, as OpenAI streams them."""
    return f"data: {json.dumps(data, ensure_ascii=False, separators=(',', ':'))}\n\n"


async def with_keep_alive(source: AsyncIterator[str], *, seconds: float = KEEP_ALIVE_SECONDS) -> AsyncIterator[str]:
    """What `source` gives, with a comment after every `seconds` of silence."""
    following: asyncio.Future[str] | None = None
    try:
        while True:
            following = following or asyncio.ensure_future(anext(source))
            done, _ = await asyncio.wait({following}, timeout=seconds)
            if not done:
                yield KEEP_ALIVE
                continue
            finished, following = following, None
            try:
                text = finished.result()
            except StopAsyncIteration:
                return
            yield text
    finally:
        if following is not None:
            following.cancel()


class EventStream(StreamingResponse):
    """A response of events. `on_close` is called when it ends, by whatever: the last event, or a client that left."""

    media_type = "text/event-stream"

    def __init__(self, source: AsyncIterator[str], *, on_close: Callable[[], None]) -> None:
        super().__init__(with_keep_alive(source), headers=HEADERS)
        self._on_close = on_close

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See Starlette; cleaning up does not wait for anything, so that a cancelled request cleans up too."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._on_close()
