"""What was drawn once is drawn for ever: films made before a change show the same pictures after it."""

import hashlib
from dataclasses import dataclass

import numpy as np
import pytest

from videoxl.synth.film import Film
from videoxl.synth.footage import FootageSet
from videoxl.synth.pictures import Picture, PictureSet
from videoxl.synth.questions import make_questions
from videoxl.synth.script import random_film
from videoxl.synth.splits import Split

# SHA-256 of needles and shots, and of frames, recorded before films knew more than inserts and edits. Pictures and
# footage are made here, because those of the package grow. Should Pillow or numpy ever draw otherwise, the first
# column still holds: record the second anew, and say so in the changelog.
RECORDED: dict[Split, tuple[str, str]] = {
    "train": (
        "b27e18a82fd899fd61191d030ede4ce8204a03e2a048734285226951688679b2",
        "4fb7540fde001047ccdb839109ad725ca8192c81a3e253125af35ebed32a4d37",
    ),
    "validation": (
        "c257d1361945361540790fd0c57724c8d5d0e7638f6065d8b1df8817a65c95d9",
        "1981558b014711bce78470bad65651bc7584c843e7d08453b10ed1735e6a60ad",
    ),
    "test": (
        "41dcaa4d798081f923fe7a1d970be3263199ff0fccb52fbb20cfe43c736fd93f",
        "5079c21c60a37daa527a18c6b1e21550a830260295aff1fa570e709c8871789d",
    ),
}
QUESTIONS_RECORDED = "1e2334543a905f898cd1e08446c3a97366140516a263ce4e913d8bbfe270fb0f"


@dataclass(frozen=True)
class Ramp:
    """Footage by arithmetic on whole numbers: the same on every machine."""

    name: str
    step: int
    seconds: float = float("inf")

    def frame(self, seconds: float) -> np.ndarray:
        y, x = np.mgrid[:48, :64]
        return np.stack([(x * self.step) % 256, (y * 5) % 256, (x + y + self.step) % 256], axis=2).astype(np.uint8)


def old_films(split: Split) -> list[Film]:
    colours = {"apple": (200, 30, 30), "drum": (30, 60, 200), "owl": (120, 80, 20), "pear": (60, 200, 60)}
    pictures = PictureSet([picture(name, colour) for name, colour in colours.items()])
    footage = FootageSet([Ramp("a", 3), Ramp("b", 7), Ramp("c", 11)], split)
    return [
        random_film(
            np.random.default_rng(seed),
            seconds=40.0,
            num_needles=3,
            split=split,
            kinds=("insert", "edit"),
            width=96,
            height=54,
            pictures=pictures,
            footage=footage,
        )
        for seed in range(4)
    ]


def picture(name: str, colour: tuple[int, int, int]) -> Picture:
    image = np.zeros((40, 40, 4), np.uint8)
    image[4:36, 8:32] = (*colour, 255)
    image[10:20, 12:18] = (255, 255, 255, 255)
    return Picture(name, image)


@pytest.mark.parametrize("split", RECORDED)
def test_old_films_are_drawn_as_they_were(split: Split) -> None:
    """A seed gives the film that it gave when films knew only inserts and edits, to the last bit of every frame."""
    facts, frames = hashlib.sha256(), hashlib.sha256()
    for film in old_films(split):
        for needle in film.facts.needles:
            about = (needle.kind, needle.name, needle.start_seconds, needle.stop_seconds, needle.seed)
            facts.update(repr(about).encode())
        for shot in film.facts.shots:
            facts.update(repr((shot.source, shot.start_seconds, shot.begin.across, shot.gains)).encode())
        for seconds in (0.0, 12.3, 39.9, *(needle.start_seconds for needle in film.facts.needles)):
            frames.update(film.frame(seconds).tobytes())
    assert facts.hexdigest() == RECORDED[split][0]
    assert frames.hexdigest() == RECORDED[split][1]


def test_old_questions_are_asked_as_they_were() -> None:
    """A seed asks what was recorded; only new wordings of a kind may change that."""
    asked = [
        (question.kind, question.text, question.answer, question.spans)
        for seed, film in enumerate(old_films("test"))
        for question in make_questions(film.facts, np.random.default_rng(seed), names=("apple", "drum", "owl", "kite"))
    ]
    assert hashlib.sha256(repr(asked).encode()).hexdigest() == QUESTIONS_RECORDED
