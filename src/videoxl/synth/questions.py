"""Questions about a film whose answers follow from its facts, and the times that prove them.

Answers are plain: a noun, "nothing", "yes", "no", a number word, a clock time "1:05", or nouns in order of appearance
"apple, drum". How questions are put is in `wording.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from videoxl.synth.facts import FilmFacts
from videoxl.synth.needle import Needle
from videoxl.synth.splits import Split
from videoxl.synth.wording import KINDS, QuestionKind, clock, phrase, templates

NOTHING = "nothing"
NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "many")


@dataclass(frozen=True, slots=True)
class Question:
    """A question, its one right answer, and the (start, stop) seconds where the film shows it."""

    kind: QuestionKind
    text: str
    answer: str
    spans: tuple[tuple[float, float], ...]


def make_questions(
    facts: FilmFacts,
    generator: np.random.Generator,
    *,
    names: Sequence[str],
    kinds: Sequence[QuestionKind] = KINDS,
    split: Split | None = None,
) -> list[Question]:
    """One question of every kind that the film has an answer to; is_there once with yes and once with no.

    Args:
        names: what may be asked for when something absent is wanted.
        split: whose wording to use; the film's own when None.
    """
    split = split or facts.split
    return [question for kind in kinds for question in _MAKERS[kind](facts, generator, names, split)]


def _text(kind: QuestionKind, split: Split, generator: np.random.Generator, name: str = "") -> str:
    wordings = templates(kind, split)
    return phrase(wordings[int(generator.integers(len(wordings)))], name)


def _spans(needles: Sequence[Needle]) -> tuple[tuple[float, float], ...]:
    return tuple((needle.start_seconds, needle.stop_seconds) for needle in needles)


def _in_order(facts: FilmFacts) -> list[str]:
    return list(dict.fromkeys(needle.name for needle in facts.needles))


def _what(facts: FilmFacts, generator: np.random.Generator, names: Sequence[str], split: Split) -> list[Question]:
    shown = _in_order(facts)
    if len(shown) > 1:
        return []
    answer = shown[0] if shown else NOTHING
    return [Question("what", _text("what", split, generator), answer, _spans(facts.needles))]


def _is_there(facts: FilmFacts, generator: np.random.Generator, names: Sequence[str], split: Split) -> list[Question]:
    shown, questions = _in_order(facts), []
    if shown:
        name = shown[int(generator.integers(len(shown)))]
        spans = _spans([needle for needle in facts.needles if needle.name == name])
        questions.append(Question("is_there", _text("is_there", split, generator, name), "yes", spans))
    absent = [name for name in names if name not in shown]
    if absent:
        name = absent[int(generator.integers(len(absent)))]
        questions.append(Question("is_there", _text("is_there", split, generator, name), "no", ()))
    return questions


def _when(facts: FilmFacts, generator: np.random.Generator, names: Sequence[str], split: Split) -> list[Question]:
    shown = [needle.name for needle in facts.needles]
    once = [needle for needle in facts.needles if shown.count(needle.name) == 1]
    if not once:
        return []
    needle = once[int(generator.integers(len(once)))]
    text = _text("when", split, generator, needle.name)
    return [Question("when", text, clock(needle.start_seconds), _spans([needle]))]


def _when_it(facts: FilmFacts, generator: np.random.Generator, names: Sequence[str], split: Split) -> list[Question]:
    """Asked where "it" can only be one thing."""
    if len(facts.needles) != 1:
        return []
    text = _text("when_it", split, generator)
    return [Question("when_it", text, clock(facts.needles[0].start_seconds), _spans(facts.needles))]


def _list(facts: FilmFacts, generator: np.random.Generator, names: Sequence[str], split: Split) -> list[Question]:
    answer = ", ".join(_in_order(facts)) or NOTHING
    return [Question("list", _text("list", split, generator), answer, _spans(facts.needles))]


def _count(facts: FilmFacts, generator: np.random.Generator, names: Sequence[str], split: Split) -> list[Question]:
    answer = NUMBERS[min(len(_in_order(facts)), len(NUMBERS) - 1)]
    return [Question("count", _text("count", split, generator), answer, _spans(facts.needles))]


def _first(facts: FilmFacts, generator: np.random.Generator, names: Sequence[str], split: Split) -> list[Question]:
    return [_end_of_film("first", facts.needles[:1], generator, split)]


def _last(facts: FilmFacts, generator: np.random.Generator, names: Sequence[str], split: Split) -> list[Question]:
    return [_end_of_film("last", facts.needles[-1:], generator, split)]


def _end_of_film(
    kind: QuestionKind, needles: Sequence[Needle], generator: np.random.Generator, split: Split
) -> Question:
    answer = needles[0].name if needles else NOTHING
    return Question(kind, _text(kind, split, generator), answer, _spans(needles))


_Maker = Callable[[FilmFacts, np.random.Generator, Sequence[str], Split], list[Question]]
_MAKERS: dict[QuestionKind, _Maker] = {
    "what": _what,
    "is_there": _is_there,
    "when": _when,
    "when_it": _when_it,
    "list": _list,
    "count": _count,
    "first": _first,
    "last": _last,
}
