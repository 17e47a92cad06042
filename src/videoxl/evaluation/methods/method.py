"""A way to fill a budget of rows, by its name; each is imported when it is asked for."""

from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from videoxl.errors import UsageError

if TYPE_CHECKING:
    import numpy as np

    from videoxl.engine.keeper import Keeper

DEFAULT_METHOD = "vst"
METHODS = {
    "vst": "videoxl.evaluation.methods.vst:VST",
    "none": "videoxl.evaluation.methods.none:NoCompression",
    "dropping": "videoxl.evaluation.methods.dropping:Dropping",
    "pooling": "videoxl.evaluation.methods.pooling:Pooling",
    "random-rows": "videoxl.evaluation.methods.random_rows:RandomRows",
    "recent-rows": "videoxl.evaluation.methods.recent_rows:RecentRows",
}
"""Name to where it is: module and class."""


class Method(Protocol):
    """One way to fill the budget that a ratio gives."""

    name: ClassVar[str]
    title: ClassVar[str]
    """What is kept, in a few words."""

    def ratio(self, ratio: int) -> int:
        """At what ratio the engine is to watch where this one is asked for."""

    def keeper(self, generator: "np.random.Generator") -> "Keeper | None":
        """What keeps the rows of one video; None leaves it to the engine. Only random methods draw."""


def find_method(name: str) -> Method:
    """The method of that name.

    Raises:
        UsageError: There is none; says which there are.
    """
    if name not in METHODS:
        near = get_close_matches(name, METHODS, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"There are {', '.join(METHODS)}."
        raise UsageError(f"there is no method {name!r}. {hint}")
    module, kind = METHODS[name].split(":")
    found: Any = getattr(import_module(module), kind)
    return found()
