"""What can be watched: something that says what it is and gives the frames on screen at asked times.

A source brings its own `frames_at` and `fingerprint`; checking what is asked, reading ahead in a thread, batching and
the time limit are the same for all and stand here.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from videoxl.errors import UsageError, VideoDecodeError
from videoxl.video.batch import FrameStream, TimedFrame, batches
from videoxl.video.info import VideoInfo
from videoxl.video.readahead import read_ahead

NUM_CHUNKS_AHEAD = 2
MAX_CHUNK_FRAMES = 4096


class Watchable(ABC):
    """What can be watched where a path could be given: a source, or something that can be shown as one."""

    @abstractmethod
    def as_source(self) -> VideoSource:
        """How it is watched."""


class VideoSource(Watchable):
    """Something that can be watched. Reading leaves it as it was: read it again, or twice at once."""

    info: VideoInfo
    """What it is."""
    decoder: str = "drawn"
    """What makes its frames; drawn ones come out of no file."""

    def as_source(self) -> VideoSource:
        """Itself."""
        return self

    @abstractmethod
    def fingerprint(self) -> str:
        """SHA-256, in hex, of all that decides what it shows: what a memory remembers its source by."""

    @abstractmethod
    def frames_at(
        self, asked: Sequence[float], *, max_side: int | None, stopped: threading.Event
    ) -> Iterator[TimedFrame]:
        """Frames one by one in this thread, until all are given or `stopped` is set."""

    def read(
        self,
        seconds: Sequence[float] | npt.NDArray[np.float64],
        *,
        chunk_frames: int = 16,
        time_limit_seconds: float | None = None,
        max_side: int | None = None,
    ) -> FrameStream:
        """Frames on screen at the asked, rising times, in batches of at most `chunk_frames` (fewer if frames are big).

        Every asked time gives one frame or is counted in a batch's `num_lost`. Frames are read ahead in a thread that
        ends when the iterator is closed, fails, or has been waited for longer than `time_limit_seconds` in all.
        `max_side` scales frames down so that their longer side fits. Options are checked here and now, not at the
        first batch.
        """
        asked = _checked_seconds(seconds)
        _check_at_least("chunk_frames", chunk_frames, 1)
        _check_at_least("max_side", max_side, 1)
        if time_limit_seconds is not None and not time_limit_seconds > 0:
            raise UsageError(f"got a time limit of {time_limit_seconds} s: expected more than zero seconds.")

        def produce(stopped: threading.Event) -> FrameStream:
            frames = self.frames_at(asked, max_side=max_side, stopped=stopped)
            return batches(frames, chunk_frames=min(chunk_frames, MAX_CHUNK_FRAMES))

        stream = read_ahead(produce, num_ahead=NUM_CHUNKS_AHEAD, time_limit_seconds=time_limit_seconds)
        return _told(self.info, stream, len(asked), time_limit_seconds)


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
