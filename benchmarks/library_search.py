"""Whether searching a library finds the interval that shows a picture, and how long brute force takes.

    python -m benchmarks.library_search [--films 24] [--pictures 3] [--ratio 16] [--hours 100]

    first     the best hit of the whole library is an interval that shows what was named
    five      one of the five best is
    in_film   the best hit within the film that shows it is
    absent    of names that no film shows: how many have a hit at all
    seconds   one search over so many hours of intervals, with random vectors beside those of the films

Films are drawn from code (test footage, test renderings), each with different pictures put in for one to three seconds;
nano watches them through the library as `videoxl library work` does. Nothing is decoded, nothing is asked of the model.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measurement import progress, write
from videoxl.engine import load
from videoxl.library import Entry, KeptInterval, Library, WatchSettings
from videoxl.library.address import address
from videoxl.library.embedding import NUM_VECTORS, TextEmbedder
from videoxl.library.entries import insert_entry, settings_text
from videoxl.library.intervals import keep_interval
from videoxl.library.search import VECTOR_TYPE
from videoxl.library.worker import LEASE_SECONDS, work_on
from videoxl.synth.film import Film
from videoxl.synth.film_source import FilmSource
from videoxl.synth.footage import FootageSet
from videoxl.synth.pictures import PictureSet
from videoxl.synth.script import random_film
from videoxl.video import SampleConfig

FILM_SECONDS = 128.0
SEED = 7000  # not the films on which the least likeness of a hit was chosen
FORMS = ("{}", "a picture of a {}", "when does the {} appear", "can you see a picture of a {} ?")
NUM_ABSENT = 60
INTERVALS_AN_HOUR = 450


def main() -> None:
    """Measure, write the result, print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=int, default=24, help="films of 128 seconds (default 24)")
    parser.add_argument("--pictures", type=int, default=3, help="put into each of them (default 3)")
    parser.add_argument("--ratio", type=int, default=16, help="visual tokens a row (default 16)")
    parser.add_argument("--hours", type=int, default=100, help="of random intervals for the time (default 100)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        library = Library(Path(folder) / "library")
        vxl = load("nano", device="cpu")
        films = draw_films(options.films, options.pictures)
        entries = watch_films(library, vxl, films, options.ratio)
        embedder = TextEmbedder(vxl)
        result = {
            "model": vxl.name,
            "films": options.films,
            "pictures": options.pictures,
            "ratio": options.ratio,
            "intervals": sum(entry.num_intervals for entry in entries),
            "vectors_an_interval": NUM_VECTORS,
            "found": {form: found(library, embedder, films, entries, form) for form in FORMS},
            "absent": absent(library, embedder, films),
            "brute_force": brute_force(library, vxl, embedder, options.hours),
        }
        library.close()
    write("library_search", result)


def draw_films(num_films: int, num_pictures: int) -> list[Film]:
    """Films whose pictures are known."""
    pictures, footage = PictureSet.builtin(), FootageSet.builtin("test")
    return [
        random_film(
            np.random.default_rng([SEED, number]), seconds=FILM_SECONDS, num_needles=num_pictures, split="test",
            pictures=pictures, footage=footage,
        )
        for number in range(num_films)
    ]  # fmt: skip


def watch_films(library: Library, vxl: Any, films: list[Film], ratio: int) -> list[Entry]:
    """Each film through the queue and a worker."""
    settings = WatchSettings.of(vxl.watch_config(SampleConfig(fps=1.0), ratio))
    entries = []
    for number, film in enumerate(films):
        source = FilmSource(film, name=f"film {number}")
        entry = library.add(
            Path(source.info.name), settings, model_name=vxl.name, model_fingerprint=vxl.fingerprint,
            source_sha256=source.fingerprint(),
        )  # fmt: skip
        job = library.lease("benchmark", LEASE_SECONDS, only={entry.id})
        assert job is not None, "nobody else works on this library"
        entries.append(work_on(job, library, vxl, open_source=lambda path, source=source: source))
        progress(f"film {number + 1}/{len(films)}: {entries[-1].state}")
    return entries


def found(
    library: Library, embedder: TextEmbedder, films: list[Film], entries: list[Entry], form: str
) -> dict[str, float]:
    """How often the right interval is first, among the first five, and first within its film."""
    shown = {entry.id: film.facts.needles for entry, film in zip(entries, films, strict=True)}
    num_asked, scores = 0, {"first": 0, "five": 0, "in_film": 0}
    for entry in entries:
        for needle in shown[entry.id]:
            num_asked += 1
            hits = library.search(form.format(needle.name), limit=100, embedder=embedder)
            right = [
                any(
                    other.name == needle.name
                    and hit.start_seconds < other.stop_seconds
                    and other.start_seconds < hit.stop_seconds
                    for other in shown[hit.entry_id]
                )
                for hit in hits
                if hit.kind == "interval"
            ]
            here = [is_right for is_right, hit in zip(right, hits, strict=True) if hit.entry_id == entry.id]
            scores["first"] += any(right[:1])
            scores["five"] += any(right[:5])
            scores["in_film"] += any(here[:1])
    return {"asked": num_asked, **{name: number / num_asked for name, number in scores.items()}}


def absent(library: Library, embedder: TextEmbedder, films: list[Film]) -> dict[str, float]:
    """How many of the names that no film shows are found all the same."""
    shown = {needle.name for film in films for needle in film.facts.needles}
    names = [name for name in PictureSet.builtin().names if name not in shown]
    asked = np.random.default_rng(SEED).permutation(names)[:NUM_ABSENT]
    num_found = sum(bool(library.search(str(name), embedder=embedder)) for name in asked)
    return {"asked": len(asked), "found": num_found / len(asked)}


def brute_force(library: Library, vxl: Any, embedder: TextEmbedder, hours: int) -> dict[str, float]:
    """Seconds of computing in one search over many hours; their vectors are random, which the time does not show."""
    settings = WatchSettings.of(vxl.watch_config(SampleConfig(fps=1.0), 8))
    generator = np.random.default_rng(SEED)
    width = embedder.embed("cat").shape[1]
    with library._catalogue.writing() as connection:
        for hour in range(hours):
            entry_id = address(source_sha256=f"hour {hour}", settings=settings, model_fingerprint=vxl.fingerprint)
            insert_entry(
                connection,
                {
                    "id": entry_id, "title": f"hour {hour}", "source_sha256": "", "source_name": "hour", "ratio": 8.0,
                    "duration_seconds": 3600.0, "model_name": vxl.name, "model_fingerprint": vxl.fingerprint,
                    "settings": settings_text(settings), "state": "ready", "created_at": 0.0,
                },
            )  # fmt: skip
            vectors = generator.normal(size=(INTERVALS_AN_HOUR, NUM_VECTORS, width)).astype(np.float32)
            vectors /= np.linalg.norm(vectors, axis=2, keepdims=True)
            for index, part in enumerate(vectors):
                interval = KeptInterval(
                    index=index, start_seconds=8.0 * index, stop_seconds=8.0 * index + 8, num_rows=4, num_tokens=32,
                    ratio=8,
                )  # fmt: skip
                keep_interval(connection, entry_id, interval, part.astype(VECTOR_TYPE).tobytes())
    seconds = []
    for _ in range(5):
        began = time.process_time()
        library.search("when does the cat appear", embedder=embedder)
        seconds.append(time.process_time() - began)
    return {
        "hours": hours,
        "intervals": hours * INTERVALS_AN_HOUR,
        "min_cpu_seconds": min(seconds),
        "max_cpu_seconds": max(seconds),
    }


if __name__ == "__main__":
    main()
