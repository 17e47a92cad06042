"""The film that `videoxl demo` asks about: unseen footage, an unseen rendering of one named picture.

assets/demo.mp4 and demo.json are what `write_demo` makes; nothing in them was seen in training.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from videoxl.synth.film import Film
from videoxl.synth.script import random_film

DEMO = Path(__file__).parent / "assets" / "demo.mp4"
SEED = 1
SECONDS, NUM_NEEDLES = 120.0, 1
FPS, QUALITY = 10.0, 34


def demo_film() -> Film:
    """Two minutes of test footage with one inserted picture, on screen for 2 to 3 seconds."""
    return random_film(
        np.random.default_rng(SEED),
        seconds=SECONDS,
        num_needles=NUM_NEEDLES,
        split="test",
        needle_seconds=(2.0, 3.0),
        procedural=0.0,
    )


def write_demo(path: Path = DEMO) -> None:
    """Make the demo film and its facts."""
    demo_film().write(path, fps=FPS, quality=QUALITY)
