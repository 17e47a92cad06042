"""A question, from a coroutine that awaits it or a thread that waits for it, to the thread that answers."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool

from videoxl.library import Entry
from videoxl.server.answering import Ask
from videoxl.server.engine_room import EngineRoom
from videoxl.server.problem import Problem
from videoxl.server.tiers import Resident

if TYPE_CHECKING:
    from videoxl.engine import Answer
    from videoxl.memory import CompressedMemory


SETTLE_SECONDS = 5.0  # longer than that, a stream begins, and what goes wrong is said in it


class Question:
    """One question under way, for one client. Close it whatever happens: that unpins the memory."""

    def __init__(self, room: EngineRoom, entry: Entry | None, ask: Ask, resident: Resident) -> None:
        """Put it in line. Raises Problem where it cannot be."""
        self.entry = entry
        """Whose memory is asked; None where nothing was seen."""
        self._room, self._resident = room, resident
        self._loop = asyncio.get_running_loop()
        self._events: asyncio.Queue[str | Answer | Problem] = asyncio.Queue()
        self._first: str | Answer | Problem | None = None
        self._is_over = self._is_closed = False
        self.watched_until = resident.watched_until
        self._asked = room.submit(ask, resident, on_text=self._put, on_end=self._end)

    async def settle(self, seconds: float = SETTLE_SECONDS) -> None:
        """Wait for the first piece, for a while. Raises Problem where the question was refused before it."""
        with suppress(TimeoutError):
            self._first = await asyncio.wait_for(self._events.get(), seconds)
        if isinstance(self._first, Problem):
            raise self._first

    async def pieces(self) -> "AsyncIterator[str | Answer]":
        """Text as it is made, and the whole answer last. Raises Problem where there is none."""
        while True:
            event, self._first = self._first, None
            if event is None:
                event = await self._events.get()
            if isinstance(event, Problem):
                raise event
            yield event
            if not isinstance(event, str):
                return

    async def answer(self) -> "Answer":
        """The whole answer."""
        async for piece in self.pieces():
            if not isinstance(piece, str):
                return piece
        raise AssertionError("the last piece is the answer")

    def close(self) -> None:
        """Whoever asked is gone, or has the answer."""
        if not self._is_closed:
            self._is_closed = True
            if not self._is_over:
                self._room.cancel(self._asked)

    def _put(self, event: "str | Answer | Problem") -> None:
        try:
            self._loop.call_soon_threadsafe(self._events.put_nowait, event)
        except RuntimeError:  # the loop is closed: nobody is there to hear it
            return

    def _end(self, outcome: "Answer | Problem") -> None:
        self._is_over = True
        self._room.release(self._resident)
        self._put(outcome)


async def begin(room: EngineRoom, find: Callable[[], Entry | None], ask: Ask) -> Question:
    """Ask about the memory that `find` gives, or about nothing seen. Raises Problem, and then nothing is pinned."""

    def take() -> tuple[Entry | None, Resident]:
        entry = find()
        return entry, Resident(None, None) if entry is None else room.take(entry)

    entry, resident = await run_in_threadpool(take)
    try:
        return Question(room, entry, ask, resident)
    except BaseException:
        room.release(resident)
        raise


class Asker:
    """What a recipe asks with: one question after another from a thread, on a memory or an excerpt of it."""

    def __init__(self, room: EngineRoom, name: str, max_new_tokens: int, stopped: threading.Event) -> None:
        """Args: stopped: Set when the client is gone; the next question is not asked any more then."""
        self.name = name
        self._room, self._max_new_tokens, self._stopped = room, max_new_tokens, stopped

    def ask(self, memory: "CompressedMemory", question: str, /) -> "Answer":
        """The answer, waited for. Raises Problem where there is none."""
        if self._stopped.is_set():
            raise Problem(499, "the client is gone.", code="cancelled")
        outcome: Future[Answer | Problem] = Future()
        ask = Ask(question=question, max_new_tokens=self._max_new_tokens)
        self._room.submit(ask, Resident(None, memory), on_text=lambda _: None, on_end=outcome.set_result)
        result = outcome.result()
        if isinstance(result, Problem):
            raise result
        return result
