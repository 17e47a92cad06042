"""Tasks whose videos are films of `synth`: made when they are watched, from seeds that are published.

A film follows from the task's options and its number alone. What it shows is in its item as a digest, so a videoxl that
would draw another film says so instead of showing it.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from zlib import crc32

from videoxl.errors import EvaluationError, UsageError
from videoxl.evaluation.asker import WATCH_OPTIONS
from videoxl.evaluation.film_answers import FilmAnswers, form_of
from videoxl.evaluation.item import Item
from videoxl.evaluation.judge import Judgement
from videoxl.evaluation.prompts import free_prompt
from videoxl.evaluation.record import Record
from videoxl.evaluation.results import Results
from videoxl.evaluation.task import DEFAULT_SEED, Asking, Loaded, Parser

if TYPE_CHECKING:
    import numpy as np

    from videoxl.synth.film import Film
    from videoxl.synth.questions import Question
    from videoxl.video.source import Watchable

DIGEST_CHARACTERS = 16
MAX_ANSWER_TOKENS = 32  # a list of five names has ten; what goes on is wrong already
LEAST_INTERVAL_SECONDS = 4  # a clock time is rounded down and films are looked at once a second: no finer than this


class FilmTask:
    """Brings everything but `films` and `film`; a task says what its films are and what is asked about them."""

    __slots__ = ()
    name: ClassVar[str]
    metric: ClassVar[str]
    needs: ClassVar[str] = ""
    mean_over: ClassVar[str | None] = None
    max_new_tokens: ClassVar[int] = MAX_ANSWER_TOKENS
    asking: ClassVar[Asking] = "generate"
    seed: int
    split: str
    interval_seconds: int
    """How finely a moment has to be told; 8 is what nano summarises together, at one frame a second."""
    hint: bool
    """Say with each question how short its answer is to be; nano was not taught to be told."""

    def film_items(self) -> list[Item]:
        """All items, films in order."""
        raise NotImplementedError

    def film(self, details: Mapping[str, Any]) -> "Film":
        """The film that an item with these details is about."""
        raise NotImplementedError

    def load(self, folder: Path | None) -> Loaded:
        """See `Task.load`."""
        if folder is not None:
            raise UsageError(f"{self.name} makes its films itself: leave out --data {folder}.")
        if self.interval_seconds < LEAST_INTERVAL_SECONDS:
            raise UsageError(
                f"{self.name}'s option interval_seconds is {self.interval_seconds}, "
                f"expected {LEAST_INTERVAL_SECONDS} or more."
            )
        return Loaded(tuple(self.film_items()))

    def open(self, item: Item) -> "str | Watchable":
        """See `Task.open`."""
        from videoxl.synth.film_source import FilmSource

        film = self.film(item.details)
        if film_digest(film) != item.details["film"]:
            raise EvaluationError(
                f"{item.video} is another film in this videoxl than the one that was asked about: its pictures, "
                "footage or drawing have changed. Install the version that run.json names, or run the task again."
            )
        return FilmSource(film, name=item.video)

    def prompt(self, item: Item, *, frame_seconds: Sequence[float] = ()) -> str:
        """See `Task.prompt`."""
        return free_prompt(item, hint=form_of(item) if self.hint else None)

    def score(
        self,
        items: Sequence[Item],
        records: Sequence[Record],
        *,
        parser: Parser = "strict",
        seed: int = DEFAULT_SEED,
        judgements: Mapping[str, Judgement] | None = None,
    ) -> Results:
        """See `Task.score`. The authors are we: both parsers are the same."""
        answers = FilmAnswers(items, records, interval_seconds=self.interval_seconds)
        return answers.results(task=self.name, metric=self.metric, parser=parser, mean_over=self.mean_over)

    def generator(self, *numbers: int) -> "np.random.Generator":
        """Draws one thing of this task; other numbers, another split, seed or task draw unrelated ones."""
        import numpy as np

        from videoxl.synth.splits import SPLITS, check_split

        task = crc32(self.name.encode())
        return np.random.default_rng([task, SPLITS.index(check_split(self.split)), self.seed, *numbers])


def film_digest(film: "Film") -> str:
    """Of all that is known of a film; another needle, shot or light gives another."""
    return hashlib.sha256(repr(film.facts).encode()).hexdigest()[:DIGEST_CHARACTERS]


def question_items(
    questions: "Sequence[Question]",
    *,
    video: str,
    film: "Film",
    place: Mapping[str, Any],
    categories: Callable[[str], Mapping[str, str]],
    watch: Mapping[str, Any] | None = None,
) -> list[Item]:
    """Questions of `synth` about a film as items.

    Args:
        place: what `FilmTask.film` finds the film by.
        categories: of a kind of question.
        watch: how the film is watched, beyond what the run says; see `asker.WATCH_OPTIONS`.
    """
    shown, digest = [needle.name for needle in film.facts.needles], film_digest(film)
    about = {"seconds": film.facts.seconds, "shown": shown, "film": digest, **({WATCH_OPTIONS: watch} if watch else {})}
    return [
        Item(
            id=f"{video}/{number}-{question.kind}",
            video=video,
            question=question.text,
            answer=question.answer,
            categories=categories(question.kind),
            spans=question.spans,
            details={**place, "kind": question.kind, **about},
        )
        for number, question in enumerate(questions)
    ]
