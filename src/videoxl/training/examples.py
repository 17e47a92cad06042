"""One training example: a film of cached frames, and turns of talk about it.

The turns say what a person may ask and what this model is to answer: a name, names in order, yes or no, a number, the
time mark (the engine puts the time in its place), and "nothing", "no" or "never" for what is not there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from videoxl.synth.questions import NOTHING, NUMBERS
from videoxl.synth.wording import QuestionKind, phrase, templates
from videoxl.training.frame_bank import FrameBank
from videoxl.training.vocabulary import COMMA, TIME

NEVER = "never"
NOT_SHOWN = -1


@dataclass(frozen=True, slots=True)
class Showing:
    """A name on frames [start, stop) of a film."""

    name: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Turn:
    """A question, the words of its answer, and for each of them which showing it rests on (or `NOT_SHOWN`)."""

    kind: QuestionKind
    question: str
    answer: tuple[str, ...]
    rests_on: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Example:
    """Frames of a bank in a row, what they show in order of time, and what is said about it."""

    frames: np.ndarray
    behind: np.ndarray
    """Other frames of the bank, seen faintly behind those."""
    faintness: np.ndarray
    """Share of each frame behind, 0 to 1."""
    showings: tuple[Showing, ...]
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class ExampleConfig:
    """How films and talk are drawn."""

    absent_share: float = 0.12
    """Films that show nothing named."""
    single_share: float = 0.33
    """Films that show one name; the others show two to `most_showings`."""
    most_showings: int = 5
    most_frames_shown: int = 3
    most_shot_frames: int = 10
    steady_share: float = 0.8
    """Frames that look like the first of their shot; the others are of other footage."""
    strange_share: float = 0.25
    """Shots of pictures without a name instead of footage: what unseen footage may look like."""
    ghost_share: float = 0.3
    """Shots in which a named picture is so faint that it does not count."""
    ghost_faintness: float = 0.5
    """At most so much of a ghost is seen; of other footage behind a shot, too."""
    distractor_share: float = 0.3
    """Films in which a picture without a name is shown, too."""
    yes_questions: int = 2
    """Questions about names that are there, and as many about names that are not."""
    second_turn_share: float = 0.15
    """Turns that follow another one of the same film in one conversation."""


def draw_example(bank: FrameBank, generator: np.random.Generator, *, num_frames: int, config: ExampleConfig) -> Example:
    """A film of `num_frames` frames and its talk."""
    wanted = _num_showings(generator, config)
    names = generator.choice(len(bank.names), size=wanted, replace=False)
    spans = _spans(generator, num_frames, wanted, config.most_frames_shown)
    showings = tuple(Showing(int(name), *span) for name, span in zip(names, spans, strict=False))
    film = _film(bank, generator, num_frames, showings, config)
    return Example(*film, showings, draw_turns(showings, bank.names, generator, config))


def draw_turns(
    showings: Sequence[Showing], names: Sequence[str], generator: np.random.Generator, config: ExampleConfig
) -> tuple[Turn, ...]:
    """A turn of most kinds, in random order."""
    writer = _TurnWriter(showings, names, generator)
    turns = [writer.ordered(), writer.end("first"), writer.end("last"), writer.count()]
    if len(showings) < 2:  # "what" and "it" can only be one thing
        turns += [writer.what(), writer.what(), writer.when_it()]
    turns += [turn for _ in range(config.yes_questions) for turn in writer.present_and_absent("is_there")]
    turns += writer.present_and_absent("when")
    generator.shuffle(turns)
    return tuple(turns)


class _TurnWriter:
    def __init__(self, showings: Sequence[Showing], names: Sequence[str], generator: np.random.Generator) -> None:
        self.showings, self.names, self.generator = showings, names, generator

    def what(self) -> Turn:
        return self._all("what")

    def ordered(self) -> Turn:
        return self._all("list")

    def end(self, kind: QuestionKind) -> Turn:
        if not self.showings:
            return self._turn(kind, (NOTHING,), (NOT_SHOWN,))
        index = 0 if kind == "first" else len(self.showings) - 1
        return self._turn(kind, (self.names[self.showings[index].name],), (index,))

    def count(self) -> Turn:
        return self._turn("count", (NUMBERS[len(self.showings)],), (NOT_SHOWN,))

    def when_it(self) -> Turn:
        return self._time("when_it", 0 if self.showings else NOT_SHOWN)

    def present_and_absent(self, kind: QuestionKind) -> list[Turn]:
        turns = []
        if self.showings:
            index = int(self.generator.integers(len(self.showings)))
            name = self.names[self.showings[index].name]
            turns.append(
                self._time(kind, index, name) if kind == "when" else self._turn(kind, ("yes",), (index,), name)
            )
        shown = {showing.name for showing in self.showings}
        absent = int(self.generator.integers(len(self.names)))
        while absent in shown:
            absent = int(self.generator.integers(len(self.names)))
        name = self.names[absent]
        turns.append(
            self._time(kind, NOT_SHOWN, name) if kind == "when" else self._turn(kind, ("no",), (NOT_SHOWN,), name)
        )
        return turns

    def _all(self, kind: QuestionKind) -> Turn:
        if not self.showings:
            return self._turn(kind, (NOTHING,), (NOT_SHOWN,))
        words: list[str] = []
        rests_on: list[int] = []
        for index, showing in enumerate(self.showings):
            words += [COMMA, self.names[showing.name]] if words else [self.names[showing.name]]
            rests_on += [NOT_SHOWN, index] if rests_on else [index]
        return self._turn(kind, tuple(words), tuple(rests_on))

    def _time(self, kind: QuestionKind, index: int, name: str = "") -> Turn:
        return self._turn(kind, (NEVER if index == NOT_SHOWN else TIME,), (index,), name)

    def _turn(self, kind: QuestionKind, answer: tuple[str, ...], rests_on: tuple[int, ...], name: str = "") -> Turn:
        wordings = templates(kind, "train")
        wording = wordings[int(self.generator.integers(len(wordings)))]
        return Turn(kind, phrase(wording, name), answer, rests_on)


def _num_showings(generator: np.random.Generator, config: ExampleConfig) -> int:
    chance = generator.random()
    if chance < config.absent_share:
        return 0
    if chance < config.absent_share + config.single_share:
        return 1
    return int(generator.integers(2, config.most_showings + 1))


def _spans(generator: np.random.Generator, num_frames: int, wanted: int, longest: int) -> list[tuple[int, int]]:
    """Up to `wanted` stretches in order of time with at least one frame between them."""
    lengths = generator.integers(1, longest + 1, size=wanted)
    while len(lengths) and lengths.sum() + len(lengths) - 1 > num_frames:
        lengths = lengths[:-1]
    spare = num_frames - int(lengths.sum()) - max(len(lengths) - 1, 0)
    before = np.sort(generator.integers(0, spare + 1, size=len(lengths)))
    starts = before + np.concatenate([[0], np.cumsum(lengths + 1)])[: len(lengths)]
    return [(int(start), int(start + length)) for start, length in zip(starts, lengths, strict=True)]


def _film(
    bank: FrameBank,
    generator: np.random.Generator,
    num_frames: int,
    showings: Sequence[Showing],
    config: ExampleConfig,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Frames, what is behind them, and how much of that is seen: shots of footage, with pictures put in."""
    frames, behind = bank.draw_background(generator, num_frames), bank.draw_background(generator, num_frames)
    faintness = np.zeros(num_frames)
    shown = {showing.name for showing in showings}
    start = 0
    while start < num_frames:
        shot = slice(start, start + int(generator.integers(1, config.most_shot_frames + 1)))
        ghost = int(generator.integers(len(bank.names)))
        if generator.random() < config.ghost_share and ghost not in shown:
            behind[shot] = bank.draw_named(ghost, generator)
        else:
            behind[shot] = behind[start]
        faintness[shot] = config.ghost_faintness * generator.random()
        if generator.random() < config.strange_share:
            frames[start] = bank.draw_distractor(generator)
        frames[shot][generator.random(len(frames[shot])) < config.steady_share] = frames[start]
        start = shot.stop
    if generator.random() < config.distractor_share:
        start = int(generator.integers(num_frames))
        stranger = slice(start, start + int(generator.integers(1, config.most_frames_shown + 1)))
        frames[stranger], faintness[stranger] = bank.draw_distractor(generator), 0
    for showing in showings:
        picture = slice(showing.start, showing.stop)
        frames[picture], faintness[picture] = bank.draw_named(showing.name, generator), 0
    return frames, behind, faintness
