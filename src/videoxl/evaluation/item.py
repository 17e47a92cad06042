"""One question of a benchmark, with everything that scoring its answer will need."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from videoxl.evaluation.document import Document

if TYPE_CHECKING:
    import numpy as np

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SEVERAL = " + "
"""Between the categories of a question that is in several of one axis."""


@dataclass(frozen=True, slots=True)
class Item(Document):
    """A question about one video. With options it is multiple choice, and `answer` is the letter of the right one."""

    id: str
    """Unique in a task; records and scores are joined by it."""
    video: str
    """Names what is watched; items of one name are asked of one memory."""
    question: str
    answer: str
    """The letter of the right option, empty where the authors' own file has none that is right; without options, what
    an answer is held against."""
    options: tuple[str, ...] = ()
    """Texts without their letters, in the order in which they are shown."""
    categories: Mapping[str, str] = field(default_factory=dict)
    """Axis to value, as {"duration": "short", "task_type": "OCR Problems"}: scores are also given apart by each.
    A question in several of one axis names them with `SEVERAL` between."""
    path: str | None = None
    """The video's file; None for what needs none (films made from code) and for a file that is missing."""
    subtitles: str | None = None
    """A file of subtitles, for the tasks that show them."""
    group: str | None = None
    """Items of one group are tries of one question, which counts once, as VNBench's four do."""
    spans: tuple[tuple[float, float], ...] = ()
    """Seconds (start, stop) of the video that hold the answer, where the annotations say so."""
    max_new_tokens: int | None = None
    """Where this answer may be longer than the task's others, as free words among letters."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """What only this task's own scorer reads; JSON values."""

    @property
    def letters(self) -> str:
        """The letters of the options, as "ABCD"."""
        return LETTERS[: len(self.options)]

    @property
    def answer_text(self) -> str:
        """The right option's text; the answer itself where there are no options."""
        return self.options[self.letters.index(self.answer)] if self.options and self.answer else self.answer

    def shuffled(self, generator: "np.random.Generator") -> "Item":
        """The same question with its options in another order, and the right letter for it."""
        if not self.options:
            return self
        order = [int(place) for place in generator.permutation(len(self.options))]
        answer = self.answer and LETTERS[order.index(self.letters.index(self.answer))]
        return replace(self, options=tuple(self.options[place] for place in order), answer=answer)
