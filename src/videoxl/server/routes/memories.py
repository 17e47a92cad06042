"""Memories: watch, list, show, rename, remove, append, and take one along as a file."""

import os
from contextlib import suppress
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from videoxl.server.presence import while_present
from videoxl.server.problem import Problem
from videoxl.server.protocol.memories import AppendedVideo, NewMemory, Rename
from videoxl.server.site import SiteOf, remove_folder
from videoxl.server.sources import video_gone
from videoxl.server.upload_form import describe_form, read_form
from videoxl.server.video_response import VideoResponse

router = APIRouter(prefix="/v1/memories")

MemoryId = Annotated[str, Path(min_length=4, max_length=64)]
State = Literal["queued", "watching", "ready", "failed"]


@router.post("", status_code=202)
async def add_memory(body: NewMemory, request: Request, site: SiteOf) -> JSONResponse:
    """Have a video watched. The same video with the same settings is the memory that is there, at no cost."""
    entry = await while_present(request, lambda stopped: site.memories.add(body, stopped=stopped))
    return JSONResponse(await run_in_threadpool(site.memories.as_json, entry), 202)


@router.get("")
def list_memories(
    site: SiteOf,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    after: Annotated[str | None, Query(max_length=64)] = None,
    query: Annotated[str | None, Query(max_length=300)] = None,
    state: State | None = None,
) -> dict[str, Any]:
    """Memories, the newest first."""
    entries = site.library.entries(state=state, text=query or None, limit=limit + 1, after=after)
    return {
        "object": "list",
        "data": [site.memories.as_json(entry) for entry in entries[:limit]],
        "has_more": len(entries) > limit,
    }


@router.post("/import", status_code=201, openapi_extra=describe_form())
async def import_memory(request: Request, site: SiteOf) -> JSONResponse:
    """Take a memory in that `export` gave, here or elsewhere."""
    folder = site.new_folder()
    try:
        path = folder / "memory.vxlz"
        with path.open("xb") as file:
            await read_form(request, file, on_bytes=site.metrics.upload_bytes.inc)
        entry = await run_in_threadpool(site.memories.import_file, path)
    finally:
        await run_in_threadpool(remove_folder, folder)
    return JSONResponse(await run_in_threadpool(site.memories.as_json, entry), 201)


@router.get("/{memory_id}")
def get_memory(memory_id: MemoryId, site: SiteOf) -> dict[str, Any]:
    """One memory with its intervals, also those of a part that was watched so far."""
    return site.memories.as_json(site.library.entry(memory_id), with_intervals=True)


@router.patch("/{memory_id}")
def rename_memory(memory_id: MemoryId, body: Rename, site: SiteOf) -> dict[str, Any]:
    """Give it another title."""
    return site.memories.as_json(site.library.rename(site.library.entry(memory_id).id, body.title))


@router.delete("/{memory_id}")
def delete_memory(memory_id: MemoryId, site: SiteOf) -> dict[str, Any]:
    """Remove it; whoever reads it just now reads on."""
    entry = site.memories.remove(memory_id)
    return {"id": entry.id, "object": "memory", "deleted": True}


@router.post("/{memory_id}/append", status_code=202)
async def append_video(memory_id: MemoryId, body: AppendedVideo, request: Request, site: SiteOf) -> JSONResponse:
    """A new memory: this one with another video behind it. This one stays as it is."""
    entry = await while_present(request, lambda stopped: site.memories.append(memory_id, body, stopped=stopped))
    return JSONResponse(await run_in_threadpool(site.memories.as_json, entry), 202)


@router.get("/{memory_id}/export", response_class=Response)
def export_memory(memory_id: MemoryId, site: SiteOf) -> Response:
    """The memory as one file."""
    entry = site.library.entry(memory_id)
    if entry.state != "ready":
        raise Problem(409, "this memory is not ready; export it when it has been watched.", code="memory_not_ready")
    folder = site.new_folder()
    try:
        path = site.library.export_file(entry.id, folder / f"{entry.id}.vxlz")
    except BaseException:
        remove_folder(folder)
        raise
    return FileResponse(
        path, media_type="application/zip", filename=f"{entry.id}.vxlz",
        background=BackgroundTask(remove_folder, folder),
    )  # fmt: skip


@router.get("/{memory_id}/thumbnails/{interval}.jpg", response_class=Response)
def get_thumbnail(memory_id: MemoryId, interval: Annotated[int, Path(ge=0, le=10_000_000)], site: SiteOf) -> Response:
    """The picture of one interval."""
    path = site.library.thumbnail(site.library.entry(memory_id).id, interval)
    with suppress(FileNotFoundError):  # it goes with its memory, at any moment
        if path is not None:
            headers = {"Cache-Control": "private, max-age=3600"}
            return Response(path.read_bytes(), media_type="image/jpeg", headers=headers)
    raise Problem(404, f"there is no picture of interval {interval} yet.", code="thumbnail_not_found")


@router.head("/{memory_id}/video", response_class=Response, include_in_schema=False)
@router.get("/{memory_id}/video", response_class=Response)
def get_video(memory_id: MemoryId, site: SiteOf, source: Annotated[int, Query(ge=0, le=1000)] = 0) -> Response:
    """The video itself, for a player; also a range of it."""
    videos = site.memories.videos(site.library.entry(memory_id))
    video = videos[source] if source < len(videos) else None
    if video is None or video.entry is None:
        raise video_gone()
    from videoxl.video.content_type import content_type_of

    with site.memories.sources.open(video.entry) as file:
        with open(os.dup(file.descriptor), "rb") as content:
            kind = content_type_of(content, name=video.name).media_type
        return VideoResponse(
            file.path, media_type=kind, filename=video.name, etag=video.entry.source_sha256, descriptor=file.descriptor
        )
