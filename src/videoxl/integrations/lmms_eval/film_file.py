"""A film without a file, written into one, so that a model of any kind can watch it.

Shapes: H height, W width.
"""

import os
from pathlib import Path

import numpy as np
from PIL import Image

from videoxl.video import VideoSource
from videoxl.video.writer import FilmWriter

NEARLY_LOSSLESS = 12  # the encoder's rate factor: a needle must not be lost in the coding
LONGEST_SIDE_PIXELS = 672  # twice what the vision towers at hand look at


def film_file(source: VideoSource, folder: Path) -> Path:
    """The file that shows `source` once a second; written where it is not there yet, and never seen half."""
    path = folder / f"{source.info.path.name}-{source.fingerprint()[:12]}.mp4"
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"unfinished-{os.getpid()}-{path.name}")
    scale = min(1.0, LONGEST_SIDE_PIXELS / max(source.info.width, source.info.height))
    width, height = (2 * max(1, round(side * scale / 2)) for side in (source.info.width, source.info.height))
    with FilmWriter(unfinished, width=width, height=height, fps=1, quality=NEARLY_LOSSLESS) as writer:
        for batch in source.read(np.arange(int(source.info.duration_seconds), dtype=np.float64)):
            for frame_3HW in batch.frames_FCHW:
                writer.write(_fitted(frame_3HW.transpose(1, 2, 0), width, height))
    unfinished.replace(path)
    return path


def _fitted(frame_HW3: np.ndarray, width: int, height: int) -> np.ndarray:
    """A frame in the film's size, whole and in its own proportions, on black where it is narrower or lower."""
    if frame_HW3.shape == (height, width, 3):
        return frame_HW3
    scale = min(width / frame_HW3.shape[1], height / frame_HW3.shape[0])
    size = tuple(max(1, round(side * scale)) for side in (frame_HW3.shape[1], frame_HW3.shape[0]))
    picture = Image.fromarray(np.ascontiguousarray(frame_HW3)).resize(size, Image.Resampling.BICUBIC)
    canvas = Image.new("RGB", (width, height))
    canvas.paste(picture, ((width - size[0]) // 2, (height - size[1]) // 2))
    return np.asarray(canvas)
