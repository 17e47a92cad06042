"""True captions of films from `videoxl synth`: their facts say what is shown, from when to when."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from videoxl.errors import VideoNotFoundError
from videoxl.synth.facts import FilmFacts
from videoxl.synth.needle import Needle
from videoxl.synth.wording import with_article
from videoxl.vico.caption import Caption
from videoxl.vico.clip import Clip
from videoxl.vico.event import Event
from videoxl.vico.film_file import FilmFile

NOTHING = "Footage goes on and nothing is inserted."
CLAUSES = {
    "insert": "a picture of {a} fills the screen",
    "edit": "a picture of {a} lies over the footage",
    "card": "a card says {name}",
    "shape": "{a} moves over the footage",
    "advert": "an advertisement for {a} fills the screen",
}
ANY_CLAUSE = "{a} is shown"  # of kinds that synth may learn later


class FactsCaptioner:
    """Reads NAME.json beside NAME.mp4."""

    num_parallel = 1

    def identity(self, film: FilmFile) -> str | None:
        return None

    def caption(self, film: FilmFile, clip: Clip) -> Caption:
        path = film.path.with_suffix(".json")
        if not path.is_file():
            raise VideoNotFoundError(
                f"{film.path} has no facts beside it ({path.name}). Write films with `videoxl synth`, or let "
                "a model caption: --captioner model, or the address of an endpoint."
            )
        facts = _facts(path, path.stat().st_mtime_ns)
        events = tuple(
            Event(
                clause(needle),
                max(needle.start_seconds, clip.start_seconds),
                min(needle.stop_seconds, clip.stop_seconds),
            )
            for needle in facts.needles
            if needle.start_seconds < clip.stop_seconds and clip.start_seconds < needle.stop_seconds
        )
        scenes = [
            shot.label
            for shot in facts.shots
            if shot.label and shot.start_seconds < clip.stop_seconds and clip.start_seconds < shot.stop_seconds
        ]
        return Caption(clip, told(events, scenes=scenes), events)


def clause(needle: Needle) -> str:
    """What a needle is in words."""
    return CLAUSES.get(needle.kind, ANY_CLAUSE).format(a=with_article(needle.name), name=needle.name)


def told(events: Sequence[Event], *, scenes: Sequence[str] = ()) -> str:
    """Events as sentences, and what else is seen."""
    sentences = [f"{event.text[0].upper()}{event.text[1:]}." for event in events] or [NOTHING]
    if scenes:
        sentences.append(f"The footage shows: {', '.join(dict.fromkeys(scenes))}.")
    return " ".join(sentences)


@lru_cache(maxsize=4)
def _facts(path: Path, changed_nanoseconds: int) -> FilmFacts:
    return FilmFacts.open(path)
