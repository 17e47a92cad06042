"""Scores as they are reported: one number with its interval, the same by category, and a mark for every question."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from videoxl.evaluation.document import Document


@dataclass(frozen=True, slots=True)
class Score(Document):
    """A mean, with its 95 % interval."""

    value: float
    """The mean of points: 0 to 1 where questions are right or wrong, 0 to `best` where a judge gives marks."""
    low: float
    high: float
    num: int
    """Questions in it."""
    points: float
    """Their points in all: how many are right."""
    best: float = 1.0

    @property
    def percent(self) -> float:
        """The value as a share of the best, in percent; of a mean over questions to the last bit as others count it."""
        if self.value == self.points / self.num:
            return 100 * self.points / (self.num * self.best)
        return 100 * self.value / self.best


@dataclass(frozen=True, slots=True)
class CategoryScore(Document):
    """The score of the questions of one category."""

    axis: str
    """As "task_type"; "total" for further numbers over all questions."""
    category: str
    score: Score


@dataclass(frozen=True, slots=True)
class Mark(Document):
    """How one question was answered."""

    id: str
    """The item's id; the group's, where several tries are one question."""
    points: float
    """1 right, 0 wrong; what a judge gave."""
    read: str
    """What the parser read, as "B", or "B A B B" of four tries; "-" where it read nothing."""
    expected: str
    video: str
    """Questions of one video are not independent: intervals know of it."""
    num_unparsed: int = 0
    """Answers of this question that the parser could make nothing of."""
    categories: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Results:
    """The scores of one run by one parser. `overall` is None where nothing was answered."""

    task: str
    parser: str
    metric: str
    overall: Score | None
    by: tuple[CategoryScore, ...]
    """In order of first mention, axis by axis."""
    marks: tuple[Mark, ...]
    """Of every question that was answered; those that were not are only counted."""
    num_items: int
    """Items of the task; `num_missing` of them have no answer, `num_unparsed` one that reads as no option."""
    num_missing: int
    num_unparsed: int
    notes: tuple[str, ...] = ()
    """What a reader of the number should know, one sentence each."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """What only this task reports; JSON values."""

    def to_json(self, *, with_marks: bool = True) -> dict[str, Any]:
        """Plain values."""
        document = asdict(self)
        return document if with_marks else {name: value for name, value in document.items() if name != "marks"}

    def score_of(self, axis: str, category: str) -> Score | None:
        """The score of one category; None where no question has it."""
        return next((each.score for each in self.by if (each.axis, each.category) == (axis, category)), None)
