"""How the watching of a memory goes, as a stream. Whichever server or worker on the library does it: all are seen."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from videoxl.errors import EntryNotFoundError
from videoxl.library import Entry
from videoxl.server import sse
from videoxl.server.problem import Problem
from videoxl.server.routes.memories import MemoryId
from videoxl.server.site import Site, SiteOf

router = APIRouter(prefix="/v1/memories")

LOOK_SECONDS = 0.5
RETRY_SECONDS = 5
FINAL = ("ready", "failed")


@router.get("/{memory_id}/events", response_class=Response)
async def events(memory_id: MemoryId, site: SiteOf) -> Response:
    """`progress` with the memory at once and when it got on, `state` when its state changes; ends when it is done."""
    entry = await run_in_threadpool(site.library.entry, memory_id)
    if not site.streams.acquire(blocking=False):
        raise Problem(
            429, "as many event streams are open as this server keeps; close some.", code="too_many_streams",
            retry_seconds=RETRY_SECONDS,
        )  # fmt: skip
    return sse.EventStream(_events(site, entry), on_close=site.streams.release)


async def _events(site: Site, entry: Entry) -> AsyncIterator[str]:
    shown = await run_in_threadpool(site.memories.as_json, entry)
    yield sse.event("progress", shown)
    while shown["state"] not in FINAL and not site.is_stopping:
        await asyncio.sleep(LOOK_SECONDS)
        before = shown
        try:
            shown = await run_in_threadpool(_now, site, entry.id)
        except EntryNotFoundError:
            yield sse.event("state", {"id": entry.id, "object": "memory", "deleted": True})
            return
        if shown["state"] != before["state"]:
            yield sse.event("state", shown)
        elif shown != before:
            yield sse.event("progress", shown)


def _now(site: Site, entry_id: str) -> dict[str, Any]:
    return site.memories.as_json(site.library.entry(entry_id))
