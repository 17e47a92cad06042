"""A video's bytes for a player: whole or in ranges, and never as anything that a browser would run."""

import os
import re
import weakref
from pathlib import Path

from starlette.responses import FileResponse
from starlette.types import Receive, Scope, Send

from videoxl.server.problem import Problem

OPAQUE = "application/octet-stream"
_ONE_RANGE = re.compile(rb"bytes=(\d{1,18})-(\d{0,18})|bytes=-(\d{1,18})")


class VideoResponse(FileResponse):
    """A file whose type was told by its content; whatever is neither video nor picture goes out as plain bytes.

    Args:
        descriptor: The file, open already: its bytes are sent, whatever is put under its name meanwhile. It is
            duplicated.
    """

    def __init__(self, path: Path, *, media_type: str, filename: str, etag: str, descriptor: int | None = None) -> None:
        """Raises Problem (404) where the file is gone."""
        is_shown = media_type.startswith(("video/", "image/")) and "svg" not in media_type
        try:
            status = path.stat() if descriptor is None else os.fstat(descriptor)
        except OSError:
            raise Problem(404, "the video is not here any more.", code="video_gone") from None
        self._held = None if descriptor is None else _Held(descriptor)
        super().__init__(
            path if self._held is None else self._held.name(path),
            media_type=media_type if is_shown else OPAQUE,
            filename=filename,
            stat_result=status,
            content_disposition_type="inline" if is_shown else "attachment",
            headers={
                "ETag": f'"{etag}"',
                "Cache-Control": "private, no-cache",
                "Content-Security-Policy": "default-src 'none'; sandbox",
            },
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See Starlette; a range that is none, or several at once, gets the whole file, as RFC 9110 has it."""
        try:
            await self._send(scope, receive, send)
        finally:
            if self._held is not None:
                self._held.close()

    async def _send(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.stat_result is not None, "given when this was made"
        given = dict(scope["headers"]).get(b"range")
        if given is not None:
            found = _ONE_RANGE.fullmatch(given.strip())
            if found is None or (found[2] and int(found[2]) < int(found[1])):
                scope = {**scope, "headers": [pair for pair in scope["headers"] if pair[0] != b"range"]}
            elif (found[1] and int(found[1]) >= self.stat_result.st_size) or (found[3] and int(found[3]) == 0):
                size = self.stat_result.st_size
                problem = Problem(
                    416, f"the range lies behind the end of the {size:,} bytes.", code="range_not_satisfiable",
                    headers={"Content-Range": f"bytes */{size}"},
                )  # fmt: skip
                return await problem.response()(scope, receive, send)
        await super().__call__(scope, receive, send)


class _Held:
    """An open file that can be opened again by a name of its own, until it is closed or forgotten."""

    def __init__(self, descriptor: int) -> None:
        descriptor = os.dup(descriptor)
        self._name = f"/dev/fd/{descriptor}"
        self.close = weakref.finalize(self, os.close, descriptor)

    def name(self, path: Path) -> str:
        """Its name; its path where this system does not name open files."""
        return self._name if os.path.exists(self._name) else str(path)
