"""The page: static files of the package, each found once when the server starts, so no address names any other file."""

import hashlib
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Annotated

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from videoxl.server.problem import Problem

router = APIRouter(include_in_schema=False)

TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
    "ico": "image/x-icon",
    "woff2": "font/woff2",
    "json": "application/json",
    "webmanifest": "application/manifest+json",
}
INDEX = "index.html"


@router.api_route("/", methods=["GET", "HEAD"])
def index(request: Request) -> Response:
    """The page; what it shows stands behind the `?` and is read by the page alone."""
    return _file(request, INDEX)


@router.api_route("/page/{name:path}", methods=["GET", "HEAD"])
def page_file(name: Annotated[str, Path(max_length=200)], request: Request) -> Response:
    """One of the page's files."""
    return _file(request, name)


def _file(request: Request, name: str) -> Response:
    found = _files().get(name)
    if found is None:
        raise Problem(404, "the page has no such file.", code="not_found")
    content = found.read_bytes()
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=TYPES[name.rsplit(".", 1)[-1]], headers=headers)


@cache
def _files() -> dict[str, Traversable]:
    return dict(_below(resources.files("videoxl.server") / "page", ""))


def _below(folder: Traversable, prefix: str) -> list[tuple[str, Traversable]]:
    found: list[tuple[str, Traversable]] = []
    for each in folder.iterdir() if folder.is_dir() else ():
        if each.is_dir():
            found += _below(each, f"{prefix}{each.name}/")
        elif each.name.rsplit(".", 1)[-1] in TYPES:
            found.append((prefix + each.name, each))
    return found
