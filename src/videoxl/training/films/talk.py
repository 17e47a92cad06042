"""What is said about a training film: turns of question and answer, and the frames that each answer rests on.

The turns say what a person may ask and what this model is to answer: a name, names in order, yes or no, a number, the
time mark or that of a list (the engine puts the time, or what the inventory has, in its place), and "nothing", "no" or
"never" for what is not there. Answers agree with those of `videoxl.synth.questions` on the same film
(tests/training/films/test_talk.py).

F frames, X moments: sets of frames that answers rest on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from videoxl.engine.inventory import numbered
from videoxl.synth.questions import NOTHING, NUMBERS
from videoxl.synth.wording import QuestionKind, phrase, templates
from videoxl.training.films.vocabulary import AFTER, ALL, BEFORE, COMMA, HAS, NEXT, ONE, TIME

NEVER = "never"
NOT_SHOWN = -1


@dataclass(frozen=True, slots=True)
class Showing:
    """A name on frames [start, stop) of a film."""

    name: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Sight:
    """An ordinary thing that footage shows, on some frames (F,)."""

    word: str
    is_seen_F: np.ndarray


@dataclass(frozen=True, slots=True)
class Turn:
    """A question, the words of its answer, and for each of them the moment it rests on (or `NOT_SHOWN`)."""

    kind: QuestionKind
    question: str
    answer: tuple[str, ...]
    rests_on: tuple[int, ...]
    request: tuple[str, ...] = ()
    """How the film's inventory is asked for (engine/inventory.py); empty where the answer is said at once."""
    inventory: tuple[str, ...] = ()
    """What is then read in front of the question."""


@dataclass(frozen=True, slots=True)
class TalkConfig:
    """How many questions of each kind a film gets."""

    yes_questions: int = 2
    """About names that are there, and as many about names that are not."""
    when_questions: int = 1
    list_questions: int = 1
    count_questions: int = 1
    neighbour_questions: int = 2
    """What comes after, and before, a name; in films that show two or more."""
    often_questions: int = 1
    takes_inventories: bool = True
    """Whether questions are answered from an inventory (engine/inventory.py)."""
    made_up_inventories: int = 1
    """Inventories of other films, and what follows from them: what is read of one counts, whatever the memory shows."""
    sight_questions: int = 2
    """About ordinary things that footage shows, and as many about things that it does not."""


@dataclass(slots=True)
class FilmTalk:
    """Writes the turns of one film and collects the moments they rest on."""

    showings: Sequence[Showing]
    names: Sequence[str]
    num_frames: int
    sights: Sequence[Sight]
    other_sights: Sequence[str]
    """Things that the film certainly does not show."""
    generator: np.random.Generator
    moments: list[np.ndarray]
    config: TalkConfig

    def turns(self) -> tuple[Turn, ...]:
        """A turn of most kinds, in random order."""
        names, config = self._in_order, self.config
        turns = [self._end("first"), self._end("last")]
        turns += [self._list() for _ in range(config.list_questions)]
        turns += [self._count() for _ in range(config.count_questions)]
        if len(names) < 2:  # "what" can only be one thing
            turns += [self._what(), self._what()]
        if len(self.showings) < 2:
            turns.append(self._when_it())
        else:
            turns += self._neighbours(config.neighbour_questions)
        turns += [turn for _ in range(config.yes_questions) for turn in self._is_there()]
        turns += [turn for _ in range(config.when_questions) for turn in self._when()]
        if len(names) < len(self.showings) or self.generator.random() < 0.3:
            turns += [turn for _ in range(config.often_questions) for turn in self._how_often()]
        turns += [turn for _ in range(config.sight_questions) for turn in self._sight()]
        self.generator.shuffle(turns)
        return tuple(turns)

    def follows(self) -> tuple[Turn, ...]:
        """Turns whose answers follow from the inventory alone."""
        turns = [self._list(), self._count(), self._end("first"), self._end("last")]
        turns += [*self._is_there(), *self._when(), *self._how_often()]
        if len(self._in_order) < 2:
            turns.append(self._what())
        if len(self.showings) > 1:
            turns += self._neighbours(self.config.neighbour_questions)
        return (*turns, *self._sight())

    @property
    def _in_order(self) -> list[int]:
        return list(dict.fromkeys(showing.name for showing in self.showings))

    def _moment(self, showings: Sequence[Showing]) -> int:
        """The number of the moment of some showings."""
        if not showings:
            return NOT_SHOWN
        shown_F = np.zeros(self.num_frames, dtype=bool)
        for showing in showings:
            shown_F[showing.start : showing.stop] = True
        self.moments.append(shown_F)
        return len(self.moments) - 1

    def _of(self, name: int) -> list[Showing]:
        return [showing for showing in self.showings if showing.name == name]

    def _what(self) -> Turn:
        if not self.showings:
            return self._turn("what", (NOTHING,), (NOT_SHOWN,))
        return self._turn("what", (self.names[self.showings[0].name],), (self._moment(self.showings),))

    def _list(self) -> Turn:
        if self.showings and self.config.takes_inventories:
            return self._turn("list", (ALL,), (self._moment(self.showings),))
        words: list[str] = []
        rests_on: list[int] = []
        for name in self._in_order:
            words += [COMMA, self.names[name]] if words else [self.names[name]]
            moment = self._moment(self._of(name)[:1])
            rests_on += [NOT_SHOWN, moment] if rests_on else [moment]
        return self._turn("list", tuple(words) or (NOTHING,), tuple(rests_on) or (NOT_SHOWN,))

    def _end(self, kind: QuestionKind) -> Turn:
        if not self.showings:
            return self._turn(kind, (NOTHING,), (NOT_SHOWN,))
        showing = self.showings[0 if kind == "first" else -1]
        return self._turn(kind, (self.names[showing.name],), (self._moment([showing]),))

    def _count(self) -> Turn:
        return self._turn("count", (NUMBERS[len(self._in_order)],), (NOT_SHOWN,))

    def _neighbours(self, number: int) -> list[Turn]:
        """What follows, and what goes before, names that are shown once."""
        shown = [showing.name for showing in self.showings]
        once = [index for index, name in enumerate(shown) if shown.count(name) == 1]
        turns = []
        kinds: tuple[tuple[QuestionKind, int], ...] = (("after", 1), ("before", -1))
        for kind, step in kinds:
            for index in self.generator.permutation(once)[:number].tolist():
                other = index + step
                asked = self.names[shown[index]]
                if 0 <= other < len(shown):
                    moment = self._moment([self.showings[other]])
                    turns.append(self._turn(kind, (self.names[shown[other]],), (moment,), asked))
                elif self.generator.random() < 0.5:  # the ends are asked for less often than they would be by chance
                    turns.append(self._turn(kind, (NOTHING,), (NOT_SHOWN,), asked))
        return turns

    def _is_there(self) -> list[Turn]:
        turns = []
        if self.showings:
            name = self._any_shown()
            turns.append(self._turn("is_there", ("yes",), (self._moment(self._of(name)),), self.names[name]))
        return [*turns, self._turn("is_there", ("no",), (NOT_SHOWN,), self.names[self._any_absent()])]

    def _when(self) -> list[Turn]:
        turns = []
        once = [name for name in self._in_order if len(self._of(name)) == 1]
        if once:
            name = once[int(self.generator.integers(len(once)))]
            turns.append(self._turn("when", (TIME,), (self._moment(self._of(name)),), self.names[name]))
        return [*turns, self._turn("when", (NEVER,), (NOT_SHOWN,), self.names[self._any_absent()])]

    def _when_it(self) -> Turn:
        if not self.showings:
            return self._turn("when_it", (NEVER,), (NOT_SHOWN,))
        return self._turn("when_it", (TIME,), (self._moment(self.showings),))

    def _how_often(self) -> list[Turn]:
        if not self.showings:
            return []
        name = self._any_shown()
        times = self._of(name)
        return [self._turn("how_often", (NUMBERS[len(times)],), (self._moment(times),), self.names[name])]

    def _sight(self) -> list[Turn]:
        """Whether, and when, footage shows an ordinary thing."""
        turns = []
        kinds: tuple[QuestionKind, ...] = ("is_there", "is_scene", "when")
        kind = kinds[int(self.generator.integers(len(kinds)))]
        if self.sights:
            sight = self.sights[int(self.generator.integers(len(self.sights)))]
            self.moments.append(sight.is_seen_F)
            answer = TIME if kind == "when" else "yes"
            turns.append(self._turn(kind, (answer,), (len(self.moments) - 1,), sight.word, shown=[sight.word]))
        if self.other_sights:
            word = self.other_sights[int(self.generator.integers(len(self.other_sights)))]
            answer = NEVER if kind == "when" else "no"
            turns.append(self._turn(kind, (answer,), (NOT_SHOWN,), word))
        return turns

    def _any_shown(self) -> int:
        names = self._in_order
        return names[int(self.generator.integers(len(names)))]

    def _any_absent(self) -> int:
        shown = set(self._in_order)
        while (name := int(self.generator.integers(len(self.names)))) in shown:
            pass
        return name

    def _turn(
        self,
        kind: QuestionKind,
        answer: tuple[str, ...],
        rests_on: tuple[int, ...],
        name: str = "",
        *,
        shown: Sequence[str] | None = None,
    ) -> Turn:
        """`shown` is what the inventory may hold, in order; the film's showings when None."""
        wordings = templates(kind, "train")
        wording = wordings[int(self.generator.integers(len(wordings)))]
        turn = Turn(kind, phrase(wording, name), answer, rests_on)
        if not self.config.takes_inventories:
            return turn
        if shown is None:
            shown = [self.names[index] for index, _ in groupby(showing.name for showing in self.showings)]
        request, part = _part(kind, name, shown)
        return replace(turn, request=request, inventory=numbered(part, NUMBERS, NEXT))


def _part(kind: QuestionKind, name: str, shown: Sequence[str]) -> tuple[tuple[str, ...], Sequence[str]]:
    """What is asked for of an inventory, and what the engine makes of that."""
    if not name:
        return (ONE if kind in ("what", "when_it") else NEXT,), shown
    if kind == "after":
        return (AFTER, name), shown[shown.index(name) + 1 :]
    if kind == "before":
        return (BEFORE, name), shown[: shown.index(name)]
    return (HAS, name), [each for each in shown if each == name]
