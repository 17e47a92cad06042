"""From films to parts: clips, captions, events, questions; nothing that was paid for is paid for twice.

A film that cannot be used is a BadFilm with its reason, and more of them than allowed end the run; an endpoint that is
gone ends it at once. Whatever was made until then lies in the cache, so the same call goes on behind it.
"""

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np

from videoxl.errors import EndpointAnswerError, VideoError, VideoXLError
from videoxl.vico.cache import VicoCache
from videoxl.vico.caption import Caption, Captioner
from videoxl.vico.clip import Clip, cut
from videoxl.vico.config import MIN_EVENTS, ProgressListener, VicoConfig, VicoProgress
from videoxl.vico.description import Describer, Description
from videoxl.vico.event import Event, Timeline
from videoxl.vico.film_file import FilmFile
from videoxl.vico.part import BadFilm, Part, first_reasons
from videoxl.vico.question import VicoQuestion
from videoxl.vico.writer import Faults, Writer

MAX_GAP_SHARE = 0.25  # of a part's clips may go undescribed
BAD_SHARE = 0.1  # of the films may be bad, where no number is given; rounded up


class VicoBuilder:
    """Makes parts of films; holds nothing of any of them."""

    def __init__(
        self,
        captioner: Captioner,
        writer: Writer,
        *,
        config: VicoConfig | None = None,
        cache: VicoCache | None = None,
        progress: ProgressListener | None = None,
    ) -> None:
        self.config = config or VicoConfig()
        self._cache = cache or VicoCache()
        self._describer, self._writer = Describer(captioner, self._cache), writer
        self._progress = progress

    def parts(self, films: Sequence[FilmFile]) -> Iterator[Part | BadFilm]:
        """What each film gives, in order, as it is made.

        Raises:
            VideoXLError: More films are bad than allowed.
            EndpointError: A language model cannot be reached.
        """
        allowed = self.config.max_bad_films
        allowed = math.ceil(BAD_SHARE * len(films)) if allowed is None else allowed
        bad: list[BadFilm] = []
        for index, film in enumerate(films):
            try:
                yield from self._parts(film, num_films=index, total_films=len(films))
            except (VideoError, EndpointAnswerError) as error:
                bad.append(BadFilm(film.name, str(error)))
                yield bad[-1]
            if len(bad) > allowed:
                raise VideoXLError(
                    f"{len(bad)} of {index + 1} films are of no use, allowed are {allowed} ({first_reasons(bad)}). "
                    "Remove or repair them, or allow more with --max-bad; what was made so far is kept."
                )

    def _parts(self, film: FilmFile, *, num_films: int, total_films: int) -> Iterator[Part]:
        whole = film.whole()
        fingerprint = self._describer.fingerprint(film)
        spans = cut(whole, piece_seconds=self.config.part_seconds or whole.seconds)
        for span in spans:
            clips = cut(span, piece_seconds=self.config.clip_seconds)
            step = partial(self._report, film.name, len(clips), num_films, total_films)
            told = self._describer.describe(film, clips, fingerprint=fingerprint, step=step)
            yield self._part(film, span, clips, told, is_whole=len(spans) == 1)

    def _part(
        self, film: FilmFile, span: Clip, clips: Sequence[Clip], told: Sequence[Description], *, is_whole: bool
    ) -> Part:
        faults: Faults = Counter(description.fault for description in told if description.fault is not None)
        captions = tuple(description.caption for description in told)
        gaps = [clip for clip, caption in zip(clips, captions, strict=True) if caption is None]
        if len(gaps) > MAX_GAP_SHARE * len(clips):
            reasons = ", ".join(f"{number} x {fault}" for fault, number in faults.most_common())
            raise EndpointAnswerError(f"{len(gaps)} of {len(clips)} clips have no usable caption ({reasons})")
        events, unfit_events = self._events(clips, captions)
        timeline = Timeline(events, gaps=gaps)
        questions, unfit_questions = self._questions(timeline)
        faults += unfit_events + unfit_questions
        num_kept = sum(description.is_kept for description in told)
        return Part(film, span, is_whole, captions, timeline.events, tuple(questions), faults, num_kept)

    def _events(self, clips: Sequence[Clip], captions: Sequence[Caption | None]) -> tuple[Sequence[Event], Faults]:
        told = [None if caption is None else caption.to_json() for caption in captions]
        key = self._key("events", [asdict(clip) for clip in clips], told)
        kept = self._cache.get(key, lambda value: ([Event(**event) for event in value[0]], Counter(value[1])))
        if kept is not None:
            return kept
        events, faults = self._writer.events(clips, captions)
        self._cache.put(key, [[asdict(event) for event in events], faults])
        return events, faults

    def _questions(self, timeline: Timeline) -> tuple[list[VicoQuestion], Faults]:
        if len(timeline.events) < MIN_EVENTS:
            return [], Counter()
        number, seed = self.config.num_questions, self.config.seed
        about = [[asdict(event) for event in timeline.events], [asdict(gap) for gap in timeline.gaps]]
        key = self._key("questions", number, seed, about)
        kept = self._cache.get(
            key, lambda value: ([VicoQuestion.from_json(question) for question in value[0]], Counter(value[1]))
        )
        if kept is not None:
            return kept
        digest = hashlib.sha256(json.dumps(about).encode()).digest()
        generator = np.random.default_rng([seed, int.from_bytes(digest[:8], "big")])  # of this film, not of its place
        questions, faults = self._writer.questions(timeline, number, generator)
        self._cache.put(key, [[question.to_json() for question in questions], faults])
        return questions, faults

    def _key(self, *about: Any) -> Any:
        """A key for work of the writer; None where it costs nothing."""
        return None if self._writer.identity is None else [self._writer.identity, *about]

    def _report(self, name: str, total_clips: int, num_films: int, total_films: int, num_clips: int) -> None:
        if self._progress is not None:
            self._progress(VicoProgress(name, num_clips, total_clips, num_films, total_films))
