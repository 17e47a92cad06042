"""A needle in a haystack: one picture inserted into a film, at every depth of films of every length.

Films are of `synth`: the split's own footage, renderings and wordings, made while they are watched, once a second. The
needle moves through one haystack from depth to depth; no name is inserted twice before all were. Asked is what was
inserted, and whether it and something else are there. A grid over compression ratios is one run for each: ratios belong
to the run, and a report makes one curve of several.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

from videoxl.errors import UsageError
from videoxl.evaluation.film_task import FilmTask, question_items
from videoxl.evaluation.item import Item

if TYPE_CHECKING:
    from videoxl.synth.film import Film
    from videoxl.synth.wording import QuestionKind

KINDS: "tuple[QuestionKind, ...]" = ("what", "is_there")
FPS = 1.0
NEEDLES = ("insert", "edit")
LEAST_FRAMES = 8
_FILMS, _NEEDLES, _QUESTIONS, _NAMES = range(4)
"""What is drawn, as the first number of a generator."""


@dataclass(frozen=True, slots=True)
class Niah(FilmTask):
    """See above."""

    name: ClassVar[str] = "niah"
    title: ClassVar[str] = "Needle in a haystack: films from code, lengths x depths"
    metric: ClassVar[str] = "accuracy, mean over what and is_there"
    mean_over: ClassVar[str | None] = "kind"

    frames: tuple[int, ...] = (64, 256, 1024, 3600)
    """Lengths of the films: frames, which are a second apart."""
    depths: int = 5
    """Evenly from the first frame to the last; one alone is the middle."""
    films: int = 4
    """Of each length and depth."""
    needle: str = "insert"
    """insert fills the frame, edit lies over the footage."""
    needle_seconds: int = 1
    seed: int = 0
    split: str = "test"
    interval_seconds: int = 8
    hint: bool = False

    def film_items(self) -> list[Item]:
        """See `FilmTask.film_items`."""
        self._check()
        return [
            item
            for frames in self.frames
            for depth in range(self.depths)
            for number in range(self.films)
            for item in self._items({"frames": frames, "depth": depth, "number": number})
        ]

    def film(self, details: Mapping[str, Any]) -> "Film":
        """See `FilmTask.film`."""
        from videoxl.synth.film import Film
        from videoxl.synth.needle import Needle

        place = details["frames"], details["depth"], details["number"]
        haystack = _haystack(self, details["frames"], details["number"])
        start = round(self._share(details["depth"]) * (details["frames"] - self.needle_seconds))
        drawn = int(self.generator(_NEEDLES, *place).integers(2**31))
        needle = Needle(
            self.needle,  # type: ignore[arg-type]
            self._name(details),
            float(start),
            float(start + self.needle_seconds),
            seed=drawn,
        )
        return Film(replace(haystack.facts, needles=(needle,)))

    def _items(self, place: Mapping[str, int]) -> list[Item]:
        from videoxl.synth.pictures import PictureSet
        from videoxl.synth.questions import make_questions

        film, percent = self.film(place), round(100 * self._share(place["depth"]))
        where = {"frames": str(place["frames"]), "depth": f"{percent} %"}
        drawn = self.generator(_QUESTIONS, *place.values())
        return question_items(
            make_questions(film.facts, drawn, names=PictureSet.builtin().names, kinds=KINDS),
            video=f"niah-{place['frames']}-{percent}-{place['number']}",
            film=film,
            place=place,
            categories=lambda kind: {**where, "kind": kind},
            watch={"fps": FPS},
        )

    def _name(self, place: Mapping[str, Any]) -> str:
        """Names are dealt out over all films in order, so that no answer is right more often than another."""
        from videoxl.synth.pictures import PictureSet

        names = PictureSet.builtin().names
        cell = self.frames.index(place["frames"]) * self.depths + place["depth"]
        dealt = self.generator(_NAMES).permutation(len(names))
        return names[int(dealt[(cell * self.films + place["number"]) % len(names)])]

    def _share(self, depth: int) -> float:
        return 0.5 if self.depths == 1 else depth / (self.depths - 1)

    def shots(self, frames: int, number: int) -> "Film":
        """The haystack; one for all depths."""
        from videoxl.synth.script import random_film

        return random_film(
            self.generator(_FILMS, frames, number),
            seconds=float(frames),
            num_needles=0,
            split=self.split,  # type: ignore[arg-type]
        )

    def _check(self) -> None:
        if self.needle not in NEEDLES:
            raise UsageError(f"niah's option needle is {self.needle!r}, expected {' or '.join(NEEDLES)}.")
        if len(set(self.frames)) < len(self.frames) or min(self.frames, default=0) < LEAST_FRAMES:
            raise UsageError(
                f"niah's option frames is {self.frames}, expected lengths from {LEAST_FRAMES} on, each once."
            )
        if min(self.depths, self.films, self.needle_seconds) < 1 or self.needle_seconds > min(self.frames):
            raise UsageError(
                f"niah's options depths, films and needle_seconds are {self.depths}, {self.films} and "
                f"{self.needle_seconds}, expected 1 or more each, and needles that fit into the films."
            )


@lru_cache(maxsize=8)
def _haystack(task: Niah, frames: int, number: int) -> "Film":
    return task.shots(frames, number)
