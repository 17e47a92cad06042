"""What a model sees in a part of a video, one thing after another, each at its moment.

An open question names one thing. Its evidence is taken out of the excerpt and the rest is asked again, until the model
says that there is nothing more; then each thing is asked for by name where it was seen, and what the model denies is
dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from videoxl.export.plain_text import one_line
from videoxl.export.recipes.excerpt import excerpt
from videoxl.export.recipes.interviewer import Interviewer
from videoxl.export.recipes.prompt import Prompt
from videoxl.export.said import is_nothing

if TYPE_CHECKING:
    from videoxl.engine import Evidence
    from videoxl.memory import CompressedMemory

MOST_IN_PART = 4  # things that are asked for in one part, about
MOST_APART = 4  # intervals of one stretch of evidence that are asked one by one
THING = Prompt(natural="Name one thing that appears in this part of the video.", plain="What was inserted?")
"""Of models that have no words for more than the names of things."""
CONFIRM = Prompt(
    natural='Does this part of the video show this: "{text}"? Answer with yes or no.',
    plain="Is there a picture of {text}?",
)


@dataclass(frozen=True, slots=True)
class Sighting:
    """Something that was named, and the intervals that it was seen in."""

    text: str
    intervals: tuple[int, ...]
    score: float


def sightings(
    interviewer: Interviewer, memory: CompressedMemory, part: Sequence[int], prompt: Prompt
) -> tuple[list[Sighting], int]:
    """Things in these intervals in order of time, and how many more were named and then denied."""
    found: list[Sighting] = []
    rest = list(part)
    while rest and len(found) < MOST_IN_PART:
        answer = interviewer.ask(excerpt(memory, rest), prompt)
        if answer is None or is_nothing(answer.text) or not answer.text.strip():
            break
        if not answer.evidence:
            found.append(Sighting(one_line(answer.text), tuple(rest), 0.0))
            break
        best = answer.evidence[0]
        seen = _numbers(memory, rest, best)
        found += _apart(interviewer, memory, Sighting(one_line(answer.text), tuple(seen), best.score), prompt)
        rest = [number for number in rest if number not in seen]
    confirmed = [sighting for sighting in found if _is_confirmed(interviewer, memory, sighting)]
    return _joined(confirmed), len(found) - len(confirmed)


def _apart(interviewer: Interviewer, memory: CompressedMemory, sighting: Sighting, prompt: Prompt) -> list[Sighting]:
    """What each of a few intervals shows alone: two things that follow each other make one stretch of evidence."""
    if not 1 < len(sighting.intervals) <= MOST_APART:
        return [sighting]
    alone = []
    for number in sighting.intervals:
        answer = interviewer.ask(excerpt(memory, [number]), prompt)
        if answer is not None and answer.text.strip() and not is_nothing(answer.text):
            alone.append(replace(sighting, text=one_line(answer.text), intervals=(number,)))
    return alone or [sighting]


def _numbers(memory: CompressedMemory, part: Sequence[int], evidence: Evidence) -> list[int]:
    """Which of the intervals a stretch of evidence is made of."""
    intervals = memory.intervals
    return [
        number
        for number in part
        if intervals[number].source == evidence.source
        and evidence.start_seconds <= intervals[number].start_seconds
        and intervals[number].stop_seconds <= evidence.stop_seconds
    ] or list(part[:1])


def _is_confirmed(interviewer: Interviewer, memory: CompressedMemory, sighting: Sighting) -> bool:
    answer = interviewer.ask_back(excerpt(memory, sighting.intervals), CONFIRM, sighting.text)
    return answer is None or not is_nothing(answer.text)


def _joined(found: Sequence[Sighting]) -> list[Sighting]:
    """The same thing in intervals that touch is one sighting."""
    ordered = sorted(found, key=lambda sighting: sighting.intervals)
    joined: list[Sighting] = []
    for sighting in ordered:
        last = joined[-1] if joined else None
        if last and last.text == sighting.text and sighting.intervals[0] - last.intervals[-1] <= 1:
            joined[-1] = replace(
                last, intervals=last.intervals + sighting.intervals, score=max(last.score, sighting.score)
            )
        else:
            joined.append(sighting)
    return joined
