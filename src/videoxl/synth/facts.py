"""The facts of a film: what is shown from when to when. They are also all that is needed to draw the film again.

Every interval is half open: shown at start_seconds, no longer at stop_seconds. Shots follow one another without a gap
from 0 to the film's end. Format 2 says of a shot what it shows and how noisy it is, and knows more kinds of needles;
facts of format 1 are read as they were.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from videoxl.errors import VideoFormatError
from videoxl.synth.needle import FILLING_KINDS, Needle
from videoxl.synth.splits import Split

FORMAT = 2
READABLE_FORMATS = (1, 2)


@dataclass(frozen=True, slots=True)
class View:
    """Which part of a source fills the frame: place 0..1 in each direction, and how far in (1 = all that fits)."""

    across: float
    down: float
    zoom: float


@dataclass(frozen=True, slots=True)
class Shot:
    """Footage between two cuts; the view moves evenly from `begin` to `end`."""

    start_seconds: float
    stop_seconds: float
    source: str
    source_start_seconds: float
    begin: View
    end: View
    mirrored: bool
    gains: tuple[float, float, float]  # red, green, blue
    label: str | None = None  # what is seen, where the footage says it
    noise: float = 0.0  # standard deviation of the grain, in 8-bit levels


@dataclass(frozen=True, slots=True)
class FilmFacts:
    """A whole film in words and numbers."""

    split: Split
    seconds: float
    width: int
    height: int
    shots: tuple[Shot, ...]
    needles: tuple[Needle, ...]  # in order of time, never two at once

    def needle_at(self, seconds: float) -> Needle | None:
        """The needle shown at a time, if any."""
        return next((needle for needle in self.needles if needle.covers(seconds)), None)

    def seen_seconds(self, shot: Shot) -> float:
        """How long a shot is seen: what fills the frame meanwhile hides it."""
        hidden = sum(
            max(0.0, min(shot.stop_seconds, needle.stop_seconds) - max(shot.start_seconds, needle.start_seconds))
            for needle in self.needles
            if needle.kind in FILLING_KINDS
        )
        return shot.stop_seconds - shot.start_seconds - hidden

    def label_of(self, needle: Needle) -> str | None:
        """What the footage around a needle shows, if it is one thing that has a label."""
        shots = [
            s for s in self.shots if s.start_seconds < needle.stop_seconds and needle.start_seconds < s.stop_seconds
        ]
        labels = {shot.label for shot in shots}
        return labels.pop() if len(labels) == 1 else None

    def to_json(self) -> str:
        """The facts as a JSON object, with the number of the format."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1) + "\n"

    @staticmethod
    def from_json(text: str) -> FilmFacts:
        """Read back what to_json wrote."""
        try:
            about = json.loads(text)
            number = about.pop("format")
            shots = tuple(_shot(shot) for shot in about.pop("shots"))
            needles = tuple(Needle(**needle) for needle in about.pop("needles"))
            facts = FilmFacts(shots=shots, needles=needles, **about)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise VideoFormatError(
                f"these are no film facts ({error!r}); give the JSON that lies beside a film."
            ) from None
        if number not in READABLE_FORMATS:
            raise VideoFormatError(f"film facts of format {number}, expected {FORMAT}; write the film again.")
        return facts

    @staticmethod
    def open(path: str | Path) -> FilmFacts:
        """Read the facts file of a film."""
        return FilmFacts.from_json(Path(path).read_text(encoding="utf-8"))


def _shot(about: dict) -> Shot:
    begin, end, gains = View(**about.pop("begin")), View(**about.pop("end")), tuple(about.pop("gains"))
    return Shot(begin=begin, end=end, gains=gains, **about)
