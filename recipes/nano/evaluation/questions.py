"""What is asked about a film of each group, in the wordings of its split."""

from collections.abc import Sequence

import numpy as np

from evaluation.asking import TIMES, Asked
from evaluation.films import Group, World
from videoxl.synth.facts import FilmFacts
from videoxl.synth.questions import NOTHING, Question, make_questions
from videoxl.synth.splits import split_generator
from videoxl.synth.wording import QuestionKind, phrase, templates

QUESTION_SEEDS = 2**40  # far from the seeds of films
NEVER = "never"
TASKS: dict[QuestionKind, str] = {"is_there": "is there", "when_it": "when it"}
"""Names of tasks that are not called as the kind of question."""
KINDS: dict[Group, tuple[QuestionKind, ...]] = {
    "insert": ("what", "is_there", "when", "when_it"),
    "edit": ("what", "is_there", "when", "when_it"),
    "order": ("first", "last", "after", "before", "list", "is_there"),
    "count": ("count",),
}
NAMES_ASKED_OF_FILLER, NAMES_ASKED_OF_STRANGER = 20, 5


def film_questions(world: World, group: Group, index: int) -> list[Asked]:
    """All questions about one film of pictures; those about ordinary things need the teacher (ordinary.py)."""
    facts = world.film(group, index).facts
    generator = question_generator(world, group, index)
    if group == "filler":
        return [_what(world, generator), *_absent(world, generator, NAMES_ASKED_OF_FILLER)]
    if group == "stranger":
        return [_what(world, generator), *_absent(world, generator, NAMES_ASKED_OF_STRANGER)]
    made = make_questions(facts, generator, names=world.names, kinds=KINDS[group], split=world.split)
    asked = [_asked(question, facts) for question in made]
    if "when" in KINDS[group]:
        asked.append(_never(world, generator, {needle.name for needle in facts.needles}))
    return asked


def question_generator(world: World, group: Group, index: int) -> np.random.Generator:
    """Draws what is asked about a film, and how."""
    return split_generator(world.split, QUESTION_SEEDS + world.seed(group, index))


def worded(world: World, generator: np.random.Generator, kind: QuestionKind, name: str = "") -> str:
    """A question of that kind in one of the split's wordings."""
    wordings = templates(kind, world.split)
    return phrase(wordings[int(generator.integers(len(wordings)))], name)


def shown_frames(facts: FilmFacts, spans: Sequence[tuple[float, float]]) -> tuple[int, ...]:
    """Of the frames looked at, one a second, those that lie in some spans of time."""
    return tuple(
        frame for frame in range(int(np.ceil(facts.seconds))) if any(start <= frame < stop for start, stop in spans)
    )


def _asked(question: Question, facts: FilmFacts) -> Asked:
    shown = tuple(needle.name for needle in facts.needles)
    task = TASKS.get(question.kind, question.kind)
    expected = "" if task in TIMES else question.answer  # a time is right by the frames it holds
    return Asked(task, question.text, expected, shown_frames(facts, question.spans), shown)


def _what(world: World, generator: np.random.Generator) -> Asked:
    return Asked("what", worded(world, generator, "what"), NOTHING)


def _absent(world: World, generator: np.random.Generator, number: int) -> list[Asked]:
    """Whether names are there, of a film that shows none."""
    drawn = generator.permutation(len(world.names))[:number]
    return [Asked("is there", worded(world, generator, "is_there", world.names[index]), "no") for index in drawn]


def _never(world: World, generator: np.random.Generator, present: set[str]) -> Asked:
    absent = [name for name in world.names if name not in present]
    name = absent[int(generator.integers(len(absent)))]
    return Asked("never", worded(world, generator, "when", name), NEVER)
