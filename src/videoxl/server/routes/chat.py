"""OpenAI's chat completions, on videos."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from videoxl.library import Entry
from videoxl.server import sse
from videoxl.server.asking import Question, begin
from videoxl.server.chat import Chat, prepare
from videoxl.server.chat_json import Completion
from videoxl.server.presence import answer_while_present, while_present
from videoxl.server.problem import Problem
from videoxl.server.protocol.chat import ChatBody
from videoxl.server.site import Site, SiteOf

if TYPE_CHECKING:
    from videoxl.engine import Answer

router = APIRouter(prefix="/v1/chat/completions")

LOOK_SECONDS = 0.25


@router.post("")
async def chat_completions(body: ChatBody, request: Request, site: SiteOf) -> Response:
    """Answer a chat. New videos are watched first, once; a streamed answer sends comments while they are."""

    chat = await while_present(request, lambda stopped: prepare(site, body, stopped))
    completion = Completion(chat, model=site.config.model_name, fingerprint=site.room.vxl.fingerprint)
    if not body.stream:
        return await _whole(site, request, chat, completion)
    questions = _Questions(site, chat)
    if chat.entry is None or chat.was_ready:
        await questions.begin()  # what goes wrong until the first word gets its status
    include_usage = body.stream_options is not None and body.stream_options.include_usage
    return sse.EventStream(_chunks(site, chat, completion, questions, include_usage), on_close=questions.close)


class _Questions:
    """The questions of one chat, one for each choice."""

    def __init__(self, site: Site, chat: Chat) -> None:
        self._site, self._chat = site, chat
        self.all: list[Question] = []

    async def begin(self) -> None:
        """Put them in line. Raises Problem; then none is."""
        try:
            for ask in self._chat.asks:
                self.all.append(await begin(self._site.room, lambda: self._chat.entry, ask))
            await self.all[0].settle()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        for question in self.all:
            question.close()


async def _whole(site: Site, request: Request, chat: Chat, completion: Completion) -> Response:
    if chat.entry is not None:
        await _watched(site, chat.entry, request)
    questions = _Questions(site, chat)
    await questions.begin()
    try:
        answers = [await answer_while_present(request, question) for question in questions.all]
    finally:
        questions.close()
    await _note(site, chat, answers)
    return JSONResponse(completion.whole(answers))


async def _chunks(
    site: Site, chat: Chat, completion: Completion, questions: _Questions, include_usage: bool
) -> AsyncIterator[str]:
    try:
        for index in range(len(chat.asks)):
            yield sse.chunk(completion.begin(index))
        if not questions.all:
            assert chat.entry is not None, "what shows nothing has nothing to wait for"
            await _watched(site, chat.entry)
            await questions.begin()
        answers: dict[int, Answer] = {}
        async for index, piece in _merged(questions.all):
            if isinstance(piece, str):
                yield sse.chunk(completion.text(index, piece))
            else:
                answers[index] = piece
                yield sse.chunk(completion.end(index, piece))
        in_order = [answers[index] for index in sorted(answers)]
        await _note(site, chat, in_order)
        if include_usage:
            yield sse.chunk(completion.usage_chunk(in_order))
        yield "data: [DONE]\n\n"
    except Problem as problem:
        yield sse.chunk(site.said(problem).body)


async def _merged(questions: Sequence[Question]) -> "AsyncIterator[tuple[int, str | Answer]]":
    """Pieces of several answers as they come."""
    if len(questions) == 1:
        async for piece in questions[0].pieces():
            yield 0, piece
        return
    pieces: asyncio.Queue[tuple[int, str | Answer | Problem]] = asyncio.Queue()

    async def follow(index: int) -> None:
        try:
            async for said in questions[index].pieces():
                pieces.put_nowait((index, said))
        except Problem as problem:
            pieces.put_nowait((index, problem))

    tasks = [asyncio.ensure_future(follow(index)) for index in range(len(questions))]
    try:
        num_left = len(questions)
        while num_left:
            index, event = await pieces.get()
            if isinstance(event, Problem):
                raise event
            num_left -= not isinstance(event, str)
            yield index, event
    finally:
        for task in tasks:
            task.cancel()


async def _watched(site: Site, entry: Entry, request: Request | None = None) -> None:
    """Wait until the videos of a chat are in its memory. Raises Problem where they cannot be, or it takes too long."""
    loop = asyncio.get_running_loop()
    until = loop.time() + site.config.limits.watch_seconds
    while True:
        entry = await run_in_threadpool(site.library.entry, entry.id)
        if entry.state == "ready":
            return
        if entry.state == "failed":
            raise Problem(422, f"the video could not be watched: {entry.why}", code="video_unreadable")
        if site.is_stopping:
            raise site.room.not_ready()
        if loop.time() > until:
            raise Problem(
                504, f"the video is still being watched; ask again by its memory's id, {entry.id}.", code="timeout"
            )
        await asyncio.sleep(LOOK_SECONDS)
        if request is not None and await request.is_disconnected():
            raise Problem(499, "the client is gone; its video is being watched on.", code="cancelled")


async def _note(site: Site, chat: Chat, answers: "Sequence[Answer]") -> None:
    if chat.entry is not None:
        for answer in answers:
            await run_in_threadpool(site.memories.note_answer, chat.entry, answer)
