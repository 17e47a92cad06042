"""Files, as OpenAI's Files API has them: upload, list, look, read in ranges, delete."""

import time
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from videoxl.server.problem import Problem
from videoxl.server.site import SiteOf
from videoxl.server.upload_form import Form, describe_form, read_form
from videoxl.server.video_response import VideoResponse

router = APIRouter(prefix="/v1/files")

PURPOSES = ("user_data", "vision", "assistants", "batch", "evals", "fine-tune")
LEAST_EXPIRY_SECONDS, MOST_EXPIRY_SECONDS = 3600, 30 * 24 * 3600
FIELDS = {
    "purpose": {"type": "string", "enum": list(PURPOSES)},
    "expires_after[anchor]": {"type": "string", "enum": ["created_at"]},
    "expires_after[seconds]": {"type": "integer", "minimum": LEAST_EXPIRY_SECONDS, "maximum": MOST_EXPIRY_SECONDS},
}
Order = Literal["asc", "desc"]


@router.post("", openapi_extra=describe_form(FIELDS))
async def upload(request: Request, site: SiteOf) -> dict[str, Any]:
    """Take a video or a picture in, straight to disk; what it is, is told by its content and not by its name."""
    from videoxl.library.fetch_landing import Landing

    announced = request.headers.get("content-length", "0")
    await run_in_threadpool(site.files.check_room, int(announced) if announced.isdecimal() else 0)
    with Landing(site.files.folder, site.config.limits.max_upload_bytes) as landing:
        form = await read_form(request, landing, on_bytes=site.metrics.upload_bytes.inc)
        purpose, expires_at = _purpose(form), _expiry(form)
        assert form.filename is not None, "a form without a file was refused"
        file = await run_in_threadpool(
            site.files.keep, landing, filename=form.filename, purpose=purpose, expires_at=expires_at
        )
    return file.to_json()


@router.get("")
def list_files(
    site: SiteOf,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 10_000,
    after: Annotated[str | None, Query(max_length=100)] = None,
    order: Order = "desc",
    purpose: Annotated[str | None, Query(max_length=100)] = None,
) -> dict[str, Any]:
    """Uploads, the newest first unless asked otherwise."""
    files = [file for file in site.files.all() if purpose in (None, file.purpose)]
    files = files if order == "desc" else files[::-1]
    if after is not None:
        ids = [file.id for file in files]
        if after not in ids:
            raise Problem(
                404, f"there is no file {after[:60]!r} to go on behind.", code="file_not_found", param="after"
            )
        files = files[ids.index(after) + 1 :]
    page = [file.to_json() for file in files[:limit]]
    return {
        "object": "list",
        "data": page,
        "first_id": page[0]["id"] if page else None,
        "last_id": page[-1]["id"] if page else None,
        "has_more": len(files) > limit,
    }


@router.get("/{file_id}")
def get_file(file_id: str, site: SiteOf) -> dict[str, Any]:
    """One upload."""
    return site.files.get(file_id).to_json()


@router.head("/{file_id}/content", response_class=Response, include_in_schema=False)
@router.get("/{file_id}/content", response_class=Response)
def get_content(file_id: str, site: SiteOf) -> Response:
    """Its bytes, also a range of them."""
    file = site.files.get(file_id)
    with site.files.open(file) as content:
        return VideoResponse(
            content.path, media_type=file.media_type, filename=file.filename, etag=file.sha256,
            descriptor=content.descriptor,
        )  # fmt: skip


@router.delete("/{file_id}")
def delete_file(file_id: str, site: SiteOf) -> dict[str, Any]:
    """Remove an upload; bytes that a memory's player needs stay until the memory is removed, too."""
    site.files.remove(file_id)
    return {"id": file_id, "object": "file", "deleted": True}


def _purpose(form: Form) -> str:
    purpose = form.fields.get("purpose", "user_data")
    if purpose not in PURPOSES:
        raise Problem(
            400, f"purpose is {purpose[:60]!r}, expected one of {', '.join(PURPOSES)}; user_data is for videos.",
            code="invalid_value", param="purpose",
        )  # fmt: skip
    return purpose


def _expiry(form: Form) -> int | None:
    given = form.fields.get("expires_after[seconds]")
    if given is None:
        return None
    if not (given.isascii() and given.isdecimal() and LEAST_EXPIRY_SECONDS <= int(given) <= MOST_EXPIRY_SECONDS):
        raise Problem(
            400, f"expires_after[seconds] is {given[:20]!r}, expected {LEAST_EXPIRY_SECONDS} to {MOST_EXPIRY_SECONDS}.",
            code="invalid_value", param="expires_after",
        )  # fmt: skip
    return int(time.time()) + int(given)
