"""What went wrong, in the shape that OpenAI's clients know: `{"error": {message, type, param, code}}`."""

from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from videoxl import errors

_TYPES = {400: "invalid_request_error", 401: "authentication_error", 403: "permission_error", 404: "not_found_error",
          429: "rate_limit_error"}  # fmt: skip


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
        names_folders: bool = False,
    ) -> None:
        """Args: names_folders: Whether the sentence may name folders of this machine, and has to be redacted."""
        super().__init__(status, message, headers=dict(headers) if headers else None)
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


def as_problem(error: errors.VideoXLError) -> Problem:
    """One of our errors as a refusal."""
    for kind, status, code in STATUS:
        if isinstance(error, kind):
            return Problem(status, str(error), code=code, names_folders=True)
    return Problem(500, str(error), code="failed", names_folders=True)
