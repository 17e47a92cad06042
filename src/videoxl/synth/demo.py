"""The films that `videoxl demo` asks about: unseen footage, unseen renderings of named pictures.

The short one is a file: assets/demo.mp4 and demo.json are what `write_demo` makes. The long one is never written: it is
drawn while it is watched. Nothing in them was seen in training.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from videoxl.synth.film import Film
from videoxl.synth.film_source import FilmSource
from videoxl.synth.script import random_film

SEED, QUESTIONS_SEED = 1, 7  # the short film, and which questions are asked of it
HOUR_SEED, HOUR_QUESTIONS_SEED = 1, 7

DEMO = Path(__file__).parent / "assets" / "demo.mp4"
SECONDS, NUM_NEEDLES = 120.0, 1
FPS, QUALITY = 10.0, 37
HOUR_NAME = "demo-hour"
HOUR_SECONDS, NUM_HOUR_NEEDLES = 3600.0, 5
HOUR_EDIT = 2  # which of them lies over the footage; the others fill the frame
NEEDLE_SECONDS = (2.0, 3.0)


def demo_film() -> Film:
    """Two minutes of test footage with one inserted picture, on screen for 2 to 3 seconds."""
    return _film(SEED, seconds=SECONDS, num_needles=NUM_NEEDLES)


def write_demo(path: Path = DEMO) -> None:
    """Make the demo film and its facts."""
    demo_film().write(path, fps=FPS, quality=QUALITY)


def hour_film() -> Film:
    """An hour of test footage with a handful of pictures, one of them laid over the footage."""
    facts = _film(HOUR_SEED, seconds=HOUR_SECONDS, num_needles=NUM_HOUR_NEEDLES).facts
    needles = [
        replace(needle, kind="edit") if index == HOUR_EDIT else needle for index, needle in enumerate(facts.needles)
    ]
    return Film(replace(facts, needles=tuple(needles)))


def hour_source() -> FilmSource:
    """The hour as something to watch without a file."""
    return FilmSource(hour_film(), name=HOUR_NAME)


def _film(seed: int, *, seconds: float, num_needles: int) -> Film:
    return random_film(
        np.random.default_rng(seed),
        seconds=seconds,
        num_needles=num_needles,
        split="test",
        needle_seconds=NEEDLE_SECONDS,
        procedural=0.0,
    )
