"""Timed frames on their way to a model, in chunks small enough to hold.

Letters: F frames, C channels, H height, W width.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

MAX_CHUNK_BYTES = 32 * 2**20  # five 1080p frames: a handful of chunks in flight stays far under 300 MB


@dataclass(frozen=True, slots=True)
class TimedFrame:
    """The answer to one asked time: the picture then on screen and since when, or no picture when it is lost."""

    asked_seconds: float
    seconds: float
    picture_HWC: npt.NDArray[np.uint8] | None
    is_damaged: bool = False


@dataclass(frozen=True, slots=True)
class FrameBatch:
    """Frames in the order they were asked for, all of one size; never empty.

    `seconds_F` is when each frame really appears, `asked_F` the time it was asked for. `num_lost` counts asked times
    since the last batch that have no frame here; `num_damaged` counts frames here that the decoder had to patch up.
    """

    frames_FCHW: npt.NDArray[np.uint8]
    seconds_F: npt.NDArray[np.float64]
    asked_F: npt.NDArray[np.float64]
    num_lost: int = 0
    num_damaged: int = 0

    @property
    def num_frames(self) -> int:
        """Frames in this batch."""
        return len(self.seconds_F)


FrameStream = Generator[FrameBatch, None, None]


def batches(timed_frames: Iterable[TimedFrame], *, chunk_frames: int) -> FrameStream:
    """Group frames into batches of at most `chunk_frames` and `MAX_CHUNK_BYTES`; a new size begins a new batch.

    A batch is let go when the next frame arrives, so what is lost at the very end is counted in the last batch. When
    everything is lost there is no batch at all.
    """
    chunk: _Chunk | None = None
    num_lost = 0
    for timed in timed_frames:
        if timed.picture_HWC is None:
            num_lost += 1
            continue
        if chunk is not None and not chunk.has_room_for(timed.picture_HWC):
            yield chunk.batch(num_lost)
            chunk, num_lost = None, 0
        if chunk is None:
            chunk = _Chunk(timed.picture_HWC.shape, chunk_frames)
        chunk.add(timed)
    if chunk is not None:
        yield chunk.batch(num_lost)


class _Chunk:
    """Room for one batch, taken once, filled frame by frame."""

    def __init__(self, shape_HWC: tuple[int, ...], chunk_frames: int) -> None:
        height, width, channels = shape_HWC
        room = min(chunk_frames, max(1, MAX_CHUNK_BYTES // (height * width * channels)))
        self._frames_FCHW = np.empty((room, channels, height, width), np.uint8)
        self._timed: list[tuple[float, float, bool]] = []

    def has_room_for(self, picture_HWC: npt.NDArray[np.uint8]) -> bool:
        room, _, height, width = self._frames_FCHW.shape
        return len(self._timed) < room and picture_HWC.shape[:2] == (height, width)

    def add(self, timed: TimedFrame) -> None:
        assert timed.picture_HWC is not None
        self._frames_FCHW[len(self._timed)] = timed.picture_HWC.transpose(2, 0, 1)  # HWC -> CHW
        self._timed.append((timed.seconds, timed.asked_seconds, timed.is_damaged))

    def batch(self, num_lost: int) -> FrameBatch:
        seconds, asked, is_damaged = zip(*self._timed, strict=True)
        return FrameBatch(
            frames_FCHW=self._frames_FCHW[: len(seconds)],
            seconds_F=np.array(seconds, np.float64),
            asked_F=np.array(asked, np.float64),
            num_lost=num_lost,
            num_damaged=sum(is_damaged),
        )
