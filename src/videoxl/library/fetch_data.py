"""A file inside an address (data:), as vLLM takes it: a video or a picture in base64, and nothing else."""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from urllib.parse import unquote

from videoxl.errors import FetchError, FetchRefusedError, FetchTooLargeError

KINDS = ("video/", "image/")
SLICE_LETTERS = 4 * 64 * 1024  # four letters are three bytes
MAX_HEAD_LETTERS = 200


def data_bytes(url: str, max_bytes: int) -> Iterator[bytes]:
    """The bytes of a data: address, some at a time.

    Raises:
        FetchRefusedError: It is not a video or a picture in base64.
        FetchTooLargeError: There are more than allowed; told before they are unpacked.
        FetchError: The base64 is broken.
    """
    comma = url.find(",", 0, MAX_HEAD_LETTERS)
    kind, *options = url[len("data:") : comma].lower().split(";") if comma >= 0 else [""]
    if not kind.startswith(KINDS) or "base64" not in (option.strip() for option in options):
        raise FetchRefusedError(
            "got a data: address that is no video or picture in base64: expected data:video/mp4;base64,... or the like."
        )
    if (len(url) - comma) * 3 // 4 > 3 * max_bytes + 3:  # at most thrice as long where every letter is escaped
        raise _too_large(max_bytes)
    letters = url[comma + 1 :]
    letters = unquote(letters) if "%" in letters else letters
    if len(letters.rstrip("=")) * 3 // 4 > max_bytes:
        raise _too_large(max_bytes)
    try:
        for start in range(0, len(letters), SLICE_LETTERS):
            yield binascii.a2b_base64(letters[start : start + SLICE_LETTERS], strict_mode=True)
    except (binascii.Error, ValueError) as error:
        raise FetchError("got a data: address whose base64 is broken: encode the file again.") from error


def _too_large(max_bytes: int) -> FetchTooLargeError:
    return FetchTooLargeError(
        f"got a data: address of more than {max_bytes:,} bytes, which is the limit: upload the file instead."
    )
