"""Films drawn at random: shots cut from a split's footage, needles at random times, exact facts.

Every time lies on a grid of a fifth of a second, which is a whole number of frames at 5, 10, 15, 20, 25 and 30 frames a
second: in a written file, too, a needle is seen from exactly its first to exactly its last frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from videoxl.errors import UsageError
from videoxl.synth.dealing import ONCE, Repeats, deal_needles, deal_order
from videoxl.synth.facts import FilmFacts, Shot, View
from videoxl.synth.film import Film
from videoxl.synth.footage import Footage, FootageSet
from videoxl.synth.needle import NeedleKind
from videoxl.synth.pictures import PictureSet
from videoxl.synth.splits import Split, check_split

TICKS_PER_SECOND = 5
SHOT_SECONDS = (3.0, 10.0)
NEEDLE_SECONDS = (1.0, 3.0)
GAP_SECONDS = 1.0  # at least this much film between two needles
MAX_ZOOM = 1.6
STILL_VIEW_SHARE = 0.4  # of the shots of moving footage; the others pan or zoom
GAINS = (0.85, 1.15)
PROCEDURAL_SHARE = 0.25
SHAPE_BACKGROUNDS = ("shapes",)  # would show what a film with shapes is asked about


def random_film(
    generator: np.random.Generator,
    *,
    seconds: float,
    num_needles: int,
    split: Split,
    kinds: Sequence[NeedleKind] = ("insert",),
    names: Sequence[str] | None = None,
    needle_seconds: tuple[float, float] = NEEDLE_SECONDS,
    shot_seconds: tuple[float, float] = SHOT_SECONDS,
    procedural: float = PROCEDURAL_SHARE,
    repeats: Repeats = ONCE,
    most_noise: float = 0.0,
    width: int = 320,
    height: int = 180,
    pictures: PictureSet | None = None,
    footage: FootageSet | None = None,
) -> Film:
    """A film that shows `num_needles` different names, each once unless `repeats` says otherwise, never two at a time.

    Args:
        kinds: what may be put in; cards and shapes bring names of their own.
        names: draw needles from these only; all names of the pictures when None.
        needle_seconds: shortest and longest time that a needle is shown.
        procedural: how many of the shots show a procedural background, as a share.
        most_noise: largest standard deviation of a shot's grain, in 8-bit levels.
    """
    pictures, footage = pictures or PictureSet.builtin(), footage or FootageSet.builtin(check_split(split))
    if footage.split != split:
        raise UsageError(f"the footage belongs to the {footage.split} split, the film to {split}; give one of the two.")
    names = pictures.names if names is None else names
    if not 0 <= num_needles <= len(names):
        raise UsageError(f"{num_needles} needles with different names were asked for; expected 0 to {len(names)}.")
    without = SHAPE_BACKGROUNDS if "shape" in kinds else ()
    shots = _shots(generator, footage, seconds, shot_seconds, procedural, without)
    if most_noise:
        shots = tuple(replace(shot, noise=round(float(generator.uniform(0, most_noise)), 2)) for shot in shots)
    chosen = [names[index] for index in generator.choice(len(names), size=num_needles, replace=False)]
    order = deal_order(generator, num_names=num_needles, repeats=repeats)
    spans = _spans(generator, seconds, len(order), needle_seconds)
    needles = deal_needles(generator, order=order, spans=spans, kinds=kinds, names=chosen, pictured=pictures.names)
    return Film(FilmFacts(split, seconds, width, height, shots, needles), pictures=pictures, footage=footage)


def _spans(
    generator: np.random.Generator, seconds: float, number: int, lengths: tuple[float, float]
) -> list[tuple[float, float]]:
    """Where needles go: lengths first, then the film that is left over is dealt out at random before each of them."""
    low, high = (round(length * TICKS_PER_SECOND) for length in lengths)
    ticks = generator.integers(max(1, low), max(1, low, high) + 1, size=number)
    gap = round(GAP_SECONDS * TICKS_PER_SECOND)
    spare = int(seconds * TICKS_PER_SECOND) - int(ticks.sum()) - gap * max(0, number - 1)
    if spare < 0:
        raise UsageError(
            f"{number} needles do not fit into {seconds} s; ask for fewer or shorter ones or a longer film."
        )
    before = np.sort(generator.integers(0, spare + 1, size=number))
    starts = before + np.concatenate([[0], np.cumsum(ticks + gap)[:-1]])[:number]
    return [
        (float(start / TICKS_PER_SECOND), float((start + length) / TICKS_PER_SECOND))
        for start, length in zip(starts, ticks, strict=True)
    ]


def _shots(
    generator: np.random.Generator,
    footage: FootageSet,
    seconds: float,
    lengths: tuple[float, float],
    procedural: float,
    without: Sequence[str],
) -> tuple[Shot, ...]:
    shots: list[Shot] = []
    tick = 0
    while tick / TICKS_PER_SECOND < seconds:
        source = footage.draw(generator, procedural=procedural, without=without)
        length = min(float(generator.uniform(*lengths)), source.seconds)
        stop = tick + max(1, int(length * TICKS_PER_SECOND))
        span = (tick / TICKS_PER_SECOND, min(stop / TICKS_PER_SECOND, seconds))
        shots.append(_shot(generator, source, *span, label=footage.label(source.name)))
        tick = stop
    return tuple(shots)


def _shot(generator: np.random.Generator, source: Footage, start: float, stop: float, *, label: str | None) -> Shot:
    endless = source.seconds == float("inf")
    latest = 0.0 if endless else max(0.0, source.seconds - (stop - start))
    begin = _random_view(generator)
    rests = not endless and generator.random() < STILL_VIEW_SHARE
    return Shot(
        start_seconds=start,
        stop_seconds=stop,
        source=source.name,
        source_start_seconds=round(float(generator.uniform(0, latest)), 3),
        begin=begin,
        end=begin if rests else _random_view(generator),
        mirrored=bool(generator.random() < 0.5),
        gains=_random_gains(generator),
        label=label,
    )


def _random_gains(generator: np.random.Generator) -> tuple[float, float, float]:
    red, green, blue = generator.uniform(*GAINS, size=3)
    return round(float(red), 3), round(float(green), 3), round(float(blue), 3)


def _random_view(generator: np.random.Generator) -> View:
    across, down, zoom = generator.uniform((0, 0, 1), (1, 1, MAX_ZOOM))
    return View(round(float(across), 4), round(float(down), 4), round(float(zoom), 4))
