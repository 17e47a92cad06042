"""What every source does around its own frames: check what is asked, read ahead, batch, keep the time limit."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from videoxl.errors import UsageError, VideoDecodeError
from videoxl.video.batch import FrameStream, TimedFrame, batches
from videoxl.video.info import VideoInfo
from videoxl.video.readahead import read_ahead

NUM_CHUNKS_AHEAD = 2
MAX_CHUNK_FRAMES = 4096

Produce = Callable[[Sequence[float], threading.Event], Iterator[TimedFrame]]


def read_frames(
    info: VideoInfo,
    produce: Produce,
    seconds: Sequence[float] | npt.NDArray[np.float64],
    *,
    chunk_frames: int,
    time_limit_seconds: float | None,
    max_side: int | None,
) -> FrameStream:
    """Batches of what `produce` gives for the asked times; options are checked here and now, not at the first batch."""
    asked = _checked_seconds(seconds)
    _check_at_least("chunk_frames", chunk_frames, 1)
    _check_at_least("max_side", max_side, 1)
    if time_limit_seconds is not None and not time_limit_seconds > 0:
        raise UsageError(f"got a time limit of {time_limit_seconds} s: expected more than zero seconds.")
    stream = read_ahead(
        lambda stopped: batches(produce(asked, stopped), chunk_frames=min(chunk_frames, MAX_CHUNK_FRAMES)),
        num_ahead=NUM_CHUNKS_AHEAD,
        time_limit_seconds=time_limit_seconds,
    )
    return _told(info, stream, len(asked), time_limit_seconds)


def _told(info: VideoInfo, stream: FrameStream, num_asked: int, time_limit_seconds: float | None) -> FrameStream:
    """The same batches; a limit that is reached and a video that gives nothing are said with numbers."""
    num_read = 0
    try:
        for batch in stream:
            num_read += batch.num_frames
            yield batch
            del batch  # or it would be held while the next one is waited for
    except TimeoutError as error:
        raise VideoDecodeError(
            f"{info.path}: reading took longer than the limit of {time_limit_seconds:g} s, with {num_read} of "
            f"{num_asked} frames read. Raise the limit or ask for fewer frames."
        ) from error
    finally:
        stream.close()
    if num_asked and not num_read:
        raise VideoDecodeError(
            f"{info.path}: none of the {num_asked} asked frames can be read; it lasts {info.duration_seconds:g} s. "
            "It is damaged or cut off there; copy it again or ask for other times."
        )


def _checked_seconds(seconds: Sequence[float] | npt.NDArray[np.float64]) -> list[float]:
    asked_F = np.asarray(seconds, np.float64)
    if asked_F.ndim != 1 or not np.isfinite(asked_F).all() or (asked_F < 0).any() or (np.diff(asked_F) < 0).any():
        raise UsageError("expected the times to read as one rising row of seconds, 0 or more: sort them first.")
    return [float(second) for second in asked_F]


def _check_at_least(name: str, value: int | None, least: int) -> None:
    if value is not None and value < least:
        raise UsageError(f"got {name} {value}: expected {least} or more.")
