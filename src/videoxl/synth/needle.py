"""Needles: what is put into a film for a while, with a name; and how one frame of a named picture is drawn.

An insert fills the frame: the picture stands on a backdrop (plain, gradient, clouds, or the film's own frame blurred
and darkened). An edit lies over the film's own frame, a third of its height or larger. Cards (`card.py`), moving shapes
(`shape.py`) and advertisements (`advert.py`) are drawn in files of their own. Where, how large, how turned and
in what light is drawn by a generator: a film that keeps the generator's seed shows the same needle from its first to
its last frame.

Shapes: H height, W width.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from PIL import Image, ImageEnhance

from videoxl.synth.pictures import Picture
from videoxl.synth.procedural import clouds, gradient

PictureKind = Literal["insert", "edit"]
NeedleKind = Literal[PictureKind, "card", "shape", "advert"]
NEEDLE_KINDS: tuple[NeedleKind, ...] = get_args(NeedleKind)
FILLING_KINDS: tuple[NeedleKind, ...] = ("insert", "advert")  # nothing of the film is seen beside them
INSERT_HEIGHT = (0.60, 0.95)  # of the frame's shorter side
EDIT_HEIGHT = (0.36, 0.60)
MAX_TURN_DEGREES = 15.0
LIGHT = (0.75, 1.25)  # brightness and saturation, as factors
BACKDROPS = ("plain", "gradient", "clouds", "scene")
BACKDROP_SHARES = (0.3, 0.2, 0.2, 0.3)
NEAR_COLOUR = 90.0  # backdrops nearer to the picture's mean colour than this are inverted


@dataclass(frozen=True, slots=True)
class Needle:
    """Something shown from start_seconds to just before stop_seconds; `seed` says how it is drawn."""

    kind: NeedleKind
    name: str
    start_seconds: float
    stop_seconds: float
    seed: int

    def covers(self, seconds: float) -> bool:
        """Whether the film shows it at that time."""
        return self.start_seconds <= seconds < self.stop_seconds


def render_needle(
    picture: Picture,
    scene: np.ndarray | None,
    generator: np.random.Generator,
    size: int | tuple[int, int] = 192,
    *,
    kind: PictureKind = "insert",
) -> np.ndarray:
    """One frame that shows the picture, uint8 (H, W, 3), all choices drawn from the generator.

    Args:
        scene: the film's own frame, of any size: what an edit lies on and what some inserts blur; None makes one up.
        size: the side of a square frame, or (width, height).
    """
    width, height = (size, size) if isinstance(size, int) else size
    low, high = INSERT_HEIGHT if kind == "insert" else EDIT_HEIGHT
    art = _pose(picture, generator, side=generator.uniform(low, high) * min(width, height))
    if kind == "insert":
        return _lay(art, _backdrop(picture, scene, generator, width, height), generator)
    return _lay(art, _scene(scene, generator, width, height), generator)


def _pose(picture: Picture, generator: np.random.Generator, *, side: float) -> Image.Image:
    """The picture resized, mirrored, turned and relit, with its transparency."""
    image = Image.fromarray(picture.image)
    scale = side / max(image.size)
    image = image.resize((max(1, round(image.width * scale)), max(1, round(image.height * scale))), reducing_gap=2)
    if generator.random() < 0.5:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    turn = generator.uniform(-MAX_TURN_DEGREES, MAX_TURN_DEGREES)
    image = image.rotate(turn, Image.Resampling.BILINEAR, expand=True)
    brightness, saturation = generator.uniform(*LIGHT, size=2)
    return ImageEnhance.Color(ImageEnhance.Brightness(image).enhance(brightness)).enhance(saturation)


def _backdrop(
    picture: Picture, scene: np.ndarray | None, generator: np.random.Generator, width: int, height: int
) -> np.ndarray:
    choice = BACKDROPS[int(generator.choice(len(BACKDROPS), p=BACKDROP_SHARES))]
    if choice == "scene" and scene is not None:
        blurred = Image.fromarray(scene).resize((max(2, width // 16), max(2, height // 16)), reducing_gap=1)
        darker = Image.fromarray((np.asarray(blurred) * generator.uniform(0.3, 0.9)).astype(np.uint8))
        return np.asarray(darker.resize((width, height), Image.Resampling.BICUBIC))
    if choice == "gradient":
        backdrop = gradient(generator, width, height)
    elif choice == "clouds":
        backdrop = clouds(generator, width, height)
    else:
        backdrop = np.broadcast_to(generator.integers(0, 256, size=3).astype(np.uint8), (height, width, 3))
    return 255 - backdrop if _near(picture, backdrop) else backdrop


def _near(picture: Picture, backdrop: np.ndarray) -> bool:
    """Whether the picture would sink into the backdrop."""
    visible = picture.image[::4, ::4].reshape(-1, 4).astype(np.float32)
    colour = np.average(visible[:, :3], axis=0, weights=visible[:, 3] + 1e-3)
    return bool(np.linalg.norm(colour - backdrop[::8, ::8].reshape(-1, 3).mean(axis=0)) < NEAR_COLOUR)


def _scene(scene: np.ndarray | None, generator: np.random.Generator, width: int, height: int) -> np.ndarray:
    if scene is None:
        return clouds(generator, width, height)
    if scene.shape[:2] == (height, width):
        return scene
    return np.asarray(Image.fromarray(scene).resize((width, height), Image.Resampling.BILINEAR, reducing_gap=2))


def _lay(art: Image.Image, backdrop: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """The picture over the backdrop at a drawn place; what a turn pushed over the edge is cut off."""
    frame = Image.fromarray(backdrop)
    across, down = generator.uniform(0, 1, size=2)
    place = (round(across * (frame.width - art.width)), round(down * (frame.height - art.height)))
    frame.paste(art, place, mask=art)
    return np.array(frame)
