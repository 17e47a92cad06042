"""Questions put to a memory as a person puts them, and whether words and moments are right.

A question that asks when is right if the range of time in the answer shows it; the first evidence is right likewise.
What a range shows, and what one at a random place would, is told in `videoxl.evaluation.moments`: frames are a second
apart, and an interval is as many seconds as it has frames. An answer that says more than a range is wrong here.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import Dataset

from evaluation.films import Group
from evaluation.memories import Form, remember
from videoxl.engine import Answer, VideoXL
from videoxl.evaluation.moments import by_chance, shows, time_range

MAX_NEW_TOKENS = 32  # a list of five names has ten; what goes on is wrong already
TIMES = ("when", "when it")
RANGE = re.compile(r"{0} to {0}".format(r"\d+:\d\d:\d\d(?:\.\d)?"))


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, its right answer, the frames that show what it is about, and what the film shows in order."""

    task: str
    text: str
    expected: str
    frames: tuple[int, ...] = ()
    shown: tuple[str, ...] = ()

    def later(self, num_frames: int) -> "Asked":
        """The same question about a film that begins so many frames later."""
        return replace(self, frames=tuple(frame + num_frames for frame in self.frames))


@dataclass(frozen=True, slots=True)
class Job:
    """One memory to be made and asked."""

    film: str
    group: Group
    num_frames: int
    form: Form
    parts: tuple[Path, ...]
    """Visual tokens of the films that follow one another; what is longer than `num_frames` is cut."""
    asked: tuple[Asked, ...]
    seed: int


@dataclass(frozen=True, slots=True)
class Record:
    """What came of one question."""

    film: str
    group: Group
    num_frames: int
    form: Form
    asked: Asked
    answer: str
    evidence: tuple[float, float] | None
    is_right: bool
    is_hit: bool | None
    """Whether the first evidence shows it; None where there is nothing to show."""
    by_chance: float
    """How often the longest range that counts, put anywhere, would show it."""
    knows_words: bool


class Asking(Dataset):
    """Jobs, done one by one; safe in worker processes."""

    def __init__(self, vxl: VideoXL, jobs: Sequence[Job]) -> None:
        self.vxl, self.jobs = vxl, list(jobs)

    def __len__(self) -> int:
        return len(self.jobs)

    def __getitem__(self, number: int) -> list[Record]:
        torch.set_num_threads(1)
        job = self.jobs[number]
        tokens = np.concatenate([np.load(part) for part in job.parts])[: job.num_frames]
        memory = remember(self.vxl, torch.from_numpy(tokens), job.form, seed=job.seed)
        answers = self.vxl.ask_all(memory, [asked.text for asked in job.asked], max_new_tokens=MAX_NEW_TOKENS)
        size = self.vxl.model.config.interval_frames
        return [_record(job, asked, answer, size) for asked, answer in zip(job.asked, answers, strict=True)]


def _record(job: Job, asked: Asked, answer: Answer, interval_frames: int) -> Record:
    first = answer.evidence[0] if answer.evidence else None
    evidence = None if first is None else (first.start_seconds, first.stop_seconds)
    return Record(
        film=job.film, group=job.group, num_frames=job.num_frames, form=job.form, asked=asked, answer=answer.text,
        evidence=evidence, is_right=is_right(asked, answer.text, interval_frames),
        is_hit=shows(evidence, asked.frames, interval_seconds=interval_frames) if asked.frames else None,
        by_chance=by_chance(asked.frames, job.num_frames, interval_seconds=interval_frames),
        knows_words=not answer.unknown_words,
    )  # fmt: skip


def is_right(asked: Asked, answer: str, interval_frames: int) -> bool:
    """Whether an answer is the right one, word for word, or its range of time shows what was asked for."""
    if asked.task in TIMES and asked.frames:
        span = time_range(answer, interval_seconds=interval_frames) if RANGE.fullmatch(answer) else None
        return shows(span, asked.frames, interval_seconds=interval_frames)
    return answer == asked.expected
