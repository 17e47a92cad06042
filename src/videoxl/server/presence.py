"""Work that ends when the client who wants it is gone."""

import asyncio
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from videoxl.server.asking import Question
from videoxl.server.problem import Problem

if TYPE_CHECKING:
    from videoxl.engine import Answer

Result = TypeVar("Result")
LOOK_SECONDS = 0.25


async def while_present(request: Request, work: Callable[[threading.Event], Result]) -> Result:
    """What `work` returns, from a thread. Its event is set when the client leaves, and it should end soon then."""
    stopped = threading.Event()
    return await _watched(request, asyncio.ensure_future(run_in_threadpool(work, stopped)), stopped.set)


async def answer_while_present(request: Request, question: Question) -> "Answer":
    """The whole answer; a client that leaves cancels its question."""
    return await _watched(request, asyncio.ensure_future(question.answer()), question.close)


async def _watched(request: Request, task: "asyncio.Future[Result]", leave: Callable[[], None]) -> Result:
    try:
        while True:
            done, _ = await asyncio.wait({task}, timeout=LOOK_SECONDS)
            if done:
                return task.result()
            if await request.is_disconnected():
                raise Problem(499, "the client is gone.", code="cancelled")
    finally:
        leave()
        task.cancel()
