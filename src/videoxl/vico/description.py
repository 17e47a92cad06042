"""The captions of a film's clips: from the cache, or from the captioner, several at once where it can; faults told."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

from videoxl.errors import EndpointAnswerError, VideoDecodeError
from videoxl.vico.cache import VicoCache
from videoxl.vico.caption import Caption, Captioner
from videoxl.vico.clip import Clip
from videoxl.vico.film_file import FilmFile
from videoxl.vico.quality import caption_fault
from videoxl.video import source_fingerprint


@dataclass(frozen=True, slots=True)
class Description:
    """A clip's caption, or why there is none."""

    caption: Caption | None
    fault: str | None
    is_kept: bool = False
    """Whether an earlier run had made it."""


class Describer:
    """A captioner with a memory of what it said."""

    def __init__(self, captioner: Captioner, cache: VicoCache) -> None:
        self._captioner, self._cache = captioner, cache

    def fingerprint(self, film: FilmFile) -> str | None:
        """The film's bytes in a hash, where something that depends on them is kept."""
        is_kept = self._cache.folder is not None and self._captioner.identity(film) is not None
        return source_fingerprint(film.path) if is_kept else None

    def describe(
        self, film: FilmFile, clips: Sequence[Clip], *, fingerprint: str | None, step: Callable[[int], None]
    ) -> list[Description]:
        """One for each clip, in order; `step` is told how many there are by now."""

        def one(clip: Clip) -> Description:
            return self._description(film, clip, fingerprint)

        if self._captioner.num_parallel == 1:
            return _counted(map(one, clips), step)
        pool = ThreadPoolExecutor(self._captioner.num_parallel)
        try:
            return _counted(pool.map(one, clips), step)
        finally:
            pool.shutdown(cancel_futures=True)  # requests under way are waited for: they are paid for, and kept

    def _description(self, film: FilmFile, clip: Clip, fingerprint: str | None) -> Description:
        identity = self._captioner.identity(film)
        key = None if fingerprint is None else ["caption", fingerprint, asdict(clip), identity]
        kept = self._cache.get(key, Caption.from_json)
        try:
            caption = self._captioner.caption(film, clip) if kept is None else kept
        except EndpointAnswerError:
            return Description(None, "clip without an answer")
        except VideoDecodeError:
            return Description(None, "clip that cannot be decoded")
        if kept is None:
            self._cache.put(key, caption.to_json())
        fault = caption_fault(caption.text)
        return Description(caption if fault is None else None, fault, kept is not None)


def _counted(descriptions: Iterable[Description], step: Callable[[int], None]) -> list[Description]:
    done = []
    for description in descriptions:
        done.append(description)
        step(len(done))
    return done
