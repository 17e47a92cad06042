"""synthbench: what VNBench asks, and more, of films made from code, of any length, by seeds that are published.

    films       show                                    are asked
    single      one needle                              retrieval, presence, when, scene (is there a scene of)
    several     three to five needles, each once        ordering, presence, when
    counted     one to five needles, each once          counting: how many different ones
    repeated    one or two names, up to three times     counting: how often
    placed      one edit in front of a known scene      scene (what is behind it)

Each is made with inserts, which fill the frame, and with edits, which lie over the footage. Footage, renderings and
wordings are the split's own; all names of the package's pictures may be shown and asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from videoxl.errors import UsageError
from videoxl.evaluation.film_task import FilmTask, question_items
from videoxl.evaluation.item import Item

if TYPE_CHECKING:
    import numpy as np

    from videoxl.synth.film import Film
    from videoxl.synth.wording import QuestionKind

NEEDLES = ("insert", "edit")
LEAST_SECONDS = 32  # the fullest film shows 18 s of needles with gaps between them
ABILITIES = {
    "what": "retrieval",
    "is_there": "presence",
    **dict.fromkeys(("when", "when_it"), "when"),
    **dict.fromkeys(("scene", "is_scene"), "scene"),
    **dict.fromkeys(("first", "last", "after", "before", "is_before", "list"), "ordering"),
    **dict.fromkeys(("count", "how_often"), "counting"),
}
"""Kind of question to what it takes."""


@dataclass(frozen=True, slots=True)
class FilmGroup:
    """What films of one group show, and what is asked about them."""

    fewest: int
    most: int
    kinds: "tuple[QuestionKind, ...]"
    most_showings: int = 1
    needles: tuple[str, ...] = NEEDLES


GROUPS = {
    "single": FilmGroup(1, 1, ("what", "is_there", "when", "when_it", "is_scene")),
    "several": FilmGroup(3, 5, ("first", "last", "after", "before", "is_before", "list", "is_there", "when")),
    "counted": FilmGroup(1, 5, ("count",)),
    "repeated": FilmGroup(1, 2, ("how_often",), most_showings=3),
    "placed": FilmGroup(1, 1, ("scene",), needles=("edit",)),  # nothing is behind what fills the frame
}
NUM_TRIES = 100
_FILMS, _QUESTIONS = range(2)


@dataclass(frozen=True, slots=True)
class SynthBench(FilmTask):
    """See above."""

    name: ClassVar[str] = "synthbench"
    title: ClassVar[str] = "synthbench: retrieval, ordering, counting, when, presence, scene; films from code"
    metric: ClassVar[str] = "accuracy, mean over abilities"
    mean_over: ClassVar[str | None] = "ability"

    seconds: tuple[int, ...] = (128,)
    """Lengths of the films, from 32 on."""
    films: int = 10
    """Of each group, length and kind of needle."""
    needles: tuple[str, ...] = NEEDLES
    seed: int = 0
    split: str = "test"
    interval_seconds: int = 8
    hint: bool = False

    def film_items(self) -> list[Item]:
        """See `FilmTask.film_items`."""
        self._check()
        return [
            item
            for seconds in self.seconds
            for needle in self.needles
            for group, about in GROUPS.items()
            if needle in about.needles
            for number in range(self.films)
            for item in self._items({"length": seconds, "needle": needle, "group": group, "number": number})
        ]

    def film(self, details: Mapping[str, Any]) -> "Film":
        """See `FilmTask.film`."""
        drawn = self._drawn(_FILMS, details)
        film = self._random_film(drawn, details)
        if details["group"] == "placed":
            for _ in range(NUM_TRIES):
                if film.facts.label_of(film.facts.needles[0]) is not None:
                    break
                film = self._random_film(drawn, details)
        return film

    def _random_film(self, generator: "np.random.Generator", details: Mapping[str, Any]) -> "Film":
        from videoxl.synth.dealing import Repeats
        from videoxl.synth.script import random_film

        group = GROUPS[details["group"]]
        return random_film(
            generator,
            seconds=float(details["length"]),
            num_needles=group.fewest + details["number"] % (group.most - group.fewest + 1),
            split=self.split,  # type: ignore[arg-type]
            kinds=(details["needle"],),
            repeats=Repeats(most=group.most_showings),
        )

    def _items(self, place: Mapping[str, Any]) -> list[Item]:
        from videoxl.synth.footage import FootageSet
        from videoxl.synth.pictures import PictureSet
        from videoxl.synth.questions import make_questions

        film = self.film(place)
        where = {"needle": place["needle"], "seconds": str(place["length"])}
        questions = make_questions(
            film.facts,
            self._drawn(_QUESTIONS, place),
            names=PictureSet.builtin().names,
            kinds=GROUPS[place["group"]].kinds,
            scenes=FootageSet.builtin(film.facts.split).labels,
        )
        return question_items(
            questions,
            video="-".join(["synth", *map(str, place.values())]),
            film=film,
            place=place,
            categories=lambda kind: {"ability": ABILITIES[kind], "kind": kind, **where},
        )

    def _drawn(self, what: int, place: Mapping[str, Any]) -> "np.random.Generator":
        named = NEEDLES.index(place["needle"]), [*GROUPS].index(place["group"])
        return self.generator(what, place["length"], *named, place["number"])

    def _check(self) -> None:
        if not self.needles or set(self.needles) - set(NEEDLES):
            raise UsageError(f"synthbench's option needles is {self.needles}, expected some of {', '.join(NEEDLES)}.")
        if len(set(self.seconds)) < len(self.seconds) or min(self.seconds, default=0) < LEAST_SECONDS:
            raise UsageError(
                f"synthbench's option seconds is {self.seconds}, expected lengths from {LEAST_SECONDS} on, each once."
            )
        if self.films < 1:
            raise UsageError(f"synthbench's option films is {self.films}, expected 1 or more.")
