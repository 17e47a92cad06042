"""Questions about a film whose answers follow from its facts, and the times that prove them.

Answers are plain: a noun, "nothing", "yes", "no", a number word, a clock time "1:05", or nouns in order of appearance
"apple, drum". How questions are put is in `wording.py`. A kind that a film has no single true answer to is not asked.

A name is a run when nothing else is shown between its first and its last showing; what comes before and after it, and
which of two came first, is asked of runs only. A scene is the label of footage; it is asked for only where every label
of the film is seen for long enough.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from videoxl.synth.facts import FilmFacts
from videoxl.synth.needle import Needle, NeedleKind
from videoxl.synth.splits import Split
from videoxl.synth.wording import BASIC_KINDS, QuestionKind, clock, phrase, templates

NOTHING = "nothing"
NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "many")
LEAST_SCENE_SECONDS = 2.0  # in one piece, so that a film looked at once a second shows it


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
    kinds: Sequence[QuestionKind] = BASIC_KINDS,
    split: Split | None = None,
    scenes: Sequence[str] = (),
) -> list[Question]:
    """One question of every kind that the film has an answer to; is_there once with yes and once with no.

    Args:
        names: what may be asked for when something absent is wanted.
        kinds: what may be asked, in this order; `wording.KINDS` holds more than the basic ones.
        split: whose wording to use; the film's own when None.
        scenes: which labels of footage may be asked for when an absent one is wanted.
    """
    asker = _Asker(facts, generator, tuple(names), split or facts.split, tuple(scenes))
    return [question for kind in kinds for question in _MAKERS[kind](asker)]


@dataclass(frozen=True, slots=True)
class _Asker:
    """A film, and what is needed to put a question about it."""

    facts: FilmFacts
    generator: np.random.Generator
    names: tuple[str, ...]
    split: Split
    scenes: tuple[str, ...]

    @property
    def shown(self) -> list[str]:
        """Every name once, in order of its first showing."""
        return list(dict.fromkeys(needle.name for needle in self.facts.needles))

    @property
    def runs(self) -> list[tuple[Needle, ...]]:
        """Needles of one name that follow one another, together."""
        return [tuple(run) for _, run in groupby(self.facts.needles, key=lambda needle: needle.name)]

    def absent(self, present: Sequence[str]) -> list[str]:
        return [name for name in self.names if name not in present]

    def needles(self, *names: str) -> list[Needle]:
        return [needle for needle in self.facts.needles if needle.name in names]

    def of_kind(self, kind: NeedleKind) -> list[Needle]:
        return [needle for needle in self.facts.needles if needle.kind == kind]

    def pick(self, candidates: Sequence[str]) -> str:
        return candidates[int(self.generator.integers(len(candidates)))]

    def ask(
        self, kind: QuestionKind, answer: str, needles: Sequence[Needle] = (), *, name: str = "", other: str = ""
    ) -> Question:
        """A question in one of the split's wordings, proved by the times of these needles."""
        text = phrase(self.pick(templates(kind, self.split)), name, other)
        return Question(kind, text, answer, tuple((needle.start_seconds, needle.stop_seconds) for needle in needles))


def _only_thing(kind: QuestionKind, asker: _Asker, needles: Sequence[Needle]) -> list[Question]:
    """What the needles show, where that is one thing or nothing."""
    shown = {needle.name for needle in needles}
    return [asker.ask(kind, min(shown, default=NOTHING), needles)] if len(shown) < 2 else []


def _only_time(kind: QuestionKind, asker: _Asker, needles: Sequence[Needle]) -> list[Question]:
    """When the needle is shown, where there is just one."""
    return [asker.ask(kind, clock(needles[0].start_seconds), needles)] if len(needles) == 1 else []


def _is_there(asker: _Asker) -> list[Question]:
    shown, questions = asker.shown, []
    if shown:
        name = asker.pick(shown)
        questions.append(asker.ask("is_there", "yes", asker.needles(name), name=name))
    if absent := asker.absent(shown):
        questions.append(asker.ask("is_there", "no", name=asker.pick(absent)))
    return questions


def _when(asker: _Asker) -> list[Question]:
    once = [name for name in (needle.name for needle in asker.facts.needles) if len(asker.needles(name)) == 1]
    if not once:
        return []
    name = asker.pick(once)
    (needle,) = asker.needles(name)
    return [asker.ask("when", clock(needle.start_seconds), [needle], name=name)]


def _list(asker: _Asker) -> list[Question]:
    return [asker.ask("list", ", ".join(asker.shown) or NOTHING, asker.facts.needles)]


def _count(asker: _Asker) -> list[Question]:
    return [asker.ask("count", _number(len(asker.shown)), asker.facts.needles)]


def _end_of_film(kind: QuestionKind, asker: _Asker, needles: Sequence[Needle]) -> list[Question]:
    return [asker.ask(kind, needles[0].name if needles else NOTHING, needles)]


def _neighbour(kind: QuestionKind, asker: _Asker, runs: Sequence[tuple[Needle, ...]]) -> list[Question]:
    """What follows one of the runs, in the order given; only of a film that shows more than one thing."""
    once = _names_of_one_run(runs)
    if len(runs) < 2 or not once:
        return []
    name = asker.pick(once)
    index = [run[0].name for run in runs].index(name)
    following = runs[index + 1] if index + 1 < len(runs) else ()
    return [asker.ask(kind, following[0].name if following else NOTHING, following, name=name)]


def _is_before(asker: _Asker) -> list[Question]:
    once = _names_of_one_run(asker.runs)
    if len(once) < 2:
        return []
    one, other = (int(index) for index in asker.generator.choice(len(once), size=2, replace=False))
    answer, proof = "yes" if one < other else "no", asker.needles(once[one], once[other])
    return [asker.ask("is_before", answer, proof, name=once[one], other=once[other])]


def _how_often(asker: _Asker) -> list[Question]:
    """Of something shown, and of something that is not."""
    shown, questions = asker.shown, []
    for candidates in (shown, asker.absent(shown)):
        if candidates:
            name = asker.pick(candidates)
            needles = asker.needles(name)
            questions.append(asker.ask("how_often", _number(len(needles)), needles, name=name))
    return questions


def _scene(asker: _Asker) -> list[Question]:
    """What the footage around a thing shows."""
    around = {name: {asker.facts.label_of(needle) for needle in asker.needles(name)} for name in asker.shown}
    places = {name: labels.pop() for name, labels in around.items() if len(labels) == 1}
    asked = [name for name, label in places.items() if label is not None]
    if not asked:
        return []
    name = asker.pick(asked)
    return [asker.ask("scene", places[name] or NOTHING, asker.needles(name), name=name)]


def _scenes(asker: _Asker) -> list[Question]:
    if not (labels := _seen_labels(asker.facts)):
        return []
    question = asker.ask("scenes", ", ".join(labels))
    return [Question("scenes", question.text, question.answer, _spans_of(asker.facts, labels))]


def _is_scene(asker: _Asker) -> list[Question]:
    if not (labels := _seen_labels(asker.facts)):
        return []
    questions = []
    for answer, candidates in (("yes", labels), ("no", [label for label in asker.scenes if label not in labels])):
        if candidates:
            label = asker.pick(candidates)
            text = asker.ask("is_scene", answer, name=label).text
            questions.append(Question("is_scene", text, answer, _spans_of(asker.facts, [label])))
    return questions


def _seen_labels(facts: FilmFacts) -> list[str]:
    """The film's labels in order, none if one of them is hardly seen: then no answer would be beyond doubt."""
    labels = list(dict.fromkeys(shot.label for shot in facts.shots if shot.label))
    longest = [max(facts.seen_seconds(shot) for shot in facts.shots if shot.label == label) for label in labels]
    return labels if min(longest, default=0.0) >= LEAST_SCENE_SECONDS else []


def _spans_of(facts: FilmFacts, labels: Sequence[str]) -> tuple[tuple[float, float], ...]:
    return tuple((shot.start_seconds, shot.stop_seconds) for shot in facts.shots if shot.label in labels)


def _names_of_one_run(runs: Sequence[tuple[Needle, ...]]) -> list[str]:
    names = [run[0].name for run in runs]
    return [name for name in names if names.count(name) == 1]


def _number(count: int) -> str:
    return NUMBERS[min(count, len(NUMBERS) - 1)]


_MAKERS: dict[QuestionKind, Callable[[_Asker], list[Question]]] = {
    "what": lambda asker: _only_thing("what", asker, asker.facts.needles),
    "is_there": _is_there,
    "when": _when,
    "when_it": lambda asker: _only_time("when_it", asker, asker.facts.needles),
    "list": _list,
    "count": _count,
    "first": lambda asker: _end_of_film("first", asker, asker.facts.needles[:1]),
    "last": lambda asker: _end_of_film("last", asker, asker.facts.needles[-1:]),
    "after": lambda asker: _neighbour("after", asker, asker.runs),
    "before": lambda asker: _neighbour("before", asker, asker.runs[::-1]),
    "is_before": _is_before,
    "how_often": _how_often,
    "scene": _scene,
    "scenes": _scenes,
    "is_scene": _is_scene,
    "read": lambda asker: _only_thing("read", asker, asker.of_kind("card")),
    "unusual": lambda asker: _only_thing("unusual", asker, asker.facts.needles),
    "when_unusual": lambda asker: _only_time("when_unusual", asker, asker.facts.needles),
    "advert": lambda asker: _only_thing("advert", asker, asker.of_kind("advert")),
    "when_advert": lambda asker: _only_time("when_advert", asker, asker.of_kind("advert")),
}
