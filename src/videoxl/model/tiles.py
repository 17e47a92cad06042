"""A still image as a short video: the tiles of a grid that suits its shape, row by row, each a frame for the tower.

The released code also encodes the whole image squashed into one frame, and throws the result away; so it is not made.

F frames.
"""

from collections.abc import Sequence
from math import ceil

import numpy as np
from PIL import Image

MOST_TILES = 49  # paper: grids of 2 to 49 tiles
Resolution = tuple[int, int]
"""Width and height in pixels."""


def grid_resolutions(tile_side: int, *, most_tiles: int = MOST_TILES) -> list[Resolution]:
    """Every grid of at least two tiles, as the width and height of all its tiles together."""
    return [
        (columns * tile_side, rows * tile_side)
        for columns in range(1, most_tiles + 1)
        for rows in range(1, most_tiles // columns + 1)
        if rows * columns > 1
    ]


def best_resolution(image: Resolution, resolutions: Sequence[Resolution]) -> Resolution:
    """The one in which most of the image's own pixels survive and, among equals, the fewest are padding."""
    width, height = image

    def merit(resolution: Resolution) -> tuple[int, int]:
        scale = min(resolution[0] / width, resolution[1] / height)
        shown = min(int(width * scale) * int(height * scale), width * height)
        return shown, -(resolution[0] * resolution[1])

    return max(map(tuple, resolutions), key=merit)  # type: ignore[arg-type, return-value]


def image_tiles(
    image_hwc: np.ndarray, *, tile_side: int, resolutions: Sequence[Resolution] | None = None
) -> np.ndarray:
    """Frames (F, 3, side, side) uint8 of an image (height, width, 3) uint8: scaled to fit, centred on black, cut up."""
    image = Image.fromarray(image_hwc)
    resolution = best_resolution(image.size, resolutions or grid_resolutions(tile_side))
    canvas_hwc = np.asarray(_fitted(image, resolution))
    rows, columns = resolution[1] // tile_side, resolution[0] // tile_side
    grid_RhCw3 = canvas_hwc.reshape(rows, tile_side, columns, tile_side, 3)
    return grid_RhCw3.transpose(0, 2, 4, 1, 3).reshape(rows * columns, 3, tile_side, tile_side)


def _fitted(image: Image.Image, resolution: Resolution) -> Image.Image:
    scale = min(resolution[0] / image.width, resolution[1] / image.height)
    width, height = (min(ceil(size * scale), most) for size, most in zip(image.size, resolution, strict=True))
    canvas = Image.new("RGB", resolution)
    corner = ((resolution[0] - width) // 2, (resolution[1] - height) // 2)
    canvas.paste(image.resize((width, height), Image.Resampling.BICUBIC), corner)
    return canvas
