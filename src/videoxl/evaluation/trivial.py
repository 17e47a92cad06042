"""Levels that need no looking: the best share that one fixed way of answering reaches. Each figure stands beside its.

A fixed way is one answer for each kind of question ("yes" to every "is it there"), one name by its place among those
shown whatever the question, or a range of time at random.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from videoxl.evaluation.document import Document
from videoxl.evaluation.item import Item

Chance = Callable[[Item], float]
"""How often a way of answering is right about one question."""
_PLACES = ("first", "last", "after", "before")
"""Kinds of questions that ask for one of the names that are shown."""


@dataclass(frozen=True, slots=True)
class Level(Document):
    """A share, and what reaches it."""

    value: float
    how: str


def level_of(items: Sequence[Item], *, times: Sequence[str] = (), chance: Chance | None = None) -> Level:
    """The level of some questions: of each kind its own, weighed by how many there are of it.

    Args:
        times: kinds of questions that ask for a moment; `chance` says what a random one reaches.
    """
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(_way_of(item), []).append(item)
    levels = {
        way: _at_random(group, chance) if chance is not None and way in times else _fixed(group)
        for way, group in groups.items()
    }
    value = sum(levels[way].value * len(group) for way, group in groups.items()) / len(items)
    return Level(value, _how([*levels.values()]))


def mean_level(levels: Sequence[Level]) -> Level:
    """The plain mean, for scores that are the mean over categories."""
    return Level(sum(level.value for level in levels) / len(levels), _how(levels))


def _how(levels: Sequence[Level]) -> str:
    ways = {level.how for level in levels}
    return ways.pop() if len(ways) == 1 else "the best fixed answer to each kind of question"


def _way_of(item: Item) -> str:
    """Questions that one way answers: a kind; those that ask for a name by its place, together."""
    kind = str(item.details.get("kind", ""))
    return "place" if kind in _PLACES else kind


def _at_random(items: Sequence[Item], chance: Chance) -> Level:
    return Level(sum(map(chance, items)) / len(items), "a range of time at random")


def _fixed(items: Sequence[Item]) -> Level:
    answer, count = Counter(item.answer for item in items).most_common(1)[0]
    levels = [Level(count / len(items), f"always {answer!r}")]
    if len({item.details.get("kind") for item in items}) > 1:  # of one place alone, that would be to understand it
        levels += [Level(sum(map(share, items)) / len(items), how) for how, share in _BY_PLACE.items()]
    return max(levels, key=lambda level: level.value)


def _shown(item: Item) -> Sequence[str]:
    return item.details["shown"]


_BY_PLACE: Mapping[str, Chance] = {
    "always the first picture": lambda item: float(item.answer == _shown(item)[0]),
    "always the last picture": lambda item: float(item.answer == _shown(item)[-1]),
    "any picture shown": lambda item: (item.answer in _shown(item)) / len(_shown(item)),
}
