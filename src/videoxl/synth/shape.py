"""Coloured shapes that move over the film: "red circle", "blue star".

Place, size, speed and spin follow from a generator; at each moment the shape stands where its motion has brought it,
and it turns back at the edges of the frame.

Shapes of arrays: H height, W width.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from videoxl.errors import UsageError
from videoxl.synth.procedural import bounce

COLOURS = {
    "red": (220, 30, 30),
    "green": (30, 160, 50),
    "blue": (30, 70, 220),
    "yellow": (245, 220, 30),
    "purple": (140, 40, 170),
    "orange": (250, 140, 20),
    "pink": (250, 130, 190),
}
FORMS = ("circle", "square", "triangle", "star", "cross")
SHAPE_NAMES = tuple(f"{colour} {form}" for colour in COLOURS for form in FORMS)
SIZE = (0.36, 0.55)  # of the frame's shorter side
SPEED = (0.1, 0.35)  # of the way across the frame, a second
MAX_SPIN_DEGREES = 40.0  # a second
STAR_WAIST = 0.42  # how far in a star goes between its points
CROSS_ARM = 0.17  # half of an arm's width
RIM = 0.9  # of the shape is inside a rim of the opposite lightness, so that it stands out from any footage
DRAWN_LARGER = 4  # drawn at this scale, so that edges come out smooth


def render_shape(name: str, scene_HW3: np.ndarray, generator: np.random.Generator, *, seconds: float) -> np.ndarray:
    """The scene with the shape over it `seconds` after it appeared, uint8 (H, W, 3)."""
    height, width = scene_HW3.shape[:2]
    colour, form = _parts(name)
    side = round(generator.uniform(*SIZE) * min(width, height))
    start, heading = generator.uniform(0, 1, size=2), generator.uniform(0, 2 * np.pi)
    speed = generator.uniform(*SPEED)
    turn, spin = generator.uniform(0, 360), generator.uniform(-MAX_SPIN_DEGREES, MAX_SPIN_DEGREES)
    across, down = bounce(start + speed * seconds * np.array([np.cos(heading), np.sin(heading)]))
    left, top = round(across * (width - side)), round(down * (height - side))
    frame, degrees = Image.fromarray(scene_HW3), turn + spin * seconds
    inside = round(RIM * side)
    inset = (side - inside) // 2
    frame.paste(_rim(COLOURS[colour]), (left, top), mask=_stamp(form, side, degrees))
    frame.paste(COLOURS[colour], (left + inset, top + inset), mask=_stamp(form, inside, degrees))
    return np.array(frame)


def _rim(colour: tuple[int, int, int]) -> tuple[int, int, int]:
    return (0, 0, 0) if sum(colour) > 3 * 127 else (255, 255, 255)


def _parts(name: str) -> tuple[str, str]:
    colour, _, form = name.partition(" ")
    if colour not in COLOURS or form not in FORMS:
        raise UsageError(
            f"{name!r} is no shape; expected a colour of {', '.join(COLOURS)} and a form of {', '.join(FORMS)}."
        )
    return colour, form


def _stamp(form: str, side: int, degrees: float) -> Image.Image:
    """Where the shape covers a square of that side."""
    large = DRAWN_LARGER * side
    mask = Image.new("L", (large, large))
    draw = ImageDraw.Draw(mask)
    if form == "circle":
        draw.ellipse((0, 0, large - 1, large - 1), fill=255)
    else:
        corners_C2 = _outline(form) @ _turn(np.deg2rad(degrees))
        draw.polygon([tuple(corner) for corner in (0.5 + 0.5 * corners_C2) * large], fill=255)
    return mask.resize((side, side), Image.Resampling.BOX)


def _outline(form: str) -> np.ndarray:
    """Corners (C, 2) of a form inside the unit circle."""
    if form == "cross":
        arm, far = 2 * CROSS_ARM, np.sqrt(1 - (2 * CROSS_ARM) ** 2)
        quarter = np.array([[far, -arm], [far, arm], [arm, arm]])
        return np.concatenate([quarter @ _turn(np.pi / 2 * number) for number in range(4)])
    num_points = {"triangle": 3, "square": 4, "star": 10}[form]
    angles = np.arange(num_points) * 2 * np.pi / num_points
    radii = np.where(np.arange(num_points) % 2, STAR_WAIST, 1.0) if form == "star" else np.ones(num_points)
    return radii[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def _turn(angle: float) -> np.ndarray:
    return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
