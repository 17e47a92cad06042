"""What a benchmark is to this room: items, prompts, and scores. One task, one file, under `tasks/`.

How a task is used, from asking to numbers:

    task = find_task("videomme", {"subtitles": True})       registry.py; unknown names and options are UsageErrors
    loaded = task.load(Path("Video-MME"))                   annotations and videos, checked whole: one AnnotationError
                                                            lists every fault, or nothing is wrong with any item
    loaded.missing                                          videos that are not there; their items are in loaded.items
    for video, items in loaded.by_video():                  one memory serves all items of a video
        source = task.open(items[0])                        what to watch: a path, or a film from code
        prompt = task.prompt(item, frame_seconds=seconds)   what to ask; subtitles are those of the frames looked at
        # ask greedily, at most (item.max_new_tokens or task.max_new_tokens), as task.asking says; write a Record
    results = task.score(items, records, parser="strict")   from what was written, without model, video or annotations

A task is a frozen dataclass; its fields are its options (all with defaults, of type bool, int, float, str or a tuple of
str or int) and are written into the run's header, so that scoring finds the same task again. `FileTask`, in
`file_task.py`, brings everything but `load_items`; `MultipleChoice`, in `choices.py`, prompt and score of options: a
film task of our own with options needs `load` and `open`. Others score with `scoring.py`, as `judged.py` does.
A new task also needs one row in `registry.TASKS`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol

from videoxl.evaluation.item import Item
from videoxl.evaluation.judge import Judgement
from videoxl.evaluation.record import Record
from videoxl.evaluation.results import Results

if TYPE_CHECKING:
    from videoxl.video.source import Watchable

Parser = Literal["strict", "official"]
PARSERS: tuple[Parser, ...] = ("strict", "official")
DEFAULT_SEED = 0

Asking = Literal["generate", "teacher_forced"]
"""generate: greedy words, `Record.raw`. teacher_forced: `Item.answer` is fed token by token; `Record.details["hits"]`
says for each of its tokens whether it was the model's first choice, and `raw` holds the first choices as text."""


@dataclass(frozen=True, slots=True)
class MissingVideo:
    """A video that the annotations name and the folder does not hold."""

    video: str
    looked_for: str
    """Where it was expected."""
    num_items: int


@dataclass(frozen=True, slots=True)
class Loaded:
    """All items of a task, and the videos that are not there. Nothing is dropped: items of missing videos are here."""

    items: tuple[Item, ...]
    missing: tuple[MissingVideo, ...] = ()

    @property
    def num_items_missing(self) -> int:
        """Items that cannot be asked for want of their video."""
        return sum(video.num_items for video in self.missing)

    def by_video(self) -> Iterator[tuple[str, tuple[Item, ...]]]:
        """Videos in order of first mention, each with its items in order."""
        groups: dict[str, list[Item]] = {}
        for item in self.items:
            groups.setdefault(item.video, []).append(item)
        yield from ((video, tuple(items)) for video, items in groups.items())


class Task(Protocol):
    """One benchmark."""

    name: ClassVar[str]
    title: ClassVar[str]
    """What it is, in a few words, for `evaluate list`."""
    needs: ClassVar[str]
    """What has to be in the folder given as --data; empty where no folder is needed."""
    metric: ClassVar[str]
    """What the one number is: "accuracy", "mean over task types", "all four tries right"."""
    mean_over: ClassVar[str | None]
    """The axis whose categories count alike in the one number; None where questions do."""
    max_new_tokens: ClassVar[int]
    asking: ClassVar[Asking]

    def load(self, folder: Path | None) -> Loaded:
        """All items. `folder` is --data; None where none was given, which tasks that need one refuse.

        Raises:
            AnnotationError: Names every fault of the annotations at once; nothing is half loaded.
        """

    def open(self, item: Item) -> "str | Watchable":
        """What `VideoXL.watch` takes for this item's video: a path, or a film made from code."""

    def prompt(self, item: Item, *, frame_seconds: Sequence[float] = ()) -> str:
        """What is asked after the video; wording comes from `prompts.py` only."""

    def score(
        self,
        items: Sequence[Item],
        records: Sequence[Record],
        *,
        parser: Parser = "strict",
        seed: int = DEFAULT_SEED,
        judgements: Mapping[str, Judgement] | None = None,
    ) -> Results:
        """Marks and totals of what was answered. `seed` is for official parsers that guess; judgements are by item."""
