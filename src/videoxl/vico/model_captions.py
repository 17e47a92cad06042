"""Captions by a model of ours: it watches each clip into a memory and is asked about it.

A model that answers in sentences is asked to describe; the embedded ones name pictures, so they are asked what was
inserted, and their evidence says when.
"""

import json
from dataclasses import asdict, dataclass

from videoxl.engine import Answer, VideoXL
from videoxl.engine.loading import EMBEDDED
from videoxl.synth.wording import with_article
from videoxl.vico.caption import Caption
from videoxl.vico.clip import Clip
from videoxl.vico.event import Event
from videoxl.vico.film_file import FilmFile
from videoxl.vico.true_captions import told

MAX_NEW_TOKENS = 160


@dataclass(frozen=True, slots=True)
class Asking:
    """How a model is brought to say what a clip shows."""

    question: str
    clause: str | None = None
    """What each name of an answer means, as a clause with {a}; None where the answer is a description already."""
    nothing: tuple[str, ...] = ("nothing", "none", "no")


DESCRIBE = Asking("Describe in two or three sentences what is seen in this video and what happens.")
NAME = Asking("What was inserted into the film?", "a picture of {a} is shown")


class ModelCaptioner:
    """Asks a model about the memory of each clip.

    Args:
        asking: How to ask; by what the model is when None.
    """

    num_parallel = 1

    def __init__(
        self,
        vxl: VideoXL,
        *,
        asking: Asking | None = None,
        fps: float | None = None,
        ratio: int | None = None,
        max_new_tokens: int = MAX_NEW_TOKENS,
    ) -> None:
        self.asking = asking or (NAME if vxl.name in EMBEDDED else DESCRIBE)
        self._vxl, self._fps, self._ratio, self._max_new_tokens = vxl, fps, ratio, max_new_tokens

    def identity(self, film: FilmFile) -> str | None:
        return json.dumps([self._vxl.fingerprint, asdict(self.asking), self._fps, self._ratio, self._max_new_tokens])

    def caption(self, film: FilmFile, clip: Clip) -> Caption:
        memory = self._vxl.watch(
            film.path,
            start_seconds=clip.start_seconds,
            end_seconds=clip.stop_seconds,
            fps=self._fps,
            ratio=self._ratio,
        )
        answer = self._vxl.ask(memory, self.asking.question, max_new_tokens=self._max_new_tokens)
        if self.asking.clause is None:
            text = answer.text.strip()
            return Caption(clip, text if answer.finished else text[: text.rfind(".") + 1])  # whole sentences
        return _named(clip, answer, self.asking, self.asking.clause)


def _named(clip: Clip, answer: Answer, asking: Asking, wording: str) -> Caption:
    """Names to clauses; one alone happens when its evidence says, several have the clip's time and no order."""
    names = [name.strip(" .") for name in answer.text.lower().split(",")]
    shown = list(dict.fromkeys(name for name in names if name and name not in asking.nothing))
    when = clip
    if len(shown) == 1 and answer.evidence:
        best = answer.evidence[0]
        start = max(clip.start_seconds, best.start_seconds)
        when = Clip(start, max(start, min(clip.stop_seconds, best.stop_seconds)))
    events = tuple(Event(wording.format(a=with_article(name)), when.start_seconds, when.stop_seconds) for name in shown)
    return Caption(clip, told(events), events)
