"""What the catalogue says of one memory: where it comes from, what it keeps, and how far it is."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from videoxl.library.settings import WatchSettings

State = Literal["queued", "watching", "ready", "failed"]
STATES: tuple[State, ...] = ("queued", "watching", "ready", "failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One memory of the library. Times are seconds since 1970; what is not known yet is None, or 0 where it counts."""

    id: str
    """The content address: hex digits that follow from source, settings, model and format."""
    title: str
    source_sha256: str
    source_name: str
    source_path: str | None
    """Where the video was found last; None where only the memory is known."""
    duration_seconds: float
    model_name: str
    model_fingerprint: str
    settings: WatchSettings
    base_id: str | None = None
    """The memory that this one goes on behind, when it was made by appending."""
    ratio: float
    """Visual tokens for one kept row: as measured once ready, before that as asked for."""
    num_bytes: int = 0
    """Of its rows; while it is watched, of those so far, like the counts."""
    num_rows: int = 0
    num_intervals: int = 0
    num_frames: int = 0
    state: State
    why: str = ""
    """Why it failed, in a sentence."""
    created_at: float
    watched_at: float | None = None
    asked_at: float | None = None
    num_questions: int = 0

    @property
    def used_at(self) -> float:
        """When anybody last had anything of it; what age means to `gc`."""
        return max(self.created_at, self.watched_at or 0.0, self.asked_at or 0.0)

    def to_json(self) -> dict[str, Any]:
        """All of it, as plain JSON."""
        return {**asdict(self), "settings": self.settings.to_json()}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptInterval:
    """One interval of a memory, also of one that is still being watched."""

    index: int
    start_seconds: float
    stop_seconds: float
    num_rows: int
    num_tokens: int
    """Visual tokens before they were condensed."""
    ratio: int
    source: int = 0
    """Which of the memory's videos it lies in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobProgress:
    """How far the watching of an entry is, as its worker last said."""

    num_frames: int
    total_frames: int
    frames_per_second: float
    seconds_left: float | None
    worker: str
    """Who watches it; empty while it waits in the queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question that was asked about a memory, with its answer as `Answer.to_json` gives it."""

    id: int
    entry_id: str
    text: str
    answer: dict[str, Any]
    asked_at: float


HitKind = Literal["title", "question", "answer", "interval"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One place that a search found."""

    entry_id: str
    title: str
    kind: HitKind
    text: str
    """The title, the question, or the answer; empty for an interval."""
    start_seconds: float | None
    stop_seconds: float | None
    score: float
    """0 to 1; comparable within one kind only."""
    interval: int | None = None
    """Index of the interval, whose thumbnail shows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What `gc` took away."""

    entries: tuple[Entry, ...]
    num_bytes: int
    """Freed on disk, leftovers of killed processes included."""
    num_in_use: int
    """Entries that were due and stay, because somebody reads or watches them."""
