"""One training example: a film of cached frames, and the talk about it.

F frames, X moments: sets of frames that answers rest on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from videoxl.training.films.frame_bank import FrameBank
from videoxl.training.films.talk import NOT_SHOWN, FilmTalk, Showing, Sight, TalkConfig, Turn

CLEAR = 0.1  # what is behind a frame may be seen this much and the footage still counts as clearly seen


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
    moments_XF: np.ndarray
    """Boolean: the frames of each showing, those that tell each sight, vague ones, then what turns rest on."""
    told: tuple[int, ...]
    """Sights that are told by some frames."""


@dataclass(frozen=True, slots=True)
class ExampleConfig:
    """How films are drawn."""

    absent_share: float = 0.12
    """Films that show nothing named."""
    single_share: float = 0.33
    """Films that show one name; the others show two to `most_showings`."""
    most_showings: int = 5
    repeat_share: float = 0.12
    """Films of several showings in which one name is shown twice or three times."""
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
    second_turn_share: float = 0.15
    """Turns that follow another one of the same film in one conversation."""
    most_turns: int = 40
    """Of those that `talk` makes: reading them takes most of a step."""
    talk: TalkConfig = field(default_factory=TalkConfig)


def draw_example(
    bank: FrameBank,
    generator: np.random.Generator,
    *,
    num_frames: int,
    config: ExampleConfig,
    asks_for_sights: bool = True,
) -> Example:
    """A film of `num_frames` frames and its talk."""
    names = _names(bank, generator, config)
    spans = _spans(generator, num_frames, len(names), config.most_frames_shown)
    showings = tuple(Showing(int(name), *span) for name, span in zip(names, spans, strict=False))
    frames, behind, faintness = _film(bank, generator, num_frames, showings, config)
    seen_F = np.where(faintness <= CLEAR, bank.sight_R[frames], -1)
    seen = np.unique(seen_F[seen_F >= 0]).tolist()
    sights: list[Sight] = []
    others: list[str] = []
    if asks_for_sights:
        sights = [Sight(bank.sights[sight], seen_F == sight) for sight in seen]
        others = _other_sights(bank, generator, np.concatenate([frames, behind]))
    told_F, is_vague_F = _told(bank, frames, behind, faintness)
    told = np.unique(told_F[told_F >= 0]).tolist()
    moments = [_frames_of(showing, num_frames) for showing in showings]
    moments += [*(told_F == sight for sight in told), is_vague_F]
    talk = FilmTalk(showings, bank.names, num_frames, sights, others, generator, moments, config.talk)
    turns = talk.turns()
    if config.talk.takes_inventories:
        for _ in range(config.talk.made_up_inventories):
            turns += _made_up(bank, generator, config)
    turns = tuple(turns[index] for index in generator.permutation(len(turns))[: config.most_turns])
    moments_XF = np.array(talk.moments, dtype=bool).reshape(len(talk.moments), num_frames)
    return Example(frames, behind, faintness, showings, turns, moments_XF, tuple(told))


def _made_up(bank: FrameBank, generator: np.random.Generator, config: ExampleConfig) -> tuple[Turn, ...]:
    """What follows from the inventory of some other film, without anything to look at."""
    names = _names(bank, generator, config).tolist()
    showings = [Showing(name, place, place + 1) for place, name in enumerate(names)]
    seen, *others = generator.permutation(bank.sights).tolist() or [None]
    sights = [Sight(seen, np.ones(len(names), dtype=bool))] if seen else []
    talk = FilmTalk(showings, bank.names, len(names), sights, others[:1], generator, [], config.talk)
    return tuple(replace(turn, rests_on=(NOT_SHOWN,) * len(turn.answer)) for turn in talk.follows())


def _frames_of(showing: Showing, num_frames: int) -> np.ndarray:
    is_shown_F = np.zeros(num_frames, dtype=bool)
    is_shown_F[showing.start : showing.stop] = True
    return is_shown_F


def _names(bank: FrameBank, generator: np.random.Generator, config: ExampleConfig) -> np.ndarray:
    """The names of a film's showings, in order of time."""
    chance = generator.random()
    if chance < config.absent_share:
        return np.array([], dtype=int)
    if chance < config.absent_share + config.single_share:
        return generator.choice(len(bank.names), size=1)
    names = generator.choice(len(bank.names), size=int(generator.integers(2, config.most_showings + 1)), replace=False)
    if generator.random() < config.repeat_share:
        again = generator.integers(len(names), size=int(generator.integers(1, 3)))
        names[again] = names[int(generator.integers(len(names)))]
    return names


def _other_sights(bank: FrameBank, generator: np.random.Generator, frames: np.ndarray) -> list[str]:
    """Some ordinary things that these frames certainly do not show."""
    possible = set(bank.possible_RP[frames].ravel().tolist())
    drawn = generator.integers(max(1, len(bank.sights)), size=8).tolist() if bank.sights else []
    return [bank.sights[index] for index in drawn if index not in possible]


def _told(
    bank: FrameBank, frames: np.ndarray, behind: np.ndarray, faintness: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Which sight is told by each frame (F,), -1 where none; and which frames half tell one."""
    says_F = (bank.told_R[frames] >= 0) | bank.is_vague_R[frames]
    says_behind_F = (bank.told_R[behind] >= 0) | bank.is_vague_R[behind]
    is_vague_F = bank.is_vague_R[frames] | (faintness > CLEAR) & (says_F | says_behind_F)
    return np.where(is_vague_F, -1, bank.told_R[frames]), is_vague_F


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
        faintness[shot] = config.ghost_faintness * max(0.0, generator.uniform(-0.5, 1.0))
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
