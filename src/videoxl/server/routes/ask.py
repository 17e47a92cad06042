"""Questions on one memory: ask, stream the answer, and what was asked before."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from videoxl.server import sse
from videoxl.server.answer_json import answer_json, question_json
from videoxl.server.answering import Ask
from videoxl.server.asking import Question, begin
from videoxl.server.presence import answer_while_present
from videoxl.server.problem import Problem
from videoxl.server.protocol.memories import AskBody
from videoxl.server.routes.memories import MemoryId
from videoxl.server.site import Site, SiteOf

if TYPE_CHECKING:
    from videoxl.engine import Answer

router = APIRouter(prefix="/v1/memories")


@router.post("/{memory_id}/ask")
async def ask(memory_id: MemoryId, body: AskBody, request: Request, site: SiteOf) -> Response:
    """Answer a question, with the moments that the answer rests on; also while the video is still being watched."""
    most = site.num_tokens(body.max_tokens, "max_tokens")
    wanted = Ask(question=body.question, max_new_tokens=most, temperature=body.temperature, seed=body.seed)
    question = await begin(site.room, lambda: site.library.entry(memory_id), wanted)
    if body.stream:
        try:
            await question.settle()  # what goes wrong until the first word gets its status
        except BaseException:
            question.close()
            raise
        return sse.EventStream(_events(site, question), on_close=question.close)
    try:
        answer = await answer_while_present(request, question)
        return JSONResponse(await run_in_threadpool(_noted, site, question, answer))
    finally:
        question.close()


@router.get("/{memory_id}/questions")
def list_questions(
    memory_id: MemoryId, site: SiteOf, limit: Annotated[int, Query(ge=1, le=10_000)] = 1000
) -> dict[str, Any]:
    """What was asked so far and answered, the oldest first; the last ones where there are more than `limit`."""
    questions = site.library.questions(site.library.entry(memory_id).id)
    return {
        "object": "list",
        "data": [question_json(question) for question in questions[-limit:]],
        "has_more": len(questions) > limit,
    }


async def _events(site: Site, question: Question) -> AsyncIterator[str]:
    try:
        async for piece in question.pieces():
            if isinstance(piece, str):
                yield sse.event("text", {"text": piece})
            else:
                yield sse.event("answer", await run_in_threadpool(_noted, site, question, piece))
    except Problem as problem:
        yield sse.event("error", site.said(problem).body["error"])


def _noted(site: Site, question: Question, answer: "Answer") -> dict[str, Any]:
    """The answer for the client, kept with the memory; one that was removed meanwhile keeps nothing."""
    assert question.entry is not None, "a memory was asked"
    number = site.memories.note_answer(question.entry, answer)
    return answer_json(answer.to_json(), question_id=number, watched_until=question.watched_until)
