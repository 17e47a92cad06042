"""A key for a cookie, for the page: a browser then sends it by itself, and no script can read it."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse

from videoxl.server.guesses import WINDOW_SECONDS
from videoxl.server.keys import COOKIE, SESSION_SECONDS, session_cookie
from videoxl.server.problem import Problem
from videoxl.server.protocol.memories import KeyBody
from videoxl.server.site import SiteOf

router = APIRouter(prefix="/v1/session")


@router.get("")
def get_session(request: Request, site: SiteOf) -> dict[str, Any]:
    """Whether a key is needed, and whether this browser has shown one."""
    return {
        "object": "session",
        "key_needed": not site.keys.is_empty,
        "signed_in": site.keys.is_empty or site.keys.admits(request.headers),
    }


@router.post("")
def begin_session(body: KeyBody, request: Request, site: SiteOf) -> JSONResponse:
    """Show a key and get the cookie."""
    answer = JSONResponse({"object": "session", "key_needed": not site.keys.is_empty, "signed_in": True})
    if site.keys.is_empty:
        return answer
    if site.guesses.are_too_many:
        raise Problem(
            429, "too many wrong keys were shown; wait a minute.", code="too_many_guesses",
            retry_seconds=round(WINDOW_SECONDS),
        )  # fmt: skip
    if not site.keys.holds(body.key):
        site.guesses.note_wrong()
        raise Problem(401, "this key does not open the server.", code="invalid_api_key", param="key")
    answer.set_cookie(
        COOKIE, site.keys.new_session(body.key), max_age=SESSION_SECONDS, httponly=True, samesite="strict",
        secure=request.url.scheme == "https", path="/",
    )  # fmt: skip
    return answer


@router.delete("")
def end_session(request: Request, site: SiteOf) -> JSONResponse:
    """Give the cookie back."""
    if cookie := session_cookie(request.headers.get("cookie", "")):
        site.keys.end_session(cookie)
    answer = JSONResponse({"object": "session", "key_needed": not site.keys.is_empty, "signed_in": site.keys.is_empty})
    answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return answer
