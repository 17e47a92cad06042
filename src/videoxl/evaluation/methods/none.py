"""No compression: every raw row is kept, whatever the ratio. The one method that keeps to no budget."""

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    import numpy as np

    from videoxl.engine.keeper import Keeper


class NoCompression:
    """Ratio 1."""

    name: ClassVar[str] = "none"
    title: ClassVar[str] = "every raw row: ratio 1, no budget"

    def ratio(self, ratio: int) -> int:
        """See `Method.ratio`."""
        return 1

    def keeper(self, generator: "np.random.Generator") -> "Keeper | None":
        """See `Method.keeper`."""
        return None
