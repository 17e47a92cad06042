"""Search over everything that the library holds: titles, questions, answers, and what is to be seen."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from videoxl.library import Hit
from videoxl.server.site import Site, SiteOf

router = APIRouter(prefix="/v1/search")


@router.get("")
def search(
    site: SiteOf,
    query: Annotated[str, Query(min_length=1, max_length=300)],
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> dict[str, Any]:
    """Places that have to do with the words, best first; intervals too, once the model is loaded."""
    return {"object": "list", "data": [_hit(hit) for hit in _search(site, query, limit)]}


def _search(site: Site, query: str, limit: int) -> list[Hit]:
    if site.room.state != "ready":
        return site.library.search(query, limit=limit)
    from videoxl.library.embedding import TextEmbedder

    with site.room.computing():
        return site.library.search(query, limit=limit, embedder=TextEmbedder(site.room.vxl))


def _hit(hit: Hit) -> dict[str, Any]:
    return {
        "object": "hit",
        "memory_id": hit.entry_id,
        "title": hit.title,
        "kind": hit.kind,
        "text": hit.text,
        "start": hit.start_seconds,
        "stop": hit.stop_seconds,
        "interval": hit.interval,
        "score": hit.score,
    }
