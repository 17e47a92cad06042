"""A film that is drawn when looked at: any length, any time, always the same picture at the same time.

A film is its facts plus the pictures and the footage they name; an hour costs a few hundred shots to hold and nothing
to make. It can be watched as it is: `vxl.watch(film)`.

Shapes: H height, W width.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from videoxl.errors import UsageError
from videoxl.synth.advert import render_advert
from videoxl.synth.card import render_card
from videoxl.synth.facts import FilmFacts, Shot
from videoxl.synth.footage import FootageSet
from videoxl.synth.needle import render_needle
from videoxl.synth.pictures import PictureSet
from videoxl.synth.shape import render_shape
from videoxl.synth.splits import split_generator
from videoxl.video.source import VideoSource, Watchable
from videoxl.video.writer import FilmWriter

DEFAULT_FPS = 10.0  # what the built-in footage has
GRAIN_SEEDS = 2**40  # far from the seeds of needles


class Film(Watchable):
    """A timeline of shots and needles; `facts` is exact.

    Args:
        facts: the film in words and numbers.
        pictures: where needles are found by name; the built-in set when None.
        footage: where shots find their sources; the built-in set of the facts' split when None.
    """

    def __init__(
        self, facts: FilmFacts, *, pictures: PictureSet | None = None, footage: FootageSet | None = None
    ) -> None:
        self.facts = facts
        self._pictures = pictures or PictureSet.builtin()
        self._footage = footage or FootageSet.builtin(facts.split)
        self._starts = [shot.start_seconds for shot in facts.shots]

    def frame(self, seconds: float) -> np.ndarray:
        """What the film shows at a time: uint8 RGB (H, W, 3)."""
        scene = self.scene(seconds)
        needle = self.facts.needle_at(seconds)
        if needle is None:
            return scene
        generator, size = split_generator(self.facts.split, needle.seed), (self.facts.width, self.facts.height)
        if needle.kind == "card":
            return render_card(needle.name, scene, generator)
        if needle.kind == "shape":
            return render_shape(needle.name, scene, generator, seconds=seconds - needle.start_seconds)
        picture = self._pictures.draw(needle.name, generator)
        if needle.kind == "advert":
            return render_advert(picture, scene, generator, size)
        return render_needle(picture, scene, generator, size, kind=needle.kind)

    def scene(self, seconds: float) -> np.ndarray:
        """What the film would show at a time without its needles."""
        if not 0 <= seconds < self.facts.seconds:
            raise UsageError(
                f"the film has no frame at {seconds} s; give a time from 0 to below {self.facts.seconds} s."
            )
        index = bisect_right(self._starts, seconds) - 1
        shot = self.facts.shots[index]
        source = self._footage[shot.source].frame(shot.source_start_seconds + seconds - shot.start_seconds)
        share = (seconds - shot.start_seconds) / (shot.stop_seconds - shot.start_seconds)
        frame = _view(source, shot, share, self.facts.width, self.facts.height)
        return _grainy(frame, shot.noise, split_generator(self.facts.split, _grain_seed(index, seconds)))

    def times(self, fps: float = 1.0) -> np.ndarray:
        """When the frames of that rate are shown, from 0 on: n / fps."""
        if fps <= 0:
            raise UsageError(f"a film cannot be sampled at {fps} frames a second; give a number above 0.")
        times = np.arange(int(np.ceil(self.facts.seconds * fps))) / fps
        return times[times < self.facts.seconds]

    def frames(self, fps: float = 1.0) -> Iterator[tuple[float, np.ndarray]]:
        """(seconds, frame) pairs in order, each drawn when it is asked for."""
        return ((float(seconds), self.frame(float(seconds))) for seconds in self.times(fps))

    def as_source(self) -> VideoSource:
        """The film to be watched without a file, at DEFAULT_FPS; `FilmSource` takes other rates and a name."""
        from videoxl.synth.film_source import FilmSource

        return FilmSource(self)

    def write(self, path: str | Path, *, fps: float = DEFAULT_FPS, quality: int = 26) -> None:
        """Make the video file, and its facts as NAME.json beside it."""
        facts = self.facts
        with FilmWriter(path, width=facts.width, height=facts.height, fps=fps, quality=quality) as writer:
            for _, frame in self.frames(fps):
                writer.write(frame)
        Path(path).with_suffix(".json").write_text(facts.to_json(), encoding="utf-8")


def _view(source: np.ndarray, shot: Shot, share: float, width: int, height: int) -> np.ndarray:
    """The part of the source that the moving view shows, in the film's size and light."""
    across, down, zoom = (
        (1 - share) * getattr(shot.begin, part) + share * getattr(shot.end, part) for part in ("across", "down", "zoom")
    )
    rows, columns = source.shape[:2]
    scale = min(columns / width, rows / height) / zoom
    left, top = across * (columns - scale * width), down * (rows - scale * height)
    box = (left, top, left + scale * width, top + scale * height)
    frame = Image.fromarray(source).resize((width, height), Image.Resampling.BILINEAR, box=box)
    frame = frame.point(_light(shot.gains))
    if shot.mirrored:
        frame = frame.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return np.array(frame)


def _grainy(frame: np.ndarray, noise: float, generator: np.random.Generator) -> np.ndarray:
    """The frame with grain over it."""
    if not noise:
        return frame
    grain = generator.normal(0, noise, size=frame.shape).astype(np.float32)
    return np.clip(frame + grain, 0, 255).round().astype(np.uint8)


def _grain_seed(shot: int, seconds: float) -> int:
    """Another grain for each shot and millisecond, the same whenever it is looked at."""
    return GRAIN_SEEDS + shot * 10**9 + round(1000 * seconds)


@lru_cache
def _light(gains: tuple[float, float, float]) -> list[int]:
    """What each level of red, green and blue becomes, as PIL wants it: 3 x 256 numbers in a row."""
    return np.clip(np.outer(gains, np.arange(256)).round(), 0, 255).astype(int).ravel().tolist()
