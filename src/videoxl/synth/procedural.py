"""Moving backgrounds drawn by arithmetic: endless variety that shows nothing with a name.

A background is a pure function of (split, kind, seed, seconds). Frames are small and meant to be enlarged.

Shapes: H height, W width.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from videoxl.errors import UsageError
from videoxl.synth.splits import Split, check_split, split_generator

WIDTH, HEIGHT = 192, 108
PREFIX = "procedural"
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789       "
MAX_LINE_LETTERS = 24
NUM_OCTAVES = 4


@dataclass(frozen=True, slots=True)
class Procedural:
    """A background without an end; `name` is enough to make it again."""

    split: Split
    kind: str
    seed: int

    @staticmethod
    def named(name: str) -> Procedural:
        """The background that has this name."""
        prefix, split, kind, seed = [*name.split(":"), "", "", ""][:4]
        if prefix != PREFIX or kind not in KINDS or not seed.isdecimal():
            raise UsageError(
                f"{name!r} names no background; expected {PREFIX}:SPLIT:KIND:SEED with a kind of {', '.join(KINDS)}."
            )
        return Procedural(check_split(split), kind, int(seed))

    @staticmethod
    def draw(split: Split, generator: np.random.Generator, *, without: Sequence[str] = ()) -> Procedural:
        """Any background of a split, but for some kinds."""
        kinds = [kind for kind in KINDS if kind not in without]
        return Procedural(split, kinds[int(generator.integers(len(kinds)))], int(generator.integers(2**31)))

    @property
    def name(self) -> str:
        """Where it comes from, as film facts say it."""
        return f"{PREFIX}:{self.split}:{self.kind}:{self.seed}"

    @property
    def seconds(self) -> float:
        """It never ends."""
        return float("inf")

    def frame(self, seconds: float) -> np.ndarray:
        """The uint8 RGB picture at a time, HEIGHT x WIDTH."""
        return _PAINTERS[self.kind](split_generator(self.split, self.seed), seconds)


def gradient(generator: np.random.Generator, width: int, height: int, *, seconds: float = 0.0) -> np.ndarray:
    """Two to four colours flowing into one another, turning slowly."""
    corners = generator.integers(0, 256, size=(2, 2, 3)).astype(np.float32)
    turn = 0.5 + 0.5 * np.sin(generator.uniform(0, 2 * np.pi) + generator.uniform(-0.5, 0.5) * seconds)
    mixed = (1 - turn) * corners + turn * corners[::-1, ::-1]
    return _enlarge(np.clip(mixed, 0, 255).astype(np.uint8), width, height)


def clouds(generator: np.random.Generator, width: int, height: int, *, seconds: float = 0.0) -> np.ndarray:
    """Soft noise of several sizes in a few colours, drifting."""
    base, colour = generator.integers(0, 256, size=(2, 3)).astype(np.float32)
    roughness, phase = generator.uniform(0.4, 0.9), generator.uniform(0, 2 * np.pi)
    total = np.zeros((height, width), np.float32)
    for octave in range(1, NUM_OCTAVES + 1):
        cells = generator.uniform(-1, 1, size=(2, 2**octave, 2 ** (octave + 1))).astype(np.float32)
        angle = phase + 0.2 * octave * seconds
        field = np.cos(angle) * cells[0] + np.sin(angle) * cells[1]
        wide = Image.fromarray(field).resize((width, height), Image.Resampling.BICUBIC)
        total += roughness**octave * np.asarray(wide)
    share = np.clip(0.5 + total, 0, 1)[..., None]
    return (base + share * (colour - base)).astype(np.uint8)


@cache
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The letters that come with Pillow, in a size in pixels."""
    return ImageFont.load_default(size)


def bounce(position: np.ndarray) -> np.ndarray:
    """A place 0..1 for one that moves on for ever and turns back at the edges."""
    return np.abs(np.mod(position, 2.0) - 1.0)


def _stripes(generator: np.random.Generator, seconds: float) -> np.ndarray:
    colours = generator.integers(0, 256, size=(2, 3)).astype(np.float32)
    waves = generator.normal(0, 0.12, size=(2, 2))
    hard, crossed = generator.uniform(0.5, 12), generator.random() < 0.5
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    speeds = generator.normal(0, 2, size=2)
    fields = [np.sin(wave[0] * x + wave[1] * y + speed * seconds) for wave, speed in zip(waves, speeds, strict=True)]
    field = fields[0] * fields[1] if crossed else fields[0]
    share = (0.5 + 0.5 * np.clip(hard * field, -1, 1))[..., None]
    return (colours[0] + share * (colours[1] - colours[0])).astype(np.uint8)


def _shapes(generator: np.random.Generator, seconds: float) -> np.ndarray:
    image = Image.fromarray(gradient(generator, WIDTH, HEIGHT))
    draw = ImageDraw.Draw(image)
    for _ in range(int(generator.integers(2, 9))):
        colour = tuple(int(value) for value in generator.integers(0, 256, size=3))
        size, start, speed = generator.uniform(6, 50, 2), generator.uniform(0, 1, 2), generator.normal(0, 0.15, 2)
        middle = np.array([WIDTH, HEIGHT]) * bounce(start + speed * seconds)
        box = [*(middle - size / 2), *(middle + size / 2)]
        kind = int(generator.integers(3))
        if kind == 0:
            draw.rectangle(box, fill=colour)
        elif kind == 1:
            draw.ellipse(box, fill=colour)
        else:
            angles = np.sort(generator.uniform(0, 2 * np.pi, int(generator.integers(3, 7))))
            corners = middle + size[0] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
            draw.polygon([tuple(corner) for corner in corners], fill=colour)
    return np.asarray(image)


def _letters(generator: np.random.Generator, seconds: float) -> np.ndarray:
    paper, ink = (tuple(int(value) for value in row) for row in generator.integers(0, 256, size=(2, 3)))
    image = Image.new("RGB", (WIDTH, HEIGHT), paper)
    draw = ImageDraw.Draw(image)
    size, speed = generator.uniform(12, 30), generator.uniform(-12, 12)
    rows = generator.integers(len(LETTERS), size=(int(HEIGHT / size) + 2, MAX_LINE_LETTERS))
    for number, row in enumerate(rows):
        text = "".join(LETTERS[letter] for letter in row)
        top = (number * size + speed * seconds) % (len(rows) * size) - size
        draw.text((4, top), text, fill=ink, font=font(round(size * 0.8)))
    return np.asarray(image)


def _enlarge(picture: np.ndarray, width: int, height: int) -> np.ndarray:
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC))


_PAINTERS = {
    "gradient": lambda generator, seconds: gradient(generator, WIDTH, HEIGHT, seconds=seconds),
    "clouds": lambda generator, seconds: clouds(generator, WIDTH, HEIGHT, seconds=seconds),
    "stripes": _stripes,
    "shapes": _shapes,
    "letters": _letters,
}
KINDS = tuple(_PAINTERS)
