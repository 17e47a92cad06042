"""Which memories are made and asked: every form of every film, and films of an hour.

An hour costs no further frame: the film that is asked about stands at a random place among filler films, which are put
into another order for each hour. Where there are fewer fillers than an hour has room for, they come again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from evaluation.asking import Asked, Job
from evaluation.films import Group, World
from evaluation.memories import BASELINES, VST_FORMS, Form
from evaluation.questions import film_questions
from evaluation.watching import Watching
from videoxl.synth.splits import split_generator

HOUR_SEEDS = 2**41  # far from the seeds of films and questions
HOUR_FORMS: tuple[Form, ...] = ("16x", "8x")
PLAIN_FORMS: tuple[Form, ...] = ("16x", "8x", "1x")
PICTURE_GROUPS: tuple[Group, ...] = ("insert", "edit", "order", "count")
PLAIN_GROUPS: tuple[Group, ...] = ("filler", "stranger", "stills", "footage")
HOUR_GROUPS: tuple[Group, ...] = ("insert", "edit", "order")


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many films of each group, and how long an hour is."""

    films: Mapping[Group, int]
    hours: int
    """Hours with a needle film in them, of each group that is asked in hours."""
    filler_hours: int
    """Hours of nothing but filler."""
    hour_frames: int


class JobList:
    """All jobs of one measurement."""

    def __init__(
        self, world: World, watching: Watching, sizes: Sizes, things: Mapping[tuple[Group, int], Sequence[Asked]]
    ) -> None:
        self.world, self.watching, self.sizes, self.things = world, watching, sizes, things
        self.film_frames = int(np.ceil(world.seconds))

    def jobs(self) -> list[Job]:
        """In the order in which they are done: short films first."""
        short = [
            self._short(group, index, form)
            for group in (*PICTURE_GROUPS, *PLAIN_GROUPS)
            for form in self._forms(group)
            for index in range(self.sizes.films.get(group, 0))
        ]
        return [*short, *self._hours()]

    def _forms(self, group: Group) -> Iterable[Form]:
        return (*VST_FORMS, *BASELINES) if group in PICTURE_GROUPS else PLAIN_FORMS

    def _short(self, group: Group, index: int, form: Form) -> Job:
        film = (group, index)
        asked = self.things[film] if film in self.things else film_questions(self.world, group, index)
        place = self.watching.tokens_place(group, index)
        seed = self.world.seed(group, index)
        return Job(f"{group}-{index}", group, self.film_frames, form, (place,), tuple(asked), seed)

    def _hours(self) -> list[Job]:
        jobs = []
        for group, number in [
            *((group, self.sizes.hours) for group in HOUR_GROUPS),
            ("filler", self.sizes.filler_hours),
        ]:
            for index in range(min(number, self.sizes.films.get(group, 0))):
                job = self._hour(group, index)
                jobs += [replace(job, form=form) for form in HOUR_FORMS]
        return jobs

    def _hour(self, group: Group, index: int) -> Job:
        generator = split_generator(self.world.split, HOUR_SEEDS + self.world.seed(group, index))
        num_films = -(-self.sizes.hour_frames // self.film_frames)
        fillers = self._fillers(num_films, generator)
        short = self._short(group, index, "16x")
        asked = short.asked
        if group != "filler":
            place = int(generator.integers(max(1, num_films - 1)))  # never in the last, which may be cut
            fillers[place] = short.parts[0]
            asked = tuple(question.later(place * self.film_frames) for question in asked)
        return replace(short, num_frames=self.sizes.hour_frames, parts=tuple(fillers), asked=asked)

    def _fillers(self, number: int, generator: np.random.Generator) -> list:
        """Places of so many filler films, none again before all were shown."""
        held = self.sizes.films["filler"]
        order: list[int] = []
        while len(order) < number:
            order += generator.permutation(held).tolist()
        return [self.watching.tokens_place("filler", index) for index in order[:number]]
