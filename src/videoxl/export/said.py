"""Answers as moments: where each rests, and which rest nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Protocol

from videoxl.export.marker import Marker, Remark
from videoxl.export.plain_text import counted, plain_text

NO_WORDS = "(no words)"
_NOTHING = re.compile(
    r"(?:no|none|never|nothing|zero|nobody|no one|not at all)\b[^a-z0-9]*(?:(?:unusual|else|of note|at all)\W*)?"
    r"|no[,.;:] .*|there (?:is|are|was|were) (?:no|none|not|nothing)\b.*|nothing (?:is|was|happens|unusual)\b.*",
    re.DOTALL,
)


class Moment(Protocol):
    """A stretch that an answer rests on, as `engine.Evidence` has it."""

    @property
    def start_seconds(self) -> float: ...

    @property
    def stop_seconds(self) -> float: ...

    @property
    def score(self) -> float: ...

    @property
    def source(self) -> int: ...


class Said(Protocol):
    """A question and what was answered, as `engine.Answer` has it."""

    @property
    def question(self) -> str: ...

    @property
    def text(self) -> str: ...

    @property
    def evidence(self) -> Sequence[Moment]: ...


def is_nothing(text: str) -> bool:
    """Whether an answer says that there is nothing to be shown: what it rests on is then no moment of anything."""
    return _NOTHING.fullmatch(plain_text(text).lower()) is not None


def said_moments(
    answers: Iterable[Said], *, every_moment: bool = False
) -> tuple[tuple[Marker, ...], tuple[Remark, ...], tuple[str, ...]]:
    """Markers, remarks and notes for these answers."""
    markers: list[Marker] = []
    remarks: list[Remark] = []
    num_left = 0
    for answer in answers:
        text = plain_text(answer.text) or NO_WORDS
        best_first = sorted(answer.evidence, key=lambda moment: -moment.score)
        if is_nothing(text) or not best_first:
            remarks.append(Remark(text, label=answer.question))
            continue
        chosen = best_first if every_moment else best_first[:1]
        num_left += len(best_first) - len(chosen)
        markers += [
            Marker(
                moment.start_seconds, moment.stop_seconds, text,
                score=moment.score, label=answer.question, source=moment.source,
            )
            for moment in chosen
        ]  # fmt: skip
    notes = [f"left out: {counted(num_left, 'further moment')} of lower score"] if num_left else []
    return tuple(markers), tuple(remarks), tuple(notes)
