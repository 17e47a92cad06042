"""Whatever goes wrong behind a route, in OpenAI's shape: the right status, one sentence, nothing of our inside."""

from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from videoxl.errors import VideoXLError
from videoxl.server.problem import Problem, as_problem
from videoxl.server.protocol.chat import place_in_body
from videoxl.server.site import Site

SENTENCES = {
    404: ("there is no such route; see GET /openapi.json.", "not_found"),
    405: ("this route does not take that method.", "method_not_allowed"),
    400: ("the request cannot be read; send a JSON object.", "bad_request"),
}
WORDS_SHOWN = 100
NO_OBJECT = ("model_attributes_type", "model_type")


def handle_failures(app: FastAPI, site: Site) -> None:
    """Have the app answer failures so."""

    async def refuse(_: Request, error: Exception) -> Response:
        return site.said(_problem(error)).response()

    for kind in (Problem, HTTPException, RequestValidationError, VideoXLError):
        app.add_exception_handler(kind, refuse)


def _problem(error: Exception) -> Problem:
    if isinstance(error, (Problem, VideoXLError)):
        return as_problem(error)
    if isinstance(error, RequestValidationError):
        return _invalid(error.errors())
    assert isinstance(error, HTTPException), f"nothing else is handled here, got {type(error).__name__}"
    sentence, code = SENTENCES.get(error.status_code, ("the request was refused.", "refused"))
    return Problem(error.status_code, sentence, code=code, headers=error.headers)


def _invalid(found: Any) -> Problem:
    """The first fault of a body or query; how many more there are is said."""
    first = found[0]
    place = [part for part in place_in_body(first["loc"]) if part not in ("body", "query", "path", "header")]
    if first["type"] == "json_invalid":
        return Problem(400, "the body is not JSON; send a JSON object.", code="invalid_json")
    param = ".".join(place)[:WORDS_SHOWN] or None
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] in NO_OBJECT:
        message = (
            "expected a JSON object" if place else "expected a JSON object, sent as Content-Type: application/json"
        )
    more = f" ({len(found) - 1} more)" if len(found) > 1 else ""
    if first["type"] == "extra_forbidden":
        return Problem(400, f"unknown parameter {param!r}; leave it out.{more}", code="unknown_parameter", param=param)
    code = "missing" if first["type"] == "missing" else "invalid_value"
    return Problem(400, f"{param or 'the body'}: {message[:300]}.{more}", code=code, param=param)
