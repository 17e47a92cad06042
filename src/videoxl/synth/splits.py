"""Train, validation and test: three worlds that share names but neither footage nor renderings.

A rendering is drawn by a numpy generator made from (split, seed), so the same seed in two splits draws from two
unrelated streams and no training run can meet a test rendering. Footage is split by whole source (`footage.py`),
question wording by template (`questions.py`).
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from videoxl.errors import UsageError

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)


def split_generator(split: Split, seed: int) -> np.random.Generator:
    """A generator for rendering number `seed` of one split, unrelated to every other split and seed."""
    return np.random.default_rng([SPLITS.index(check_split(split)), seed])


def check_split(split: str) -> Split:
    """The split itself, or a UsageError that lists the three."""
    if split not in SPLITS:
        raise UsageError(f"there is no split {split!r}; choose one of {', '.join(SPLITS)}.")
    return split  # type: ignore[return-value]
