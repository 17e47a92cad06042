"""Clips made on the spot, small, with the number of each frame written into its colour.

`clips.indices` reads the numbers back, so a test can say which frame it got, whatever the codec did to it.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

LEVEL = 50  # between two colour levels: wide enough for any lossy codec
NUM_LEVELS = 6


@dataclass(frozen=True, kw_only=True)
class Clip:
    """A recipe; the defaults give 2 seconds of H.264 with B-frames and a keyframe every 12 frames."""

    num_frames: int = 50
    fps: int = 25
    codec: str = "libx264"
    size: tuple[int, int] = (64, 48)
    pixels: str = "yuv420p"
    keyframe_every: int = 12
    options: dict[str, str] = field(default_factory=dict)
    container_options: dict[str, str] = field(default_factory=dict)
    milliseconds: Sequence[int] | None = None  # presentation times of the frames, instead of the fps
    rotation: int | None = None
    pixel_aspect: Fraction | None = None
    color_trc: int | None = None
    grey: int | None = None  # one flat grey instead of numbered frames
    has_noise: bool = False  # big packets, so that flipped bytes land in pictures
    fields: bool = False  # lines of a frame come from two moments: bright above dark, a comb
    sound_seconds: float = 0.0


class ClipMaker:
    """Writes clips into one folder, each recipe once, and reads frame numbers back."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[str, Path] = {}

    def write(self, name: str = "clip.mp4", **recipe) -> Path:
        """A video file by its recipe."""
        key = f"{name} {sorted(recipe.items())}"
        if key not in self._made:
            self._made[key] = _write(self._place() / name, Clip(**recipe))
        return self._made[key]

    def write_sound(self, name: str, *, codec: str = "mp3", has_cover: bool = False) -> Path:
        """A file that one can only listen to, with a picture of its cover or without."""
        path = self._place() / name
        with av.open(str(path), "w") as container:
            stream = container.add_stream(codec, rate=16000, layout="mono")
            cover = container.add_stream("mjpeg") if has_cover else None
            if cover is not None:
                cover.width, cover.height, cover.pix_fmt = 32, 32, "yuvj420p"
                cover.disposition = av.stream.Disposition.attached_pic
                frame = av.VideoFrame.from_ndarray(picture(0, (32, 32)), format="rgb24").reformat(format="yuvj420p")
                container.mux(cover.encode(frame))
            _mux_silence(container, stream, num_seconds=1.0)
        return path

    def cut(self, path: Path, fraction: float) -> Path:
        """A copy that stops midway."""
        whole = path.read_bytes()
        return self._copy(path, whole[: int(len(whole) * fraction)])

    def flip_bytes(self, path: Path, first: float, last: float, *, num_bytes: int = 30) -> Path:
        """A copy with bytes flipped between two places, given as fractions of the file."""
        damaged = bytearray(path.read_bytes())
        chance = random.Random(0)
        for _ in range(num_bytes):
            damaged[int(len(damaged) * chance.uniform(first, last))] ^= 0xFF
        return self._copy(path, bytes(damaged))

    def replace(self, path: Path, old: bytes, new: bytes) -> Path:
        """A copy with some bytes patched, the first time that they occur."""
        whole = path.read_bytes()
        assert old in whole
        return self._copy(path, whole.replace(old, new, 1))

    def indices(self, batches: Iterable) -> list[int]:
        """The numbers written in the frames of these batches."""
        return [index_of(frame_CHW) for batch in batches for frame_CHW in batch.frames_FCHW]

    def _copy(self, path: Path, content: bytes) -> Path:
        copy = self._place() / path.name
        copy.write_bytes(content)
        return copy

    def _place(self) -> Path:
        place = self._folder / f"{len(list(self._folder.iterdir()))}"
        place.mkdir()
        return place


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> ClipMaker:
    """The maker of clips."""
    return ClipMaker(tmp_path_factory.mktemp("clips"))


def picture(index: int, size: tuple[int, int], *, has_noise: bool = False) -> np.ndarray:
    """Frame number `index` as RGB, HWC."""
    width, height = size
    frame_HWC = np.empty((height, width, 3), np.uint8)
    frame_HWC[:] = [index // NUM_LEVELS**digit % NUM_LEVELS * LEVEL for digit in range(3)]
    if has_noise:
        lower = frame_HWC[height // 2 :]
        lower[:] = np.random.default_rng(index).integers(0, 255, lower.shape)
    return frame_HWC


def index_of(frame_CHW: np.ndarray) -> int:
    """The number that `picture` wrote; the corner is enough."""
    levels = np.round(frame_CHW[:, 2:6, 2:6].mean(axis=(1, 2)) / LEVEL).astype(int)
    return int(sum(level * NUM_LEVELS**digit for digit, level in enumerate(levels)))


def _write(path: Path, clip: Clip) -> Path:
    time_base = Fraction(1, 1000) if clip.milliseconds is not None else Fraction(1, clip.fps)
    with av.open(str(path), "w", options=clip.container_options) as container:
        stream = container.add_stream(clip.codec, rate=clip.fps, options=clip.options)
        stream.width, stream.height = clip.size
        stream.pix_fmt = clip.pixels
        stream.codec_context.gop_size = clip.keyframe_every
        stream.codec_context.time_base = time_base
        if clip.color_trc is not None:
            stream.codec_context.color_trc = clip.color_trc
            stream.codec_context.color_primaries = stream.codec_context.colorspace = 9  # BT.2020
        if clip.pixel_aspect is not None:
            stream.codec_context.sample_aspect_ratio = clip.pixel_aspect
        if clip.rotation is not None:
            stream.set_display_rotation(clip.rotation)
        sound = container.add_stream("aac", rate=16000, layout="mono") if clip.sound_seconds else None
        container.start_encoding()
        for index in range(clip.num_frames):
            frame = _frame(index, clip)
            frame.pts = index if clip.milliseconds is None else clip.milliseconds[index]
            frame.time_base = time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if sound is not None:
            _mux_silence(container, sound, num_seconds=clip.sound_seconds)
    return path


def _frame(index: int, clip: Clip) -> av.VideoFrame:
    if clip.fields:
        comb_HWC = np.zeros((clip.size[1], clip.size[0], 3), np.uint8)
        comb_HWC[index % 2 :: 2] = 200  # a flicker of fields: bright lines change places every frame
        return av.VideoFrame.from_ndarray(comb_HWC, format="rgb24").reformat(format=clip.pixels)
    if clip.grey is None:
        rgb_HWC = picture(index, clip.size, has_noise=clip.has_noise)
        return av.VideoFrame.from_ndarray(rgb_HWC, format="rgb24").reformat(format=clip.pixels)
    frame = av.VideoFrame(*clip.size, clip.pixels)
    neutral = 1 << (frame.format.components[0].bits - 1)
    for plane, level in zip(frame.planes, (clip.grey, neutral, neutral), strict=True):
        dtype = np.uint16 if neutral > 128 else np.uint8
        plane.update(np.full(plane.buffer_size // dtype().itemsize, level, dtype).tobytes())
    return frame


def _mux_silence(container, stream, *, num_seconds: float) -> None:
    samples = np.zeros((1, int(16000 * num_seconds)), np.float32)
    frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = 16000, 0, Fraction(1, 16000)
    container.mux(stream.encode(frame))
    container.mux(stream.encode())
