"""What a run writes down: its header, each watched video, and one line for each item that was asked.

Records hold only what the same run would give again, byte for byte; seconds and peaks differ each time and stand apart
as `Cost`. A run folder is laid out in `run_folder.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from videoxl.evaluation.document import Document

RUN_FORMAT = 2
"""1 had neither `RunHeader.batch` nor `Cost.together`: all was asked one by one, and is gone on with so."""


@dataclass(frozen=True, slots=True)
class Record(Document):
    """One item, asked: the prompt and the raw answer, word for word, and what it rests on."""

    item: str
    """The item's id."""
    video: str
    prompt: str
    """Exactly what was asked; empty where nothing was."""
    raw: str | None
    """Exactly what the model said; None where it could not be asked, and then `failure` says why."""
    failure: str | None = None
    """Why there is no answer: the video is missing, or cannot be decoded."""
    evidence: tuple[tuple[float, float, float], ...] = ()
    """(start seconds, stop seconds, score), best first."""
    num_frames: int = 0
    memory_rows: int = 0
    prompt_tokens: int = 0
    answer_tokens: int = 0
    finished: bool = True
    """False where the answer was cut at the token limit."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """What only this task's own scorer reads, as V-NIAH's teacher-forced hits; JSON values."""


@dataclass(frozen=True, slots=True)
class WatchedVideo(Document):
    """How one video was watched: which frames, by what decoder, into how much memory."""

    video: str
    path: str | None
    decoder: str
    frame_seconds: tuple[float, ...]
    num_lost: int
    """Frames that could not be read."""
    memory_rows: int
    memory_bytes: int
    failure: str | None = None
    """Why it was not watched; its items then have records with this failure."""


@dataclass(frozen=True, slots=True)
class Cost(Document):
    """What a video ("video NAME") or an item ("item ID") took this time."""

    of: str
    seconds: float
    """Of an item that was asked together with others, its equal share of what all of them took."""
    first_token_seconds: float | None = None
    """From when it was asked, its wait for those beside it included."""
    peak_memory_bytes: int | None = None
    """Of the device, for all that were asked together; None where it does not say."""
    together: int = 1
    """Items that were asked at once, this one included."""


@dataclass(frozen=True, slots=True)
class RunHeader(Document):
    """`run.json`: all that decides the raw answers. A run of another header is another run, but for `versions`."""

    task: str
    """A name of `registry.py`."""
    task_options: Mapping[str, Any]
    """The task's fields, as `registry.options_of` gives them."""
    model: str
    """Its name as given: nano, a folder, a hub id; for a baseline without a model, the baseline's name."""
    fingerprint: str
    """Of the weights; empty for a baseline without a model."""
    settings: Mapping[str, Any]
    """Frames, ratio, planner, method, blind, shuffle_options, seed, limit and the like."""
    num_items: int
    items_sha256: str
    """Of `items.jsonl`, so that a run over other annotations is another run."""
    versions: Mapping[str, str]
    """videoxl, python, torch, transformers, decoder; recorded, not compared."""
    batch: int = 1
    """Items of a video that are asked at once, at most; see `batches.py`."""
    format: int = RUN_FORMAT
