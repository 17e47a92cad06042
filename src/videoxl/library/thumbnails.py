"""One small picture for each interval, taken from the frames that a model looks at while it watches.

Nothing is decoded twice: frames pass by on their way to the model, and of each interval the one is kept that differs
most from the frame before it, for that is what a person would look for.

F frames, C channels, H height, W width.
"""

import io
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from videoxl.library.picture import QUALITY, SIDE_PIXELS
from videoxl.memory.segment import Segment
from videoxl.video import VideoSource
from videoxl.video.batch import FrameStream, TimedFrame


class SeenSource(VideoSource):
    """A video whose frames are remembered, small, until the interval that they belong to is kept.

    Args:
        name: What people call it, where its file has another name.
    """

    def __init__(self, video: VideoSource, *, name: str) -> None:
        self._video = video
        self.info, self.decoder = replace(video.info, path=Path(name)), video.decoder
        self._seen: deque[tuple[float, npt.NDArray[np.uint8]]] = deque()

    def fingerprint(self) -> str:
        """See `VideoSource.fingerprint`; a long file is read through once."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        return self._video.fingerprint()

    def frames_at(
        self, asked: Sequence[float], *, max_side: int | None, stopped: threading.Event
    ) -> Iterator[TimedFrame]:
        """See `VideoSource.frames_at`."""
        return self._video.frames_at(asked, max_side=max_side, stopped=stopped)

    def read(self, seconds: Sequence[float] | npt.NDArray[np.float64], **options: Any) -> FrameStream:
        """See `VideoSource.read`."""
        self._seen.clear()
        return self._passing(self._video.read(seconds, **options))

    def picture_of(self, segment: Segment) -> bytes | None:
        """The JPEG of an interval; nothing before its end is remembered afterwards. None where its frames are gone."""
        frames = {}
        while self._seen and self._seen[0][0] <= segment.frame_seconds[-1]:
            second, frame_HWC = self._seen.popleft()
            frames[second] = frame_HWC
        if not frames:
            return None
        telling = segment.frame_seconds[_most_telling(segment)]
        return _jpeg(frames[min(frames, key=lambda second: abs(second - telling))])

    def _passing(self, stream: FrameStream) -> FrameStream:
        with closing(stream):
            for batch in stream:
                for frame_CHW, second in zip(batch.frames_FCHW, batch.seconds_F, strict=True):
                    self._seen.append((float(second), _small(frame_CHW)))
                yield batch


def _most_telling(segment: Segment) -> int:
    """The frame that differs most from the one before it; the first frame of a video has none before it."""
    first = 1 if segment.first_frame == 0 else 0
    known = range(first, len(segment.similarities))
    return min(known, key=segment.similarities.__getitem__, default=segment.num_frames // 2)


def _small(frame_CHW: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """A copy (H, W, C) of a frame, no larger than a thumbnail."""
    from PIL import Image

    frame_HWC = frame_CHW.transpose(1, 2, 0).copy()
    height, width, _ = frame_HWC.shape
    longer = max(height, width)
    if longer <= SIDE_PIXELS:
        return frame_HWC
    size = max(1, round(width * SIDE_PIXELS / longer)), max(1, round(height * SIDE_PIXELS / longer))
    return np.asarray(Image.fromarray(frame_HWC).resize(size, reducing_gap=2))


def _jpeg(frame_HWC: npt.NDArray[np.uint8]) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(frame_HWC).save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()
