"""Our own server-sent events."""

import asyncio
import json

from hypothesis import given
from hypothesis import strategies as st

from videoxl.server import sse


@given(st.text(), st.recursive(st.none() | st.booleans() | st.text(), lambda inner: st.lists(inner, max_size=3)))
def test_an_event_is_one_block_whatever_it_holds(text, more):
    """No text, line breaks included, ends an event early or begins another."""
    event = sse.event("text", {"text": text, "more": more})
    assert event.count("\n\n") == 1
    assert event.endswith("\n\n")
    name, data = event.strip("\n").split("\n", 1)
    assert name == "event: text"
    assert "\r" not in data
    assert json.loads(data.removeprefix("data: ")) == {"text": text, "more": more}


def test_silence_is_broken_by_comments():
    """While nothing happens a comment goes out now and then, and no event is lost over it."""

    async def source():
        yield "a"
        await asyncio.sleep(0.08)
        yield "b"

    async def run():
        return [text async for text in sse.with_keep_alive(source(), seconds=0.02)]

    heard = asyncio.run(run())
    assert [text for text in heard if text != sse.KEEP_ALIVE] == ["a", "b"]
    assert heard.count(sse.KEEP_ALIVE) >= 2
    assert sse.KEEP_ALIVE.startswith(":")


def test_closing_ends_what_makes_the_events():
    """A client that leaves in a silence leaves nothing running."""
    ended = []

    async def source():
        try:
            yield "a"
            await asyncio.sleep(60)
        finally:
            ended.append(True)

    async def run():
        stream = sse.with_keep_alive(source(), seconds=0.01)
        assert await anext(stream) == "a"
        assert await anext(stream) == sse.KEEP_ALIVE
        await stream.aclose()
        await asyncio.sleep(0.05)

    asyncio.run(run())
    assert ended == [True]
