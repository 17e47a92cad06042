"""Advertisements: a named picture above a banner that wants it bought. They fill the frame.

Shapes: H height, W width.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from videoxl.synth.needle import render_needle
from videoxl.synth.pictures import Picture
from videoxl.synth.procedural import font

SLOGANS = (
    "{name}: buy now!",
    "new: {name}",
    "{name} for all",
    "only today: {name}",
    "{name}, half price",
    "get {name}!",
)
BANNER_HEIGHT = (0.22, 0.32)  # of the frame
INK_SHARE = 0.9  # of the banner's width that the slogan may take


def render_advert(
    picture: Picture, scene_HW3: np.ndarray, generator: np.random.Generator, size: tuple[int, int]
) -> np.ndarray:
    """One frame of an advertisement, uint8 (H, W, 3)."""
    width, height = size
    banner_height = round(generator.uniform(*BANNER_HEIGHT) * height)
    product = render_needle(picture, scene_HW3, generator, (width, height - banner_height))
    banner = _banner(picture.name, generator, (width, banner_height))
    return np.concatenate([product, np.asarray(banner)] if generator.random() < 0.7 else [np.asarray(banner), product])


def _banner(name: str, generator: np.random.Generator, size: tuple[int, int]) -> Image.Image:
    colour = [int(level) for level in generator.integers(0, 256, size=3)]
    ink = (0, 0, 0) if sum(colour) > 3 * 127 else (255, 255, 255)
    banner = Image.new("RGB", size, (colour[0], colour[1], colour[2]))
    text = SLOGANS[int(generator.integers(len(SLOGANS)))].format(name=name).upper()
    tried = max(8, size[1] // 2)
    letters = font(max(8, min(tried, int(tried * INK_SHARE * size[0] / font(tried).getlength(text)))))
    ImageDraw.Draw(banner).text((size[0] / 2, size[1] / 2), text, fill=ink, font=letters, anchor="mm")
    return banner
