"""A video's bytes for a player: whole or in ranges, and never as anything that a browser would run."""

import re
from pathlib import Path

from starlette.responses import FileResponse
from starlette.types import Receive, Scope, Send

from videoxl.server.problem import Problem

OPAQUE = "application/octet-stream"
_ONE_RANGE = re.compile(rb"bytes=(\d{1,18})-(\d{0,18})|bytes=-(\d{1,18})")


class VideoResponse(FileResponse):
    """A file whose type was told by its content; whatever is neither video nor picture goes out as plain bytes."""

    def __init__(self, path: Path, *, media_type: str, filename: str, etag: str) -> None:
        """Raises Problem (404) where the file is gone."""
        is_shown = media_type.startswith(("video/", "image/")) and "svg" not in media_type
        try:
            status = path.stat()
        except OSError:
            raise Problem(404, "the video is not here any more.", code="video_gone") from None
        super().__init__(
            path,
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
