"""Answers in free words are marked by a judge, whom the caller brings: a person, a script, a language model."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from videoxl.evaluation.document import Document
from videoxl.evaluation.item import Item


@dataclass(frozen=True, slots=True)
class Judgement(Document):
    """What a judge says of one answer: a mark for each aspect that the task asks about."""

    item: str
    raw: str
    """The answer that was judged; a judgement of other words does not count."""
    marks: Mapping[str, float]
    """Aspect to mark, as {"accuracy": 4, "relevance": 5}."""
    judge: str
    """Who: a name, with a model's version."""
    reason: str = ""


Judge = Callable[[Item, str], Judgement]
"""An item and the raw answer to it; gives a judgement. It may be slow and it may raise: nothing is lost by either."""
