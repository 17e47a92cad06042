"""Films to measure a model on, drawn by number from one split: what each group of them shows.

    filler      plain film, nothing put in
    insert      one picture that fills the frame
    edit        one picture over the footage
    order       three to five inserts
    count       one to five inserts, as many films of each number
    stranger    one picture that has no name, as an insert or as an edit
    stills      photographs of ordinary things, moved over by panning and zooming
    footage     the split's own footage without procedural backgrounds

A film follows from split, draw, group and number, and from the pictures and the footage there are.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from videoxl.synth.film import Film
from videoxl.synth.footage import BUILTIN, FootageSet
from videoxl.synth.pictures import ASSETS, PictureSet
from videoxl.synth.script import random_film
from videoxl.synth.splits import Split, split_generator

Group = Literal["filler", "insert", "edit", "order", "count", "stranger", "stills", "footage"]
GROUPS: tuple[Group, ...] = get_args(Group)
FEWEST_IN_ORDER, KINDS_OF_ORDER = 3, 3  # needles: 3, 4, 5
KINDS_OF_COUNT = 5  # needles: 1 to 5
FIRST_SEED = 7_000_000  # no film of an earlier measurement, and no training frame, begins here
SEEDS_A_DRAW, SEEDS_A_GROUP = 100_000, 10_000


@dataclass(frozen=True, slots=True)
class World:
    """What films of one measurement are made of."""

    split: Split
    names: tuple[str, ...]
    """Names that may be put in and asked for: those that the model knows."""
    draw: int = 0
    """Another number, other films."""
    seconds: float = 128.0
    strangers: Path | None = None
    """A folder of pictures without a name."""
    stills: Path | None = None
    """A folder of photographs."""
    clips: Path | None = None
    """A folder of footage to make all other films of; the split's built-in footage when None."""
    pictures: PictureSet = field(default_factory=PictureSet.builtin)

    def seed(self, group: Group, index: int) -> int:
        """The number behind a film; questions about it use it, too."""
        return FIRST_SEED + SEEDS_A_DRAW * self.draw + SEEDS_A_GROUP * GROUPS.index(group) + index

    def film(self, group: Group, index: int) -> Film:
        """Film `index` of a group."""
        options: dict[str, Any] = {"num_needles": 0, "names": self.names, "pictures": self.pictures}
        options["footage"] = FootageSet.builtin(self.split) if self.clips is None else _footage(self.clips, self.split)
        return random_film(
            split_generator(self.split, self.seed(group, index)),
            seconds=self.seconds,
            split=self.split,
            **options | self._content(group, index),
        )

    def film_name(self, group: Group, index: int) -> str:
        """What a film is called in a folder: another name as soon as anything about it is different."""
        media = [ASSETS / "pictures", BUILTIN]
        media += [folder for folder in (self._own_folder(group), self.clips) if folder is not None]
        about = hashlib.sha256(f"{self.film(group, index).facts.to_json()} {_listing(*media)}".encode())
        return f"{self.split}-{self.draw}-{group}-{index}-{about.hexdigest()[:10]}"

    def _content(self, group: Group, index: int) -> Mapping[str, Any]:
        if group == "order":
            return {"num_needles": FEWEST_IN_ORDER + index % KINDS_OF_ORDER}
        if group == "count":
            return {"num_needles": 1 + index % KINDS_OF_COUNT}
        if group == "stranger":
            assert self.strangers is not None, "strangers are drawn only where there are some"
            look = {"kinds": (("insert", "edit")[index % 2],)}
            return look | {"num_needles": 1, "pictures": _pictures(self.strangers), "names": None}
        if group == "stills":
            assert self.stills is not None, "stills are shown only where there are some"
            return {"footage": _footage(self.stills, self.split), "procedural": 0.0}
        if group == "footage":
            return {"procedural": 0.0}
        return {} if group == "filler" else {"num_needles": 1, "kinds": (group,)}

    def _own_folder(self, group: Group) -> Path | None:
        return {"stranger": self.strangers, "stills": self.stills}.get(group)


@cache
def _pictures(folder: Path) -> PictureSet:
    return PictureSet.folder(folder)


@cache
def _footage(folder: Path, split: Split) -> FootageSet:
    return FootageSet.folder(folder, split)


@cache
def _listing(*folders: Path) -> str:
    """Names and sizes of all media: a file that was replaced makes other films."""
    files = (file for folder in folders for file in sorted(folder.rglob("*")) if file.is_file())
    return " ".join(f"{file.name}:{file.stat().st_size}" for file in files)
