"""What a question gives back: words, where they come from, and what they cost."""

from dataclasses import asdict, dataclass, field
from typing import Any

from videoxl.video.clock import clock


@dataclass(frozen=True, slots=True)
class Evidence:
    """A stretch of the video that the answer rests on."""

    start_seconds: float
    stop_seconds: float
    score: float
    """Share of the attention above background that this stretch received, 0 to 1."""
    source: int = 0
    """Which of the memory's videos it lies in."""

    def __str__(self) -> str:
        return f"{clock(self.start_seconds)}-{clock(self.stop_seconds)} ({self.score:.2f})"


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens and rows that an answer took; memory rows were paid for when the video was watched."""

    memory_rows: int
    memory_bytes: int
    question_tokens: int
    """All that was read in front of the answer: also what was said before, and an inventory where one was taken."""
    answer_tokens: int


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds from the question to the first token, and to the end of the answer with its evidence."""

    first_token_seconds: float
    total_seconds: float


@dataclass(frozen=True, slots=True)
class Answer:
    """Text, the moments it rests on (best first), and what it cost."""

    question: str
    text: str
    evidence: tuple[Evidence, ...]
    usage: Usage
    timings: Timings
    finished: bool = True
    """False where the answer was cut at the token limit."""
    unknown_words: tuple[str, ...] = field(default=())
    """Words of the question that the model's vocabulary does not have; small models only."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
