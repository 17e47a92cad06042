"""A decoded frame turned into the picture a person would see: upright, square pixels, 8-bit RGB, whole.

- Interlaced frames are deinterlaced (bwdif) with the frames next to them.
- HDR (PQ and HLG) is tone-mapped to sRGB; plain 10-bit is rounded to 8.
- A clip that changes its size midway keeps the size it began with.
"""

from __future__ import annotations

from fractions import Fraction

import av.filter
import numpy as np
import numpy.typing as npt
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorTrc, Interpolation, VideoReformatter

from videoxl.video.probe import HDR_TRANSFERS, StreamFacts

ANY_CLOCK = Fraction(1, 1000)
# Without full chroma, swscale's shortcut makes every scaled picture two levels too dark.
SCALING = Interpolation.BICUBIC | Interpolation.FULL_CHR_H_INT


class RgbConverter:
    """Frames of one stream to RGB of one size. Holds the scaler, whose HDR tables take seconds to build."""

    def __init__(self, facts: StreamFacts, *, max_side: int | None = None) -> None:
        self._facts = facts
        self._width, self._height = fit(facts.stored_width, facts.stored_height, max_side)
        self._reformatter = VideoReformatter()

    def convert(
        self, frame: VideoFrame, *, previous: VideoFrame | None, following: VideoFrame | None
    ) -> npt.NDArray[np.uint8]:
        """The frame as HWC; the neighbours serve deinterlacing only."""
        whole = _deinterlaced(frame, previous, following) if frame.interlaced_frame else frame
        rgb = self._to_rgb(whole)
        return self._facts.orientation.apply(np.asarray(rgb.to_ndarray(), dtype=np.uint8))

    def _to_rgb(self, frame: VideoFrame) -> VideoFrame:
        if frame.color_trc in HDR_TRANSFERS:
            try:
                return self._reformat(frame, ColorTrc.IEC61966_2_1, ColorPrimaries.BT709)
            except FFmpegError:  # a mix of tags that swscale has no map for: dull colours beat no frame
                return self._reformat(frame, None, None)
        return self._reformat(frame, None, None)

    def _reformat(self, frame: VideoFrame, trc: ColorTrc | None, primaries: ColorPrimaries | None) -> VideoFrame:
        return self._reformatter.reformat(
            frame,
            width=self._width,
            height=self._height,
            format="rgb24",
            interpolation=SCALING,
            dst_color_trc=trc,
            dst_color_primaries=primaries,
            threads=1,
        )


def fit(width: int, height: int, max_side: int | None) -> tuple[int, int]:
    """The size scaled down, never up, so that the longer side is at most max_side."""
    longer = max(width, height)
    if max_side is None or longer <= max_side:
        return width, height
    return max(1, round(width * max_side / longer)), max(1, round(height * max_side / longer))


def scaled(picture_HWC: npt.NDArray[np.uint8], size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """An RGB picture at another width and height."""
    height, width, _ = picture_HWC.shape
    if (width, height) == size:
        return picture_HWC
    frame = VideoFrame.from_ndarray(np.ascontiguousarray(picture_HWC), format="rgb24")
    small = frame.reformat(width=size[0], height=size[1], interpolation=SCALING, threads=1)
    return np.asarray(small.to_ndarray(), dtype=np.uint8)


def _deinterlaced(frame: VideoFrame, previous: VideoFrame | None, following: VideoFrame | None) -> VideoFrame:
    """One progressive frame of an interlaced one; without any neighbour the frame is left woven."""
    around = [near if near is not None and _is_like(near, frame) else None for near in (previous, following)]
    if around == [None, None]:
        return frame
    graph = av.filter.Graph()
    # Only the order of the three matters to the filter, so any clock will do.
    source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=ANY_CLOCK)
    bwdif = graph.add("bwdif", "mode=send_frame:deint=all")
    sink = graph.add("buffersink")
    graph.link_nodes(source, bwdif, sink).configure()
    for near in (around[0], frame, around[1]):
        if near is not None:
            graph.push(near)
    graph.push(None)
    if around[0] is not None:
        graph.vpull()
    return graph.vpull()


def _is_like(near: VideoFrame, frame: VideoFrame) -> bool:
    return (near.width, near.height, near.format.name) == (frame.width, frame.height, frame.format.name)
