"""How a decoding process and its parent talk: one job goes in as JSON, messages come out, each with a size in front.

The parent believes nothing of it: kinds, sizes and numbers are checked where they are read, and no message makes it
take more memory than the limits say. Pixels are plain bytes; nothing is unpickled.

Message: kind (1 byte), size of what follows (8 bytes). Text messages hold JSON. A frame holds when it appears, whether
it is damaged, height and width (0 by 0: lost), then its pixels, RGB, HWC.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

HEADER = struct.Struct("<cQ")
FRAME = struct.Struct("<d?II")
READY, LOOKED, FRAME_KIND, FAILED, END = b"R", b"L", b"F", b"E", b"Z"
KINDS = (READY, LOOKED, FRAME_KIND, FAILED, END)
MAX_TEXT_BYTES = 64 * 1024
MAX_JOB_BYTES = 64 * 2**20  # a million asked times as text
LENGTH = struct.Struct("<Q")


def read_job(descriptor: int) -> dict[str, Any]:
    """The job that the parent sends, in the child."""
    (size,) = LENGTH.unpack(_read_exactly(descriptor, LENGTH.size))
    assert size <= MAX_JOB_BYTES
    job: dict[str, Any] = json.loads(_read_exactly(descriptor, size))
    return job


def job_bytes(job: Mapping[str, Any]) -> bytes:
    """A job as it is sent."""
    text = json.dumps(job).encode()
    assert len(text) <= MAX_JOB_BYTES, f"a job of {len(text)} bytes"
    return LENGTH.pack(len(text)) + text


def send_text(descriptor: int, kind: bytes, content: Mapping[str, Any]) -> None:
    """Send a message of JSON, in the child."""
    text = json.dumps(content).encode()
    _write_all(descriptor, [HEADER.pack(kind, len(text)), text])


def send_frame(descriptor: int, picture_HWC: npt.NDArray[np.uint8] | None, *, seconds: float, is_damaged: bool) -> None:
    """Send a frame, or that it is lost, in the child."""
    if picture_HWC is None:
        _write_all(descriptor, [HEADER.pack(FRAME_KIND, FRAME.size) + FRAME.pack(seconds, is_damaged, 0, 0)])
        return
    height, width, _ = picture_HWC.shape
    pixels = np.ascontiguousarray(picture_HWC).data.cast("B")
    head = HEADER.pack(FRAME_KIND, FRAME.size + len(pixels)) + FRAME.pack(seconds, is_damaged, height, width)
    _write_all(descriptor, [head, pixels])


def _read_exactly(descriptor: int, size: int) -> bytes:
    parts = []
    while size:
        part = os.read(descriptor, min(size, 2**20))
        if not part:
            raise EOFError("the parent went away in the middle of a job")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _write_all(descriptor: int, parts: list[bytes | memoryview]) -> None:
    for part in parts:
        left = memoryview(part)
        while left:
            left = left[os.write(descriptor, left) :]
