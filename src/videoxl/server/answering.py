"""The thread that answers: questions take their steps in turn, those on one memory in one forward.

Questions come in from anywhere and wait in a line of bounded length. One that is cancelled, or late, leaves at the next
step. What goes wrong in one batch ends the questions of that batch and nothing else.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from videoxl.errors import VideoXLError
from videoxl.server.limits import Limits
from videoxl.server.metrics import Metrics
from videoxl.server.problem import Problem, as_problem, shutting_down
from videoxl.server.request_log import where
from videoxl.server.tiers import Resident
from videoxl.server.turns import ModelTurns

if TYPE_CHECKING:
    from videoxl.engine import Answer, VideoXL
    from videoxl.engine.answer_batch import AnswerBatch, Turn

logger = logging.getLogger(__name__)

RETRY_SECONDS = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A question, and how it is to be answered."""

    question: str
    history: tuple[tuple[str, str], ...] = ()
    max_new_tokens: int = 256
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    stop: tuple[str, ...] = ()
    constraint: Any = None


@dataclass(slots=True, eq=False)
class Asked:
    """A question under way."""

    ask: Ask
    resident: Resident
    on_text: Callable[[str], None]
    on_end: "Callable[[Answer | Problem], None]"
    """Called once, from the thread that answers."""
    deadline: float
    began: float = field(default_factory=time.monotonic)
    is_cancelled: bool = False
    has_begun: bool = False
    turn: "Turn | None" = None


class Answering:
    """Takes questions until it is stopped; then finishes what it has, for a while."""

    def __init__(self, vxl: "VideoXL", turns: ModelTurns, *, limits: Limits, metrics: Metrics) -> None:
        self._vxl, self._turns, self._limits, self._metrics = vxl, turns, limits, metrics
        self._changed = threading.Condition()
        self._waiting: deque[Asked] = deque()
        self._running: list[Asked] = []
        self._stops_at: float | None = None
        self._thread = threading.Thread(target=self._work, name="videoxl-answers", daemon=True)
        self._thread.start()

    def submit(
        self,
        ask: Ask,
        resident: Resident,
        *,
        on_text: Callable[[str], None],
        on_end: "Callable[[Answer | Problem], None]",
    ) -> Asked:
        """Put a question in line. `on_end` is called for it in any case, unless this raises.

        Raises:
            Problem: The line is full (429), or the server is shutting down (503).
        """
        asked = Asked(ask, resident, on_text, on_end, time.monotonic() + self._limits.answer_seconds)
        with self._changed:
            if self._stops_at is not None:
                raise shutting_down()
            if len(self._waiting) >= self._limits.max_waiting:
                raise Problem(
                    429, f"{len(self._waiting)} questions are waiting already; ask again in a moment.",
                    code="queue_full", retry_seconds=RETRY_SECONDS,
                )  # fmt: skip
            self._waiting.append(asked)
            self._tell()
        return asked

    def cancel(self, asked: Asked) -> None:
        """Nobody waits for this any more; it leaves at the next step."""
        with self._changed:
            asked.is_cancelled = True
            self._changed.notify_all()

    @property
    def num_questions(self) -> int:
        """Waiting and running."""
        return len(self._waiting) + len(self._running)

    def stop(self, seconds: float) -> None:
        """Take no more questions, finish those there are for so long, and end the thread."""
        with self._changed:
            self._stops_at = time.monotonic() + seconds
            self._changed.notify_all()
        self._thread.join(seconds + 30)

    def _work(self) -> None:
        while self._wait_for_work():
            self._leave()
            self._admit()
            for batch in {id(asked.resident): asked.resident for asked in self._running}.values():
                self._step(batch)
            self._tell()

    def _wait_for_work(self) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._running or self._stops_at is not None)
            return bool(self._waiting or self._running)

    def _leave(self) -> None:
        """End what was cancelled and what is late."""
        now = time.monotonic()
        is_over = self._stops_at is not None and now >= self._stops_at
        with self._changed:
            everything = [*self._waiting, *self._running]
        for asked in everything:
            if asked.is_cancelled:
                self._end(asked, Problem(499, "the question was cancelled.", code="cancelled"))
            elif is_over:
                self._end(asked, shutting_down())
            elif now >= asked.deadline:
                limit = self._limits.answer_seconds
                self._end(asked, Problem(504, f"no answer within {limit:g} s; ask for less.", code="timeout"))

    def _admit(self) -> None:
        while len(self._running) < self._limits.max_running:
            with self._changed:
                if not self._waiting:
                    return
                asked = self._waiting.popleft()
                self._running.append(asked)
            try:
                with self._turns.answering():
                    asked.turn = self._batch(asked.resident).add(
                        asked.ask.question, history=asked.ask.history, max_new_tokens=asked.ask.max_new_tokens,
                        temperature=asked.ask.temperature, top_p=asked.ask.top_p, seed=asked.ask.seed,
                        stop=asked.ask.stop, constraint=asked.ask.constraint, on_text=self._listener(asked),
                    )  # fmt: skip
            except Exception as error:
                self._end(asked, _problem(error))

    def _batch(self, resident: Resident) -> "AnswerBatch":
        if resident.batch is None:
            resident.batch = self._vxl.batch(resident.memory)
        return resident.batch

    def _step(self, resident: Resident) -> None:
        batch = resident.batch
        here = [asked for asked in self._running if asked.resident is resident]
        if batch is None or not here:
            return
        try:
            with self._turns.answering():
                finished = {id(turn) for turn in batch.step()}
        except Exception as error:
            resident.batch = None
            for asked in here:
                asked.turn = None
                self._end(asked, _problem(error))
            return
        for asked in here:
            if id(asked.turn) in finished:
                assert asked.turn is not None
                try:
                    self._end(asked, asked.turn.answer)
                except Exception as error:
                    self._end(asked, _problem(error))

    def _listener(self, asked: Asked) -> Callable[[str], None]:
        def hear(text: str) -> None:
            if not asked.has_begun:
                asked.has_begun = True
                self._metrics.first_token.observe(time.monotonic() - asked.began)
            asked.on_text(text)

        return hear

    def _end(self, asked: Asked, outcome: "Answer | Problem") -> None:
        with self._changed:
            if asked in self._running:
                self._running.remove(asked)
            elif asked in self._waiting:
                self._waiting.remove(asked)
            else:
                return
        if isinstance(outcome, Problem):
            if asked.turn is not None and asked.resident.batch is not None:
                asked.resident.batch.cancel(asked.turn)
            self._metrics.answers.labels(outcome.code or "failed").inc()
        else:
            self._metrics.answers.labels("stop" if outcome.finished else "length").inc()
            self._metrics.answer_seconds.observe(time.monotonic() - asked.began)
            self._metrics.prompt_tokens.inc(outcome.usage.question_tokens)
            self._metrics.generation_tokens.inc(outcome.usage.answer_tokens)
        asked.on_end(outcome)

    def _tell(self) -> None:
        with self._changed:
            self._metrics.running.set(len(self._running))
            self._metrics.waiting.set(len(self._waiting))
            self._turns.say_asked(bool(self._running or self._waiting))
            self._changed.notify_all()


def _problem(error: Exception) -> Problem:
    if isinstance(error, (Problem, VideoXLError)):
        return as_problem(error)
    logger.error("answering failed: %s at %s", type(error).__name__, where(error))
    return Problem(
        500, "the answer failed unexpectedly; ask again, and tell the operator if it goes on.", code="internal"
    )
