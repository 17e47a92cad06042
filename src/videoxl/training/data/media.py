"""Images and videos of an example as pixel values for the tower: tiles, or frames at chosen moments.

A video is turned into pixel values chunk by chunk, so that a film in 4K is never held as it was decoded.

F frames.
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from videoxl.errors import ExampleError, UsageError, VideoError
from videoxl.model import VideoXLProcessor
from videoxl.model.modeling_videoxl import FRAMES_AT_ONCE
from videoxl.model.tiles import MOST_TILES, grid_resolutions, image_tiles
from videoxl.training.data.example import Example, ImagePart, MediaPart, VideoPart
from videoxl.video import SampleConfig, SampledTimes, VideoSource, open_video, sample_times
from videoxl.video.pictures import PictureSource, load_picture


@dataclass(frozen=True, slots=True)
class MediaLimits:
    """How much of an example's media is looked at; what a limit leaves out is said in the item's notes."""

    fps: float = 1.0
    max_frames: int = 128
    """Frames of all videos of one example together, in equal shares; uniform where the fps would give more."""
    max_tiles: int = MOST_TILES
    """Tiles of one image."""
    max_tiled_images: int = 4
    """Images of one example up to which each becomes a grid of tiles; with more of them each is one frame."""
    max_images: int = 256
    """Images of one example; more make it a bad one."""
    read_seconds: float = 600.0
    """Time to read one video; a slower one makes its example a bad one."""

    def __post_init__(self) -> None:
        if not self.fps > 0:
            raise UsageError(f"fps is {self.fps}: expected more than 0.")
        for name, least in (("max_frames", 1), ("max_tiles", 2), ("max_tiled_images", 0), ("max_images", 1)):
            if getattr(self, name) < least:
                raise UsageError(f"{name} is {getattr(self, name)}: expected {least} or more.")
        if not self.read_seconds > 0:
            raise UsageError(f"read_seconds is {self.read_seconds}: expected more than 0.")


@dataclass(frozen=True, slots=True)
class MediaFrames:
    """One media part as the tower takes it, and what is missing from it."""

    pixels: torch.Tensor
    """(F, 3, height, width)."""
    seconds: tuple[float, ...]
    notes: tuple[str, ...] = ()


class MediaReader:
    """Reads the media of examples, within limits, for one model."""

    def __init__(self, processor: VideoXLProcessor, *, image_size: int, limits: MediaLimits | None = None) -> None:
        self._processor, self._image_size = processor, image_size
        self.limits = limits or MediaLimits()
        self._resolutions = grid_resolutions(image_size, most_tiles=self.limits.max_tiles)

    def read(
        self, example: Example, locate: Callable[[str], Path], *, max_frames: int | None = None
    ) -> list[MediaFrames]:
        """Every media part in order; `max_frames` may ask for fewer frames than the limits allow.

        Raises:
            ExampleError: A file is missing or cannot be read, or there are too many.
        """
        num_images = check_number_of_images(example, self.limits)
        most = self.limits.max_frames if max_frames is None else min(max_frames, self.limits.max_frames)
        share = frames_of_one_video(example, most)
        is_tiled = num_images <= self.limits.max_tiled_images
        return [self._read_part(part, locate(part.path), share, is_tiled) for part in example.media]

    def _read_part(self, part: MediaPart, path: Path, max_frames: int, is_tiled: bool) -> MediaFrames:
        try:
            if isinstance(part, ImagePart):
                return self._read_image(part, path, is_tiled)
            return self._read_video(part, path, max_frames)
        except (VideoError, UsageError) as error:
            raise ExampleError(f"{part.path}: {error}") from error

    def _read_image(self, part: ImagePart, path: Path, is_tiled: bool) -> MediaFrames:
        PictureSource([path])  # looks at the header: a bomb, or no picture, is refused before it is unpacked
        image_hwc = load_picture(path)
        if is_tiled:
            frames_FCHW = image_tiles(image_hwc, tile_side=self._image_size, resolutions=self._resolutions)
            return MediaFrames(self._processor.pixel_values(frames_FCHW), tuple(map(float, range(len(frames_FCHW)))))
        note = f"{part.path} is one frame, not tiles: the example has more than {self.limits.max_tiled_images} images"
        return MediaFrames(self._processor.pixel_values(image_hwc.transpose(2, 0, 1)[None]), (0.0,), (note,))

    def _read_video(self, part: VideoPart, path: Path, max_frames: int) -> MediaFrames:
        video = open_video(path)
        chosen = choose_times(video, part, fps=self.limits.fps, max_frames=max_frames)
        frames = video.read(
            chosen.seconds_F,
            chunk_frames=FRAMES_AT_ONCE,
            time_limit_seconds=self.limits.read_seconds,
            max_side=self._processor.max_side,
        )
        pixels: list[torch.Tensor] = []
        seconds: list[float] = []
        with closing(frames):
            for batch in frames:
                pixels.append(self._processor.pixel_values(batch.frames_FCHW))
                seconds.extend(batch.seconds_F.tolist())
        return MediaFrames(torch.cat(pixels), tuple(seconds), tuple(_missing(part, chosen, len(seconds))))


def check_number_of_images(example: Example, limits: MediaLimits) -> int:
    """How many images an example has; too many are refused."""
    num_images = sum(isinstance(part, ImagePart) for part in example.media)
    if num_images > limits.max_images:
        raise ExampleError(f"it has {num_images} images: expected at most max_images {limits.max_images}.")
    return num_images


def frames_of_one_video(example: Example, max_frames: int) -> int:
    """The equal share of a bound on frames that each video of an example has, at least one."""
    num_videos = sum(isinstance(part, VideoPart) for part in example.media)
    return max(1, max_frames // max(1, num_videos))


def choose_times(video: VideoSource, part: VideoPart, *, fps: float, max_frames: int) -> SampledTimes:
    """The moments of a video part that are looked at."""
    config = SampleConfig(
        fps=fps, start_seconds=part.start_seconds or 0.0, end_seconds=part.stop_seconds, max_frames=max_frames
    )
    return sample_times(video.info.duration_seconds, config)


def _missing(part: VideoPart, chosen: SampledTimes, num_read: int) -> Sequence[str]:
    num_chosen = len(np.asarray(chosen.seconds_F))
    notes = []
    if chosen.is_capped:
        notes.append(f"{part.path}: {num_chosen} of {chosen.num_requested} frames are looked at")
    if num_read < num_chosen:
        notes.append(f"{part.path}: {num_chosen - num_read} of {num_chosen} frames could not be read")
    return notes
