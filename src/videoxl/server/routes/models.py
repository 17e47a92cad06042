"""The model that is served, as OpenAI lists models."""

from typing import Annotated, Any

from fastapi import APIRouter, Path

from videoxl.server.problem import Problem
from videoxl.server.site import Site, SiteOf

router = APIRouter(prefix="/v1/models")


@router.get("")
def list_models(site: SiteOf) -> dict[str, Any]:
    """The one model of this server."""
    return {"object": "list", "data": [_model(site)]}


@router.get("/{model:path}")
def get_model(model: Annotated[str, Path(max_length=300)], site: SiteOf) -> dict[str, Any]:
    """One model."""
    if model != site.config.model_name:
        raise Problem(404, f"the model {model[:100]!r} is not served here; see GET /v1/models.", code="model_not_found")
    return _model(site)


def _model(site: Site) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": site.config.model_name,
        "object": "model",
        "created": site.started_at,
        "owned_by": "videoxl",
    }
    if site.room.state == "ready":
        vxl = site.room.vxl
        ratios = list(vxl.model.config.compression_ratios)
        shown["videoxl"] = {
            "ratios": sorted({1, *ratios}),
            "default_ratio": ratios[len(ratios) // 2],
            "interval_frames": vxl.model.config.interval_frames,
            "fingerprint": vxl.fingerprint,
        }
    return shown
