"""Whether the server lives, whether it can work, what it is, and its counters."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from videoxl import __version__
from videoxl.server.site import SiteOf

router = APIRouter()


@router.head("/health", include_in_schema=False)
@router.get("/health")
def health() -> dict[str, str]:
    """200 while the process answers at all; the only route that needs no key and says nothing."""
    return {"status": "ok"}


@router.head("/ready", include_in_schema=False)
@router.get("/ready")
def ready(site: SiteOf) -> JSONResponse:
    """200 once the model is loaded; 503 with the reason before that, and where it failed."""
    state = site.room.state
    return JSONResponse({"status": state, "why": site.redact(site.room.why)}, 200 if state == "ready" else 503)


@router.get("/version")
def version() -> dict[str, Any]:
    """The version of this package."""
    return {"version": __version__}


@router.get("/metrics", response_class=Response)
def metrics(site: SiteOf) -> Response:
    """Counters in Prometheus's format."""
    return Response(site.metrics.text(), media_type=site.metrics.content_type)
