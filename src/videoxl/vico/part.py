"""What a film, or a part of one, becomes: captions, events, questions; and the report over all of them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from videoxl.vico.caption import Caption
from videoxl.vico.clip import Clip
from videoxl.vico.event import Event
from videoxl.vico.film_file import FilmFile
from videoxl.vico.question import VicoQuestion


@dataclass(frozen=True, slots=True)
class Part:
    """One example, with all that it was made of. No questions where there were too few events for any."""

    film: FilmFile
    span: Clip
    is_whole: bool
    captions: tuple[Caption | None, ...]
    """In order of time; None is a clip that nobody could describe."""
    events: tuple[Event, ...]
    questions: tuple[VicoQuestion, ...]
    faults: Counter[str]
    """What was left out, by reason."""
    num_kept: int
    """Captions that an earlier run had made."""

    @property
    def id(self) -> str:
        """Unique among the parts of a folder's films."""
        if self.is_whole:
            return self.film.name
        return f"{self.film.name}@{self.span.start_seconds:g}-{self.span.stop_seconds:g}"

    def to_json(self) -> dict[str, Any]:
        """For a person's review: everything, in the order in which it was made."""
        return {
            "id": self.id,
            "film": str(self.film.path),
            "captions": [None if caption is None else caption.to_json() for caption in self.captions],
            "events": [asdict(event) for event in self.events],
            "questions": [question.to_json() for question in self.questions],
            "left_out": dict(self.faults),
        }


@dataclass(frozen=True, slots=True)
class BadFilm:
    """A film that gave nothing, and why."""

    name: str
    reason: str


@dataclass(slots=True)
class VicoReport:
    """Sums over a run; `add` is called with what it gives, one by one."""

    num_films: int = 0
    num_parts: int = 0
    num_clips: int = 0
    num_kept: int = 0
    num_events: int = 0
    num_examples: int = 0
    num_questions: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    bad_films: list[BadFilm] = field(default_factory=list)
    _films: set[str] = field(default_factory=set)

    def add(self, result: Part | BadFilm) -> None:
        """Count one result."""
        if isinstance(result, BadFilm):
            self.bad_films.append(result)
            return
        self._films.add(result.film.name)
        self.num_films = len(self._films)
        self.num_parts += 1
        self.num_clips += len(result.captions)
        self.num_kept += result.num_kept
        self.num_events += len(result.events)
        self.num_examples += bool(result.questions)
        self.num_questions += len(result.questions)
        self.kinds.update(question.kind for question in result.questions)
        self.left_out.update(result.faults)
        if not result.questions:
            self.left_out["film or part without enough events in order"] += 1

    def to_json(self) -> dict[str, Any]:
        """As --json prints it."""
        sums = {entry.name: getattr(self, entry.name) for entry in fields(self) if entry.name.startswith("num_")}
        return {
            **sums,
            "kinds": dict(self.kinds),
            "left_out": dict(self.left_out),
            "bad_films": [asdict(film) for film in self.bad_films],
        }


def first_reasons(bad: Iterable[BadFilm], *, number: int = 3) -> str:
    """A few bad films with their reasons, in one sentence."""
    listed = list(bad)
    told = "; ".join(f"{film.name}: {film.reason}" for film in listed[:number])
    return told if len(listed) <= number else f"{told}; and {len(listed) - number} more"
