"""How a stored picture is turned and mirrored to be shown: one of eight ways, from a display matrix.

The matrix maps a stored pixel (x, y) to (a x + c y, b x + d y). Only its signs and its larger diagonal matter: players
round other angles to quarter turns, and so do we.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

DISPLAY_MATRIX = struct.Struct("=9i")  # rows a b u, c d v, x y w


@dataclass(frozen=True, slots=True)
class Orientation:
    """Swap rows with columns first, then reverse the rows, then the columns."""

    is_transposed: bool
    is_upside_down: bool
    is_mirrored: bool

    @property
    def clockwise_degrees(self) -> int:
        """The turn alone, without a mirroring."""
        if self.is_transposed:
            return 270 if self.is_upside_down else 90
        return 180 if self.is_upside_down else 0

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height as shown, of a picture stored as width by height (and the other way round)."""
        return (height, width) if self.is_transposed else (width, height)

    def apply(self, picture_HWC: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """The picture as shown; a view."""
        shown = picture_HWC.swapaxes(0, 1) if self.is_transposed else picture_HWC
        shown = shown[::-1] if self.is_upside_down else shown
        return shown[:, ::-1] if self.is_mirrored else shown


UPRIGHT = Orientation(is_transposed=False, is_upside_down=False, is_mirrored=False)


def orientation_of(display_matrix: bytes) -> Orientation:
    """The nearest of the eight orientations to a display matrix as FFmpeg hands it over."""
    a, b, _, c, d, *_ = DISPLAY_MATRIX.unpack(display_matrix[: DISPLAY_MATRIX.size])
    if abs(b) + abs(c) > abs(a) + abs(d):
        return Orientation(is_transposed=True, is_upside_down=b < 0, is_mirrored=c < 0)
    return Orientation(is_transposed=False, is_upside_down=d < 0, is_mirrored=a < 0)
