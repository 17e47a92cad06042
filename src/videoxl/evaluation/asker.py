"""Who is asked: a model that watches, or a baseline that does not. The runner knows nothing else of either."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from videoxl.evaluation.item import Item
from videoxl.evaluation.record import WatchedVideo
from videoxl.evaluation.task import Asking

if TYPE_CHECKING:
    from videoxl.engine.progress import Progress
    from videoxl.video.source import Watchable

WATCH_OPTIONS = "watch"
"""In `Item.details`: what a film task asks of the watching of this item's video, such as {"ratio": 8, "num_frames":
64}. It wins over the run's settings; items of one video ask the same."""

WatchListener = Callable[["Progress"], None]


@dataclass(frozen=True, slots=True)
class Watched:
    """A video that may be asked about, for as long as somebody holds this."""

    memory: Any
    """What the asker remembers of it; nobody else looks inside."""
    video: WatchedVideo
    seconds: float
    peak_memory_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """What came back on a prompt; the fields are those of `Record` and `Cost`."""

    raw: str | None
    failure: str | None = None
    evidence: tuple[tuple[float, float, float], ...] = ()
    memory_rows: int = 0
    prompt_tokens: int = 0
    answer_tokens: int = 0
    finished: bool = True
    details: Mapping[str, Any] = field(default_factory=dict)
    first_token_seconds: float | None = None
    peak_memory_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is asked about an item, word for word, and how long its answer may be."""

    item: Item
    text: str
    max_new_tokens: int


class Asker(Protocol):
    """Something that can be asked. Greedy: the same again gives the same words again."""

    name: str
    """As the header calls it."""
    watches: bool
    """False for who is asked without any video: then none is opened, and none is missing."""

    @property
    def fingerprint(self) -> str:
        """Of the weights; empty where there are none."""

    def settings(self) -> dict[str, Any]:
        """All that decides its answers, for the header."""

    def versions(self) -> dict[str, str]:
        """What it ran on, for the header."""

    def watch(
        self,
        item: Item,
        source: "str | Watchable",
        *,
        scratch: Path | None = None,
        listener: WatchListener | None = None,
    ) -> Watched:
        """Watch the video of an item, and of all others with the same.

        Args:
            scratch: Where a memory may be kept while it is made, and gone on with after an interruption.

        Raises:
            VideoError: It cannot be found, read or decoded.
        """

    def ask(self, watched: Watched | None, prompts: Sequence[Prompt], *, asking: Asking) -> list[Said]:
        """Ask questions at once, none of which knows of the others; what comes back is in their order.

        The same questions in the same order give the same again, to the bit; among others, or alone, the scores of a
        question's evidence may differ in their last bits. One that cannot be put says so by its `failure`.

        Args:
            watched: What they are about; None asks about nothing seen.
        """
