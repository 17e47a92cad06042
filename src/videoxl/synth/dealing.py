"""Which needles a film shows, in which order: kinds, names, repeats and runs, dealt at random.

A card is named by a word, a shape by a colour and a form, all others by a picture. A name has one kind in a film; each
of its showings is a drawing of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from videoxl.errors import UsageError
from videoxl.synth.card import CARD_WORDS
from videoxl.synth.needle import Needle, NeedleKind
from videoxl.synth.shape import SHAPE_NAMES


@dataclass(frozen=True, slots=True)
class Repeats:
    """How often one name is shown."""

    fewest: int = 1
    most: int = 1
    run_share: float = 0.5
    """Names shown several times that are shown in a row; the others come back between other names."""

    def __post_init__(self) -> None:
        if not 1 <= self.fewest <= self.most:
            raise UsageError(f"{self.fewest} to {self.most} showings were asked for; expected 1 or more, rising.")


ONCE = Repeats()


def names_of(kinds: Sequence[NeedleKind], pictured: Sequence[str]) -> tuple[str, ...]:
    """Every name that needles of these kinds may have, of a film whose pictures have those names."""
    own = {"card": _card_words(pictured), "shape": list(SHAPE_NAMES)}
    names = [name for kind in kinds for name in own.get(kind, pictured)]
    return tuple(dict.fromkeys(names))


def deal_order(generator: np.random.Generator, *, num_names: int, repeats: Repeats) -> list[int]:
    """The names 0, 1, ... in order of their showings; each once, in that order, where nothing repeats."""
    if repeats.most == 1:
        return list(range(num_names))
    blocks: list[list[int]] = []
    for name in range(num_names):
        showings = int(generator.integers(repeats.fewest, repeats.most + 1))
        is_run = bool(generator.random() < repeats.run_share)
        blocks += [[name] * showings] if is_run else [[name]] * showings
    return [name for index in generator.permutation(len(blocks)) for name in blocks[int(index)]]


def deal_needles(
    generator: np.random.Generator,
    *,
    order: Sequence[int],
    spans: Sequence[tuple[float, float]],
    kinds: Sequence[NeedleKind],
    names: Sequence[str],
    pictured: Sequence[str],
) -> tuple[Needle, ...]:
    """The needles of a film, in order of time.

    Args:
        order: which name each span shows, as `deal_order` gives it.
        names: the picture of each number in `order`, where its kind is that of a picture.
        pictured: all names of pictures: no card says one of them.
    """
    pools = {"card": _card_words(pictured), "shape": list(SHAPE_NAMES)}
    cast: dict[int, tuple[NeedleKind, str]] = {}
    needles = []
    for number, span in zip(order, spans, strict=True):
        if number not in cast:
            kind = kinds[int(generator.integers(len(kinds)))]
            cast[number] = (kind, _take(kind, pools[kind], generator) if kind in pools else names[number])
        needles.append(Needle(*cast[number], *span, seed=int(generator.integers(2**31))))
    return tuple(needles)


def _take(kind: NeedleKind, pool: list[str], generator: np.random.Generator) -> str:
    """A name that the film does not show yet."""
    if not pool:
        raise UsageError(f"the film shows every {kind} there is already; ask for fewer needles or further kinds.")
    return pool.pop(int(generator.integers(len(pool))))


def _card_words(pictured: Sequence[str]) -> list[str]:
    return [word for word in CARD_WORDS if word not in pictured]
