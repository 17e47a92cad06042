"""Visual Summarization Tokens: what the engine does anyway."""

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    import numpy as np

    from videoxl.engine.keeper import Keeper


class VST:
    """The method of the paper."""

    name: ClassVar[str] = "vst"
    title: ClassVar[str] = "the VSTs of each interval"

    def ratio(self, ratio: int) -> int:
        """See `Method.ratio`."""
        return ratio

    def keeper(self, generator: "np.random.Generator") -> "Keeper | None":
        """See `Method.keeper`."""
        return None
