"""A still image becomes frames without losing its parts."""

import numpy as np
import pytest

from videoxl.model.tiles import best_resolution, grid_resolutions, image_tiles


def test_tiles_are_the_image_row_by_row() -> None:
    """An image that fits a grid exactly is cut up and nothing else."""
    image = np.random.default_rng(0).integers(0, 256, (16, 24, 3), dtype=np.uint8)
    tiles = image_tiles(image, tile_side=8)
    assert tiles.shape == (6, 3, 8, 8)
    assert np.array_equal(tiles[4].transpose(1, 2, 0), image[8:16, 8:16])


def test_image_is_centred_on_black() -> None:
    """What an image does not fill is black, evenly on both sides."""
    tiles = image_tiles(np.full((8, 4, 3), 255, dtype=np.uint8), tile_side=8, resolutions=[(16, 8)])
    columns = np.concatenate([tiles[0], tiles[1]], axis=2)[0]
    assert (columns[:, 6:10] == 255).all()
    assert (columns[:, :6] == 0).all()
    assert (columns[:, 10:] == 0).all()


@pytest.mark.parametrize(
    ("image", "expected"),
    [((1000, 900), (16, 16)), ((300, 100), (24, 8)), ((100, 300), (8, 24)), ((9, 7), (16, 8))],
)
def test_grid_follows_the_shape(image: tuple[int, int], expected: tuple[int, int]) -> None:
    """The grid keeps most of the image's pixels, then wastes least."""
    grids = [(16, 16), (8, 16), (16, 8), (24, 8), (8, 24)]
    assert best_resolution(image, grids) == expected


def test_grids_have_two_to_49_tiles() -> None:
    """The paper's grids: every product of rows and columns from 2 to 49."""
    counts = sorted(width * height for width, height in grid_resolutions(1))
    assert (counts[0], counts[-1]) == (2, 49)
    assert (7, 7) in grid_resolutions(1)
