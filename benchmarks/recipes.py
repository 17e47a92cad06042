"""What the recipes of `videoxl export` find in short films whose facts are known, and what they make up.

    python -m benchmarks.recipes [--model nano] [--films 8] [--split test] [--seed 2026] [--ratio 8]

    found    moments that a marker meets, give or take a second; of those that are shown
    named    and that it calls by the right name
    false    markers that meet nothing shown; of all markers, and in films in which nothing was put in
    cuts     chapters and breaks within two seconds of a true cut; beside as many times spread evenly over the film

Each film is drawn for this measurement: 240 s, one frame a second. A camera is one shot with things laid over it.
"""

import argparse
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

import videoxl
from benchmarks.measurement import progress, write
from videoxl.engine import Answer, VideoXL
from videoxl.export import Document, Marker, run_recipe
from videoxl.memory import CompressedMemory
from videoxl.synth.facts import FilmFacts
from videoxl.synth.film import Film
from videoxl.synth.pictures import PictureSet
from videoxl.synth.questions import NOTHING, make_questions
from videoxl.synth.script import random_film

SECONDS = 240.0
SLACK_SECONDS = 1.0
CUT_SLACK_SECONDS = 2.0
NUM_ABSENT = 3
MAX_NEW_TOKENS = 48
MOST_DRAWS = 200
KINDS: dict[str, dict[str, Any]] = {
    "pictures": {"kinds": ("insert", "edit"), "num_needles": 3},
    "adverts": {"kinds": ("advert",), "num_needles": 2},
    "camera": {"kinds": ("edit",), "num_needles": 2, "shot_seconds": (SECONDS, SECONDS)},
    "empty": {"num_needles": 0},
    "empty camera": {"num_needles": 0, "shot_seconds": (SECONDS, SECONDS)},
    "scenes": {"num_needles": 2, "shot_seconds": (25.0, 45.0)},
}
Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Watched:
    """A film, what is kept of it, and what may be put into a question about it."""

    facts: FilmFacts
    memory: CompressedMemory
    generator: np.random.Generator

    def spans(self, name: str) -> list[Span]:
        """When a name is shown."""
        return [(each.start_seconds, each.stop_seconds) for each in self.facts.needles if each.name == name]


class Counted:
    """A model whose questions are counted."""

    def __init__(self, vxl: VideoXL) -> None:
        self._vxl, self.num_asked = vxl, 0

    def ask(self, memory: CompressedMemory, question: str) -> Answer:
        """See `VideoXL.ask`."""
        self.num_asked += 1
        return self._vxl.ask(memory, question, max_new_tokens=MAX_NEW_TOKENS)


def main() -> None:
    """Measure, write the result, print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="nano", help="an embedded model's name or a folder (default nano)")
    parser.add_argument("--films", type=int, default=8, help="films of each kind (default 8)")
    parser.add_argument("--split", default="test", help="whose footage and renderings (default test)")
    parser.add_argument("--seed", type=int, default=2026, help="same seed, same films (default 2026)")
    parser.add_argument("--ratio", type=int, default=8, help="visual tokens a row (default 8)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    vxl = videoxl.load(options.model, device="cpu")
    measured: dict[str, dict[str, float]] = {}
    for kind in KINDS:
        films = list(watched_films(vxl, kind, options))
        for (recipe, of), measure in MEASURES.items():
            if of == kind:
                measured[f"{recipe} of {of}"] = measure_films(vxl, recipe, films, measure)
                progress(line(f"{recipe} of {of}", measured[f"{recipe} of {of}"]))
    settings = {"films": options.films, "seconds": SECONDS, "split": options.split, "ratio": options.ratio}
    write("recipes", {"model": options.model, **settings, "recipes": measured})
    print("\n".join(line(name, counts) for name, counts in measured.items()))


def watched_films(vxl: VideoXL, kind: str, options: argparse.Namespace) -> Iterator[Watched]:
    """So many films of a kind, each watched."""
    for number in range(options.films):
        generator = np.random.default_rng([options.seed, list(KINDS).index(kind), number])
        film = draw_film(generator, kind, options.split)
        yield Watched(film.facts, vxl.watch(film, ratio=options.ratio), generator)


def draw_film(generator: np.random.Generator, kind: str, split: str) -> Film:
    """A film of a kind; what a camera shows is drawn again until one piece of footage is long enough."""
    for _ in range(MOST_DRAWS):
        film = random_film(generator, seconds=SECONDS, split=split, procedural=0.0, **KINDS[kind])
        if "camera" not in kind or len(film.facts.shots) == 1:
            return film
    raise LookupError(f"the {split} split has no footage of {SECONDS} s; ask for another --split")


def measure_films(vxl: VideoXL, recipe: str, films: Sequence[Watched], measure: "Measure") -> dict[str, float]:
    """Counts of one recipe over all films, with what it cost."""
    counted, counts, began = Counted(vxl), Counter[str](), time.perf_counter()
    for film in films:
        counts.update(measure(counted, recipe, film))
    return {**counts, "films": len(films), "asked": counted.num_asked, "seconds": time.perf_counter() - began}


def of_things(asker: Counted, recipe: str, film: Watched) -> dict[str, float]:
    """A recipe that names what it finds."""
    document = run_recipe(recipe, asker, film.memory)
    found = [each for each in film.facts.needles if moments(document, [(each.start_seconds, each.stop_seconds)])]
    named = [each for each in found if moments(document, film.spans(each.name), text=each.name)]
    shown = [(each.start_seconds, each.stop_seconds) for each in film.facts.needles]
    num_markers = len(document.markers)
    return {
        "shown": len(shown),
        "found": len(found),
        "named": len(named),
        "markers": num_markers,
        "false": num_markers - moments(document, shown),
    }


def of_highlights(asker: Counted, recipe: str, film: Watched) -> dict[str, float]:
    """Every name that is shown, and some that are not."""
    counts: Counter[str] = Counter()
    shown = [each.name for each in film.facts.needles]
    absent = [name for name in PictureSet.builtin().names if name not in shown]
    for name in (*shown, *film.generator.choice(absent, size=NUM_ABSENT, replace=False).tolist()):
        document = run_recipe(recipe, asker, film.memory, query=name)
        right, num_markers = moments(document, film.spans(name)), len(document.markers)
        counts.update({"shown": int(name in shown), "found": int(right > 0)})
        counts.update({"markers": num_markers, "false": num_markers - right})
        counts.update({"absent": int(name not in shown), "made_up": int(name not in shown and num_markers > 0)})
    return counts


def of_answers(asker: Counted, recipe: str, film: Watched) -> dict[str, float]:
    """Questions that the film has one true answer to; those about nothing shown must rest on no moment."""
    kinds = ("is_there", "when", "first", "last")
    asked = make_questions(film.facts, film.generator, names=PictureSet.builtin().names, kinds=kinds)
    document = run_recipe(recipe, asker, film.memory, questions=[question.text for question in asked])
    said = {each.label: each for each in (*document.markers, *document.remarks)}
    counts: Counter[str] = Counter()
    for question in asked:
        own = [marker for marker in document.markers if marker.label == question.text]
        is_met = any(meets(*times(marker), question.spans) for marker in own)
        counts.update({"moments": 1, "right_moments": int(is_met if question.spans else not own)})
        if question.kind != "when" and question.answer != NOTHING:
            counts.update({"texts": 1, "right_texts": int(said[question.text].text == question.answer)})
    return counts


def of_cuts(asker: Counted, recipe: str, film: Watched) -> dict[str, float]:
    """Where chapters begin, or breaks are put, against true cuts."""
    document = run_recipe(recipe, asker, film.memory)
    begins = [marker.start_seconds for marker in document.markers if marker.start_seconds > 0]
    cuts = [shot.start_seconds for shot in film.facts.shots[1:]]
    evenly = np.linspace(0, SECONDS, len(begins) + 2)[1:-1].tolist()
    titled = [
        any(each.name in marker.text for marker in document.markers if meets(*times(marker), film.spans(each.name)))
        for each in film.facts.needles
    ]
    return {
        "shown": len(titled),
        "in_titles": sum(titled),
        "times": len(begins),
        "at_cuts": sum(map(lambda begin: is_near(begin, cuts), begins)),
        "evenly_at_cuts": sum(map(lambda begin: is_near(begin, cuts), evenly)),
    }


Measure = Callable[[Counted, str, Watched], dict[str, float]]
MEASURES: dict[tuple[str, str], Measure] = {
    ("highlights", "pictures"): of_highlights,
    ("summary", "pictures"): of_things,
    ("answers", "pictures"): of_answers,
    ("ads", "adverts"): of_things,
    ("anomalies", "camera"): of_things,
    ("summary", "empty"): of_things,
    ("ads", "empty"): of_things,
    ("anomalies", "empty camera"): of_things,
    ("chapters", "scenes"): of_cuts,
    ("breaks", "scenes"): of_cuts,
}


def moments(document: Document, spans: Sequence[Span], *, text: str | None = None) -> int:
    """How many markers meet one of these stretches, and say just this text where one is given."""
    return sum(meets(*times(marker), spans) and text in (None, marker.text) for marker in document.markers)


def times(marker: Marker) -> Span:
    """When a moment is."""
    return marker.start_seconds, marker.stop_seconds


def meets(start: float, stop: float, spans: Sequence[Span]) -> bool:
    """Whether a stretch meets one of these, give or take the slack."""
    return any(start <= end + SLACK_SECONDS and begin - SLACK_SECONDS <= stop for begin, end in spans)


def is_near(seconds: float, cuts: Sequence[float]) -> bool:
    """Whether there is a cut at a time."""
    return any(abs(seconds - cut) <= CUT_SLACK_SECONDS for cut in cuts)


def line(name: str, counts: dict[str, float]) -> str:
    """A result for a person."""
    said = ", ".join(f"{key} {value:.1f}" if key == "seconds" else f"{key} {value:g}" for key, value in counts.items())
    return f"{name:<26} {said}"


if __name__ == "__main__":
    main()
