"""What a decoding process says of a file, read with suspicion: a compromised one can say anything."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from videoxl.video.info import VideoInfo

ROTATIONS = (0, 90, 180, 270)
MAX_CODEC_LETTERS = 40
MOST = 2**53  # of any count


class ReportError(Exception):
    """It is nothing that an honest process says."""


def video_info(report: object, *, path: Path, num_bytes: int) -> VideoInfo:
    """The report as what it should be; the path and the size are ours, whatever it says.

    Raises:
        ReportError: A field is missing, is of another type, or has no possible value.
    """
    if not isinstance(report, Mapping):
        raise ReportError("no report")
    codec = report.get("codec")
    if not (isinstance(codec, str) and 0 < len(codec) <= MAX_CODEC_LETTERS and codec.isascii() and codec.isprintable()):
        raise ReportError("codec")
    rotation, has_audio = report.get("rotation"), report.get("has_audio")
    if rotation not in ROTATIONS or not isinstance(has_audio, bool):
        raise ReportError("rotation or sound")
    duration, width, height = (_positive(report, name) for name in ("duration_seconds", "width", "height"))
    if duration is None or not (isinstance(width, int) and isinstance(height, int)):
        raise ReportError("duration or size")
    num_frames = _positive(report, "claimed_num_frames")
    return VideoInfo(
        path=path,
        duration_seconds=float(duration),
        width=width,
        height=height,
        rotation=int(rotation),
        codec=codec,
        fps=_positive(report, "fps"),
        claimed_num_frames=None if num_frames is None else int(num_frames),
        claimed_duration_seconds=_positive(report, "claimed_duration_seconds"),
        size_bytes=num_bytes,
        has_audio=has_audio,
    )


def _positive(report: Mapping[Any, Any], name: str) -> int | float | None:
    """A number above zero, or nothing."""
    value = report.get(name)
    if value is None:
        return None
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float))
        or not (math.isfinite(value) and 0 < value < MOST)
    ):
        raise ReportError(name)
    return value
