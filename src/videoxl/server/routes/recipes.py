"""Recipes over a memory, and the answers so far, in any format that people take away."""

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from videoxl.library import Entry
from videoxl.server.answer_json import KeptAnswer
from videoxl.server.asking import Asker
from videoxl.server.presence import while_present
from videoxl.server.problem import Problem
from videoxl.server.protocol.memories import RecipeBody
from videoxl.server.routes.memories import MemoryId
from videoxl.server.site import Site, SiteOf

if TYPE_CHECKING:
    from videoxl.export import Document, Video
    from videoxl.memory import MemoryAbout

router = APIRouter(prefix="/v1")

ANSWER_TOKENS = 256
LEFT_OUT_HEADER = "X-Videoxl-Left-Out"
RETRY_SECONDS = 10


@router.get("/recipes")
def list_recipes() -> dict[str, Any]:
    """What can be looked for, and the formats it can be had in."""
    from videoxl.export import FORMATS, RECIPES

    return {
        "object": "list",
        "data": [
            {
                "name": recipe.name,
                "description": recipe.about,
                "needs": recipe.needs,
                "needs_query": recipe.needs == "query",
            }
            for recipe in RECIPES.values()
        ],
        "formats": list(FORMATS),
    }


@router.post("/memories/{memory_id}/recipes/{name}", response_class=Response)
async def run(
    memory_id: MemoryId, name: Annotated[str, Path(max_length=60)], body: RecipeBody, request: Request, site: SiteOf
) -> Response:
    """Look through a memory; a client that leaves ends the work."""
    from videoxl.export import RECIPES

    if name not in RECIPES:
        raise Problem(404, f"there is no recipe {name!r}; see GET /v1/recipes.", code="recipe_not_found", param="name")
    return await while_present(request, lambda stopped: _run(site, memory_id, name, body, stopped))


@router.get("/memories/{memory_id}/answers.{format}", response_class=Response)
def export_answers(
    memory_id: MemoryId,
    format: Annotated[str, Path(max_length=20)],
    site: SiteOf,
    source: Annotated[int | None, Query(ge=0, le=1000)] = None,
    fps: Annotated[float | None, Query(ge=1, le=240)] = None,
) -> Response:
    """What was asked of a memory and answered, each at the moment that it rests on."""
    from videoxl.export import Document
    from videoxl.memory import inspect

    entry = site.library.entry(memory_id)
    with site.library.reading(entry.id) as path:
        videos = _videos(site, entry, inspect(path).manifest.about)
    said = [KeptAnswer.of(question) for question in site.library.questions(entry.id)]
    document = Document.from_answers(said, videos=videos, title=entry.title, model=entry.model_name)
    return _rendered(document, format, source, fps, name=f"{entry.title} answers")


def _run(site: Site, memory_id: str, name: str, body: RecipeBody, stopped: threading.Event) -> Response:
    from videoxl.export import format_of, run_recipe

    if not site.recipes.acquire(blocking=False):  # in the thread: who leaves before having one holds no place
        raise Problem(
            429, "as many recipes are running as this server does at once; try again in a moment.", code="queue_full",
            retry_seconds=RETRY_SECONDS,
        )  # fmt: skip
    try:
        format_of(body.format)
        entry = site.library.entry(memory_id)
        resident = site.room.take(entry)
        try:
            assert resident.memory is not None, "an entry has a memory"
            asker = Asker(site.room, entry.model_name, ANSWER_TOKENS, stopped)
            document = run_recipe(
                name, asker, resident.memory, query=body.query, questions=body.questions,
                videos=_videos(site, entry, resident.memory.about),
            )  # fmt: skip
        finally:
            site.room.release(resident)
        return _rendered(document, body.format, body.source, body.fps, name=f"{entry.title} {name}")
    finally:
        site.recipes.release()


def _videos(site: Site, entry: Entry, about: "MemoryAbout") -> "tuple[Video, ...]":
    """The videos of a memory, by the names that people gave them."""
    from videoxl.export import Video

    videos, names = Video.of(about.sources), [video.name for video in site.memories.videos(entry)]
    if len(names) != len(videos):  # it is still being watched
        return videos
    return tuple(replace(video, name=name) for video, name in zip(videos, names, strict=True))


def _rendered(document: "Document", format_name: str, source: int | None, fps: float | None, *, name: str) -> Response:
    from videoxl.export import format_of

    form = format_of(format_name)
    document = document if source is None else document.only(source)
    document = document if fps is None else document.at_rate(fps)
    headers = {"Content-Disposition": f"attachment; filename*=utf-8''{quote(name)}{form.suffixes[0]}"}
    if (left_out := form.left_out(document)) is not None:
        headers[LEFT_OUT_HEADER] = left_out.encode("ascii", "replace").decode()
    return Response(form.render(document), media_type=form.media_type, headers=headers)
