"""Clients that do not read their answer."""

import asyncio

import pytest

from videoxl.server.response_guard import ClientTooSlow, ResponseGuard


def test_a_client_that_does_not_read_is_given_up():
    """Whoever takes no byte for the given seconds ends what is made for him, whose clean-up runs."""
    ended = []

    async def app(scope, receive, send):
        try:
            while True:
                await send({"type": "http.response.body", "body": b"x", "more_body": True})
        finally:
            ended.append(True)

    async def send(message):
        await asyncio.sleep(60)

    with pytest.raises(ClientTooSlow):
        asyncio.run(ResponseGuard(app, send_seconds=0.05)({"type": "http"}, None, send))
    assert ended == [True]
