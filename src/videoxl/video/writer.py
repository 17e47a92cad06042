"""Write pictures as an H.264 film: open with a size and a rate, give frames, close.

The same frames give the same bytes: one encoder thread, no clock in the file. The rate is constant, so frame n is shown
from n / fps to (n + 1) / fps. H.264 with 4:2:0 colour needs even sides.

Shapes: H height, W width.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np

from videoxl.errors import UsageError

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.stream import VideoStream

KEYFRAME_SECONDS = 2  # how far a reader that seeks has to decode at most
MAX_DENOMINATOR = 1001  # enough for 30000/1001
SAME_BYTES = "mbtree=0"  # x264's macroblock tree with B-frames reads memory it never wrote: other bytes on every run


class FilmWriter:
    """A film file that takes uint8 RGB frames one by one; use it in a `with` block.

    Leaving the block by an error removes the unfinished file.

    Args:
        path: where the film goes; the suffix names the container (.mp4).
        quality: the encoder's constant rate factor; 18 looks lossless, 28 is small, 35 is coarse.
    """

    def __init__(self, path: str | Path, *, width: int, height: int, fps: float, quality: int = 26) -> None:
        if width <= 0 or height <= 0 or width % 2 or height % 2:
            raise UsageError(f"a film of {width}x{height} cannot be written; both sides must be even and above 0.")
        if fps <= 0:
            raise UsageError(f"a film cannot have {fps} frames a second; give a number above 0.")
        self.path = Path(path)
        self.width, self.height, self.fps = width, height, fps
        self.num_frames = 0
        self._quality = quality
        self._container: OutputContainer | None = None
        self._stream: VideoStream | None = None

    def __enter__(self) -> FilmWriter:
        import av

        rate = Fraction(self.fps).limit_denominator(MAX_DENOMINATOR)
        container = av.open(str(self.path), "w", options={"movflags": "+faststart"})
        stream = container.add_stream("libx264", rate=rate)
        stream.width, stream.height, stream.pix_fmt = self.width, self.height, "yuv420p"
        stream.codec_context.thread_count = 1
        stream.codec_context.gop_size = max(1, round(KEYFRAME_SECONDS * self.fps))
        stream.options = {"crf": str(self._quality), "preset": "slow", "x264-params": SAME_BYTES}
        self._container, self._stream = container, stream
        return self

    def write(self, frame_HW3: np.ndarray) -> None:
        """Append one uint8 RGB frame of the film's size."""
        import av

        assert self._container is not None, "use FilmWriter in a with block"
        assert self._stream is not None
        expected = (self.height, self.width, 3)
        assert frame_HW3.shape == expected, f"a frame of {frame_HW3.shape}, expected {expected}"
        assert frame_HW3.dtype == np.uint8, f"a frame of {frame_HW3.dtype}, expected uint8"
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame_HW3), format="rgb24")
        frame.pts = self.num_frames
        self._container.mux(self._stream.encode(frame))
        self.num_frames += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._container is not None
        assert self._stream is not None
        if kind is None:
            self._container.mux(self._stream.encode(None))
        self._container.close()
        self._container, self._stream = None, None
        if kind is not None:
            self.path.unlink(missing_ok=True)
