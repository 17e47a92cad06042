"""What went wrong, in the shape that OpenAI's clients know: `{"error": {message, type, param, code}}`."""

from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from videoxl import errors

_TYPES = {400: "invalid_request_error", 401: "authentication_error", 403: "permission_error", 404: "not_found_error",
          429: "rate_limit_error"}  # fmt: skip

RESTART_SECONDS = 2  # before a client looks whether a server that was stopped is back


class Problem(HTTPException):
    """A refusal: status, a sentence, and which parameter it is about."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
        retry_seconds: int | None = None,
        names_folders: bool = False,
    ) -> None:
        """A refusal.

        Args:
            retry_seconds: When it is worth trying again.
            names_folders: Whether the sentence may name folders of this machine, and has to be redacted.
        """
        retry = {} if retry_seconds is None else {"Retry-After": str(retry_seconds)}
        super().__init__(status, message, headers={**(headers or {}), **retry} or None)
        self.message, self.code, self.param, self.names_folders = message, code, param, names_folders

    @property
    def body(self) -> dict[str, Any]:
        """The JSON of the error."""
        usual = "server_error" if self.status_code >= 500 else "invalid_request_error"
        return {
            "error": {
                "message": self.message,
                "type": _TYPES.get(self.status_code, usual),
                "param": self.param,
                "code": self.code,
            }
        }

    def response(self) -> JSONResponse:
        """The error as an answer."""
        return JSONResponse(self.body, self.status_code, headers=self.headers)


STATUS: tuple[tuple[type[errors.VideoXLError], int, str], ...] = (
    (errors.VideoNotFoundError, 404, "video_not_found"),
    (errors.EntryNotFoundError, 404, "memory_not_found"),
    (errors.LeaseLostError, 409, "memory_changed"),
    (errors.LibraryError, 503, "library_unavailable"),
    (errors.FetchRefusedError, 403, "source_not_allowed"),
    (errors.FetchTooLargeError, 413, "too_large"),
    (errors.FetchError, 422, "fetch_failed"),
    (errors.VideoError, 422, "video_unreadable"),
    (errors.MemoryMismatchError, 409, "memory_mismatch"),
    (errors.MemoryFormatError, 422, "memory_unreadable"),
    (errors.CapacityError, 507, "capacity"),
    (errors.MissingDependencyError, 501, "not_installed"),
    (errors.UsageError, 400, "invalid_value"),
)
"""Our errors as HTTP says them; the first that fits counts."""


def as_problem(error: Problem | errors.VideoXLError) -> Problem:
    """A refusal, or one of our errors, as a refusal."""
    if isinstance(error, Problem):
        return error
    for kind, status, code in STATUS:
        if isinstance(error, kind):
            return Problem(status, str(error), code=code, names_folders=True)
    return Problem(500, str(error), code="failed", names_folders=True)


def shutting_down() -> Problem:
    """What is said to whoever wants something of a server that is about to end."""
    return Problem(
        503, "the server is shutting down; try again when it is back.", code="shutting_down",
        retry_seconds=RESTART_SECONDS,
    )  # fmt: skip
