"""torchcodec as an optional, faster reader; found by importing it, because a broken install looks like a whole one.

Times and sizes mean the same as with PyAV, which has looked at the file first (allowed format, stream, real end).
Turned, interlaced and HDR videos stay with PyAV, and so does the rest of a video where torchcodec fails: damage is
stepped over and counted in one place.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from videoxl.errors import MissingDependencyError
from videoxl.video.batch import TimedFrame
from videoxl.video.file_source import FileSource
from videoxl.video.rgb import fit, scaled
from videoxl.video.source import VideoSource

NUM_THREADS = 0  # as many as FFmpeg likes
NUM_FRAMES_A_CALL = 8  # between two looks at whether the reader has gone
REFUSALS = (RuntimeError, IndexError, ValueError)  # what it raises for frames it cannot give


class TorchcodecSource(VideoSource):
    """A video file read with torchcodec, and with PyAV where that fails."""

    decoder: str = "torchcodec"

    def __init__(self, pyav: FileSource) -> None:
        self._decoder_class = _import_decoder()
        self._pyav = pyav
        self.info = pyav.info

    def fingerprint(self) -> str:
        """See `VideoSource.fingerprint`."""
        return self._pyav.fingerprint()

    def frames_at(
        self, asked: Sequence[float], *, max_side: int | None, stopped: threading.Event
    ) -> Iterator[TimedFrame]:
        """See `VideoSource.frames_at`."""
        num_read = 0
        if self._pyav.facts.is_plain:
            for timed in self._played_at(asked, max_side, stopped):
                num_read += 1
                yield timed
        if num_read < len(asked) and not stopped.is_set():
            yield from self._pyav.frames_at(asked[num_read:], max_side=max_side, stopped=stopped)

    def _played_at(
        self, asked: Sequence[float], max_side: int | None, stopped: threading.Event
    ) -> Iterator[TimedFrame]:
        """Frames until the end of what is asked, or until torchcodec refuses."""
        facts = self._pyav.facts
        size = fit(facts.stored_width, facts.stored_height, max_side)
        with self.info.path.open("rb") as file:
            try:
                decoder = self._decoder_class(file, stream_index=facts.stream_index, num_ffmpeg_threads=NUM_THREADS)
                origin = float(decoder.metadata.begin_stream_seconds or 0.0)
            except REFUSALS:
                return
            for start in range(0, len(asked), NUM_FRAMES_A_CALL):
                part = asked[start : start + NUM_FRAMES_A_CALL]
                if stopped.is_set():
                    return
                try:
                    played = decoder.get_frames_played_at(
                        [origin + second + facts.tolerance_seconds for second in part]
                    )
                except REFUSALS:
                    return
                frames_FHWC = np.asarray(played.data).transpose(0, 2, 3, 1)
                for second, began, picture_HWC in zip(part, played.pts_seconds, frames_FHWC, strict=True):
                    yield TimedFrame(second, max(0.0, float(began) - origin), scaled(picture_HWC, size))


def _import_decoder() -> Any:
    try:
        return importlib.import_module("torchcodec.decoders").VideoDecoder
    except (ImportError, OSError, RuntimeError, AttributeError) as error:
        raise MissingDependencyError(
            f"torchcodec cannot be used here ({type(error).__name__}): `pip install videoxl[fast-video]` "
            "together with FFmpeg libraries and a torch that fits, or use the backend pyav."
        ) from error
