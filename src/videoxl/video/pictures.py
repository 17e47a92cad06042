"""Pictures as a short video: a file, a folder in natural order, or a list; picture i is on screen at second i.

EXIF orientation is respected. All headers are read when the source is opened, so a broken or huge picture is named
before any work is done. Pictures keep their own sizes: a new size begins a new batch.
"""

from __future__ import annotations

import math
import threading
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from videoxl.errors import VideoDecodeError, VideoFormatError, VideoNotFoundError
from videoxl.video.allow_list import MAX_PICTURE_PIXELS, PICTURE_FORMATS
from videoxl.video.batch import TimedFrame
from videoxl.video.fingerprint import source_fingerprint
from videoxl.video.folder import picture_paths
from videoxl.video.info import VideoInfo
from videoxl.video.media_file import MediaFile
from videoxl.video.source import VideoSource

SIXTEEN_BIT_MODES = ("I;16", "I;16B", "I;16L", "I")
EXIF_ORIENTATION = 0x0112
TURNED_ORIENTATIONS = (5, 6, 7, 8)  # width and height change places
TIME_SLACK_SECONDS = 1e-6


class PictureSource(VideoSource):
    """Still pictures, one a second."""

    decoder: str = "pillow"

    def __init__(self, source: str | Path | MediaFile | Sequence[str | Path]) -> None:
        self._source = source.path if isinstance(source, MediaFile) else source
        self._pictures = _picture_files(source)
        sizes = [_checked_size(picture) for picture in self._pictures]
        is_single = len(self._pictures) == 1 or not isinstance(source, (str, Path))
        self.info = VideoInfo(
            path=self._pictures[0].path if is_single else Path(str(source)),
            duration_seconds=float(len(self._pictures)),
            width=sizes[0][0],
            height=sizes[0][1],
            rotation=0,
            codec="pictures",
            fps=1.0,
            claimed_num_frames=len(self._pictures),
            claimed_duration_seconds=None,
            size_bytes=sum(picture.num_bytes() for picture in self._pictures),
            has_audio=False,
        )

    def fingerprint(self) -> str:
        """See `VideoSource.fingerprint`."""
        return source_fingerprint(self._source)

    def frames_at(
        self, asked: Sequence[float], *, max_side: int | None, stopped: threading.Event
    ) -> Iterator[TimedFrame]:
        """The pictures on screen at the asked times; what is asked past the last one is lost."""
        for second in asked:
            if stopped.is_set():
                return
            index = math.floor(second + TIME_SLACK_SECONDS)
            is_there = index < len(self._pictures)
            picture_HWC = load_picture(self._pictures[index], max_side=max_side) if is_there else None
            yield TimedFrame(second, float(index), picture_HWC)


def load_picture(source: Path | MediaFile, *, max_side: int | None = None) -> npt.NDArray[np.uint8]:
    """A picture upright as RGB, HWC, scaled down so that its longer side is at most `max_side`."""
    media = source if isinstance(source, MediaFile) else MediaFile(source)
    try:
        with media.open() as file, Image.open(file, formats=PICTURE_FORMATS) as stored:
            picture = ImageOps.exif_transpose(_eight_bit(stored))
            if max_side is not None:
                picture.thumbnail((max_side, max_side), Image.Resampling.BICUBIC)
            return np.asarray(picture.convert("RGB"))
    except (OSError, SyntaxError, ValueError) as error:
        raise VideoDecodeError(f"{media} is a damaged picture ({error}): copy it again or leave it out.") from error


def _picture_files(source: str | Path | MediaFile | Sequence[str | Path]) -> list[MediaFile]:
    if isinstance(source, MediaFile):
        return [source]
    return [MediaFile(path, max_pixels=MAX_PICTURE_PIXELS) for path in picture_paths(source)]


def _checked_size(media: MediaFile) -> tuple[int, int]:
    if media.descriptor is None and not media.path.exists():
        raise VideoNotFoundError(f"{media} does not exist: check the path.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # refused below, with our own words
            with media.open() as file, Image.open(file, formats=PICTURE_FORMATS) as picture:
                width, height = picture.size
                is_turned = _orientation(picture) in TURNED_ORIENTATIONS
    except Image.DecompressionBombError as error:
        raise _too_large(media) from error
    except (OSError, SyntaxError, ValueError) as error:
        raise VideoFormatError(
            f"{media} is not a picture we can read: expected jpg, png, webp, bmp or tiff."
        ) from error
    if width * height > media.max_pixels:
        raise _too_large(media)
    return (height, width) if is_turned else (width, height)


def _orientation(picture: Image.Image) -> int | None:
    """The EXIF orientation in the header; Pillow would unpack a whole PNG to look for one behind its pixels."""
    if picture.format == "PNG" and "exif" not in picture.info:
        return None
    return picture.getexif().get(EXIF_ORIENTATION)


def _too_large(media: MediaFile) -> VideoFormatError:
    return VideoFormatError(f"{media} unpacks to more than {media.max_pixels:,} pixels: scale it down first.")


def _eight_bit(picture: Image.Image) -> Image.Image:
    """Pillow clips 16-bit grey at 255; keep its high byte instead."""
    if picture.mode not in SIXTEEN_BIT_MODES:
        return picture
    grey_HW = np.asarray(picture).astype(np.int64)
    return Image.fromarray((np.clip(grey_HW, 0, 65535) >> 8).astype(np.uint8))
