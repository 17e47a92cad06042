"""Endless training frames, drawn when asked for: named pictures over footage, pictures without a name, plain film.

A frame follows from its split and number alone. Beside the footage of `videoxl.synth` a folder of further media may be
given (recipes/nano/media): `scenes` are more plain film, cropped anywhere; `strangers/SPLIT` are drawings and
photographs that are shown like named pictures and mean nothing.

Some of the training media can be held out from the tagger and kept for the decoder: its frames are then as uncertain as
those of new footage, and it learns how sure it has to be before it says that something was inserted.

H height, W width.
"""

import hashlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeVar, get_args

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from videoxl.errors import VideoNotFoundError
from videoxl.synth.footage import Footage, FootageSet
from videoxl.synth.needle import render_needle
from videoxl.synth.pictures import Picture, PictureSet
from videoxl.synth.procedural import Procedural
from videoxl.synth.splits import Split, split_generator

Medium = TypeVar("Medium")
FrameKind = Literal["insert", "edit", "stranger", "scene", "crop"]
KINDS: tuple[FrameKind, ...] = get_args(FrameKind)
SHAPES = ((320, 180), (320, 180), (320, 180), (320, 180), (240, 180), (192, 192), (270, 180))
SMALLEST_CROP = 0.12  # of a still's width
STRANGER_INSERTS = 0.55  # the other strangers are edits
CUTOUT_SHARE = 0.5  # of the strangers
CUTOUT_ASPECT = (0.5, 2.0)
CUTOUT_SIDE = 160  # pixels, longer side
PROCEDURAL_SHARE = 0.3  # of what footage is drawn
HELD_OUT_WEIGHT = 3  # how many times more often than others the decoder meets media that the tagger did not


@dataclass(frozen=True, slots=True)
class FrameShares:
    """How often each kind of frame is drawn; together they are 1."""

    insert: float = 0.24
    edit: float = 0.32
    stranger: float = 0.14
    scene: float = 0.15
    crop: float = 0.15


@dataclass(frozen=True, slots=True)
class DrawnFrame:
    """One frame, squashed to the tower's square as the processor does: uint8 (side, side, 3)."""

    pixels_HW3: np.ndarray
    kind: FrameKind
    label: int
    """Index of the name, or the number of names for nothing named."""


class Artist:
    """Draws frames of one split."""

    def __init__(
        self,
        split: Split,
        *,
        side: int,
        media: Path | None = None,
        pictures: PictureSet | None = None,
        held_out: float = 0.0,
        draws_held_out: bool = False,
    ) -> None:
        """Draws from the built-in footage and from `media`.

        Args:
            media: Holds `scenes` and `strangers/SPLIT`; without it there are no strangers and no crops.
            held_out: Share of footage, scenes and strangers that is kept away from the tagger.
            draws_held_out: Draw from that share, too, and more often than from the rest.
        """
        self.split, self.side, self.media = split, side, media
        self.held_out, self.draws_held_out = held_out, draws_held_out
        self.pictures = pictures or PictureSet.builtin()
        self.names = self.pictures.names
        if media is not None and not media.is_dir():
            raise VideoNotFoundError(f"{media} is not a folder; expected one with `scenes` and `strangers` in it.")

    def draw(self, number: int, shares: FrameShares) -> DrawnFrame:
        """Frame `number` of the split, its kind drawn by `shares`."""
        generator = split_generator(self.split, number)
        weights = np.array([getattr(shares, kind) for kind in KINDS])
        kind = KINDS[int(generator.choice(len(KINDS), p=weights / weights.sum()))]
        return self.draw_kind(kind, int(generator.integers(len(self.names))), generator)

    def draw_kind(self, kind: FrameKind, name: int, generator: np.random.Generator) -> DrawnFrame:
        """A frame of one kind; `name` matters to inserts and edits only."""
        size = SHAPES[int(generator.integers(len(SHAPES)))] if self.split == "train" else SHAPES[0]
        if kind in ("insert", "edit"):
            picture = self.pictures.draw(self.names[name], generator)
            frame = render_needle(picture, self._background(generator), generator, size, kind=kind)
            return DrawnFrame(self._seen(frame, generator), kind, name)
        if kind == "stranger":
            picture = self._stranger(generator)
            look: Literal["insert", "edit"] = "insert" if generator.random() < STRANGER_INSERTS else "edit"
            frame = render_needle(picture, self._background(generator), generator, size, kind=look)
        else:
            scene = self._crop(generator) if kind == "crop" and self._scenes else self._footage(generator)
            frame = np.asarray(Image.fromarray(scene).resize(size, Image.Resampling.BILINEAR))
        return DrawnFrame(self._seen(frame, generator), kind, len(self.names))

    def media_files(self) -> list[Path]:
        """Every file of the further media that this split draws from."""
        if self.media is None:
            return []
        scenes = sorted((self.media / "scenes").iterdir()) if self.split == "train" else []
        return [*scenes, *sorted((self.media / "strangers" / self.split).iterdir())]

    @cached_property
    def _scenes(self) -> Sequence[np.ndarray]:
        places = [place for place in self.media_files() if place.parent.name == "scenes"]
        images = {place: np.asarray(Image.open(place).convert("RGB")) for place in places}
        return [images[place] for place in self._drawn(places, key=lambda place: place.stem)]

    @cached_property
    def _clips(self) -> Sequence[Footage]:
        footage = FootageSet.builtin(self.split)
        return [footage[name] for name in self._drawn(footage.names, key=lambda name: name.partition("-")[0])]

    def _drawn(self, media: Sequence[Medium], *, key: Callable[[Medium], str]) -> list[Medium]:
        """What is drawn of some media, each as often as it weighs; clips of one source (by `key`) stay together."""
        drawn = []
        for medium in media:
            if not is_held_out(key(medium), self.held_out):
                drawn.append(medium)
            elif self.draws_held_out:
                drawn += [medium] * HELD_OUT_WEIGHT
        return drawn

    @cached_property
    def _strangers(self) -> Sequence[np.ndarray]:
        places = [place for place in self.media_files() if place.parent.parent.name == "strangers"]
        images = {place: np.asarray(Image.open(place).convert("RGBA")) for place in places}
        return [images[place] for place in self._drawn(places, key=lambda place: place.stem)]

    def _stranger(self, generator: np.random.Generator) -> Picture:
        """A drawing or photograph without a name, or something cut out of footage: what an object looks like."""
        if self._strangers and generator.random() >= CUTOUT_SHARE:
            return Picture("stranger", self._strangers[int(generator.integers(len(self._strangers)))])
        aspect = float(np.exp(generator.uniform(*np.log(CUTOUT_ASPECT))))
        width, height = (int(CUTOUT_SIDE * min(1.0, side)) for side in (aspect, 1 / aspect))
        image = Image.fromarray(self._background(generator)).resize((2 * CUTOUT_SIDE, 2 * CUTOUT_SIDE))
        left, top = (int(generator.integers(2 * CUTOUT_SIDE - side)) for side in (width, height))
        image = _relit(
            image.crop((left, top, left + width, top + height)), generator, brightness=(0.7, 1.5), colour=(0.6, 2.2)
        )
        image.putalpha(_outline(width, height, generator))
        return Picture("stranger", np.asarray(image))

    def _background(self, generator: np.random.Generator) -> np.ndarray:
        """What a picture is laid over."""
        if self._scenes and generator.random() < 0.4:
            return self._crop(generator)
        return self._footage(generator)

    def _crop(self, generator: np.random.Generator) -> np.ndarray:
        """Any part of any still, from an eighth of it to the whole, relit, now and then two in one."""
        image = self._one_crop(generator)
        if generator.random() < 0.12:
            image = Image.blend(image, self._one_crop(generator), generator.uniform(0.3, 0.7))
        if generator.random() < 0.12:
            image = image.filter(ImageFilter.GaussianBlur(generator.uniform(0.5, 3.0)))
        return np.asarray(image)

    def _one_crop(self, generator: np.random.Generator) -> Image.Image:
        still = Image.fromarray(self._scenes[int(generator.integers(len(self._scenes)))])
        zoom = float(np.exp(generator.uniform(np.log(SMALLEST_CROP), 0.0)))
        width = max(16, min(int(still.width * zoom), still.height * 16 // 9))
        height = min(max(9, width * 9 // 16), still.height)
        left = int(generator.integers(still.width - width + 1))
        top = int(generator.integers(still.height - height + 1))
        image = still.crop((left, top, left + width, top + height)).resize(SHAPES[0], Image.Resampling.BILINEAR)
        if generator.random() < 0.5:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        return _relit(image, generator, brightness=(0.4, 1.4), colour=(0.0, 1.6)) if generator.random() < 0.6 else image

    def _footage(self, generator: np.random.Generator) -> np.ndarray:
        """Some part of some frame of the split's footage, mirrored or relit now and then."""
        if generator.random() < PROCEDURAL_SHARE:
            source: Footage = Procedural.draw(self.split, generator)
        else:
            source = self._clips[int(generator.integers(len(self._clips)))]
        seconds = source.seconds if np.isfinite(source.seconds) else 60.0
        frame = np.asarray(source.frame(float(generator.uniform(0, seconds))))
        zoom = generator.uniform(0.5, 1.0) if generator.random() < 0.7 else 1.0
        height, width = (max(16, int(side * zoom)) for side in frame.shape[:2])
        top = int(generator.integers(frame.shape[0] - height + 1))
        left = int(generator.integers(frame.shape[1] - width + 1))
        frame = frame[top : top + height, left : left + width]
        if generator.random() < 0.5:
            frame = frame[:, ::-1]
        image = Image.fromarray(np.ascontiguousarray(frame))
        if self.split == "train" and generator.random() < 0.5:
            image = _relit(image, generator, brightness=(0.6, 1.3), colour=(0.0, 1.5))
        return np.asarray(image)

    def _seen(self, frame: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Half of the frames with the marks of a codec, all squashed to the tower's square."""
        image = Image.fromarray(np.ascontiguousarray(frame))
        if generator.random() < 0.5:
            buffer = io.BytesIO()
            image.save(buffer, "JPEG", quality=int(generator.integers(35, 92)))
            image = Image.open(buffer)
        return np.asarray(image.resize((self.side, self.side), Image.Resampling.BICUBIC))


def is_held_out(name: str, share: float) -> bool:
    """Whether a medium belongs to the share that the tagger never sees; follows from its name alone."""
    return int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) / 2**32 < share


def _outline(width: int, height: int, generator: np.random.Generator) -> Image.Image:
    """A mask: an ellipse, or a polygon of four to seven corners near the edge."""
    mask = Image.new("L", (width, height))
    draw = ImageDraw.Draw(mask)
    if generator.random() < 0.25:
        draw.ellipse((0, 0, width - 1, height - 1), fill=255)
        return mask
    num_corners = int(generator.integers(4, 8))
    angles = 2 * np.pi * (np.arange(num_corners) + generator.uniform(-0.3, 0.3, num_corners)) / num_corners
    reach = generator.uniform(0.75, 1.35, num_corners)
    across, down = (np.cos(angles) * reach, np.sin(angles) * reach)
    corners = zip((0.5 + 0.5 * across) * width, (0.5 + 0.5 * down) * height, strict=True)
    draw.polygon([(float(x), float(y)) for x, y in corners], fill=255)
    return mask


def _relit(
    image: Image.Image,
    generator: np.random.Generator,
    *,
    brightness: tuple[float, float],
    colour: tuple[float, float],
) -> Image.Image:
    brighter = ImageEnhance.Brightness(image).enhance(generator.uniform(*brightness))
    return ImageEnhance.Color(brighter).enhance(generator.uniform(*colour))
