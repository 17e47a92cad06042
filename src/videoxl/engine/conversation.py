"""Questions and answers on a memory, each turn reading those before it."""

from collections.abc import Callable
from typing import Any

import torch

from videoxl.engine.answer import Answer, Evidence, Timings, Usage
from videoxl.engine.evidence import attention_on_rows, evidence_ranges
from videoxl.engine.progress import Stopwatch
from videoxl.engine.speaker import Speaker
from videoxl.engine.text_stream import TextStream
from videoxl.errors import UsageError
from videoxl.memory.cache import MemoryCache
from videoxl.model.decoder import Watched
from videoxl.video.clock import clock

TextListener = Callable[[str], None]
DEFAULT_NEW_TOKENS = 256
MAX_QUESTION_TOKENS = 8192  # a question longer than this is a document; put it into the prompt's video or shorten it


class Conversation:
    """One person's turns on one memory. The memory itself is never changed, however much is asked."""

    def __init__(self, speaker: Speaker, cache: MemoryCache, background_S: torch.Tensor | None) -> None:
        self._speaker, self._cache, self._background_S = speaker, cache, background_S
        self._num_turns = 0

    def ask(
        self,
        question: str,
        *,
        max_new_tokens: int = DEFAULT_NEW_TOKENS,
        temperature: float = 0.0,
        seed: int = 0,
        on_text: TextListener | None = None,
    ) -> Answer:
        """Answer a question; greedy unless a temperature is given, and then the same for the same seed.

        Args:
            on_text: Called with each piece of text as it is made.
        """
        _check(question, max_new_tokens, temperature)
        stopwatch = Stopwatch()
        question_ids = self._question_ids(question)
        stream = TextStream(self._speaker.processor.tokenizer, on_text, hold_back=self._speaker.time_mark)
        answer_ids = self._generate(question_ids, stream, max_new_tokens, temperature, seed)
        end_ids = self._speaker.end_token_ids
        finished = bool(answer_ids) and answer_ids[-1] in end_ids
        said_ids = answer_ids[:-1] if finished else answer_ids
        evidence = self._remember_turn(question_ids, said_ids)
        text = stream.finish(lambda text: self._with_times(text, evidence))
        self._num_turns += 1
        memory = self._cache.memory
        return Answer(
            question=question,
            text=text,
            evidence=evidence,
            usage=Usage(memory.num_rows, memory.nbytes, len(question_ids), len(answer_ids)),
            timings=Timings(stream.first_token_seconds, stopwatch.seconds),
            finished=finished,
            unknown_words=self._speaker.unknown_words(question),
        )

    def _question_ids(self, question: str) -> list[int]:
        processor = self._speaker.processor
        if self._num_turns:
            ids = processor.next_question(question)
        elif self._cache.num_rows:
            ids = processor.question(question)
        else:
            ids = processor.text_prompt(question)
        if len(ids) > MAX_QUESTION_TOKENS:
            raise UsageError(f"the question has {len(ids)} tokens, expected at most {MAX_QUESTION_TOKENS}; shorten it.")
        return ids

    def _generate(
        self, question_ids: list[int], stream: TextStream, max_new_tokens: int, temperature: float, seed: int
    ) -> list[int]:
        options: dict[str, Any] = {"do_sample": temperature > 0}
        if temperature > 0:
            options["temperature"] = temperature
        input_ids = torch.tensor([question_ids], device=self._speaker.device)
        with torch.random.fork_rng(devices=[] if self._speaker.device.type == "cpu" else [self._speaker.device]):
            torch.manual_seed(seed)
            output = self._speaker.model.generate(
                input_ids,
                memory=self._cache,
                max_new_tokens=max_new_tokens,
                eos_token_id=self._speaker.end_token_ids,
                pad_token_id=self._speaker.end_token_ids[0],
                streamer=stream,
                **options,
            )
        return output[0, len(question_ids) :].tolist()

    @torch.no_grad()
    def _remember_turn(self, question_ids: list[int], said_ids: list[int]) -> tuple[Evidence, ...]:
        """Run the turn once more in one piece: the conversation keeps its rows, and its attention is the evidence."""
        decoder, num_rows = self._speaker.model.decoder, self._cache.num_rows
        watched: Watched = dict.fromkeys(self._speaker.evidence_layers)
        ids = torch.tensor([question_ids + said_ids], device=self._speaker.device)
        before = self._cache.num_tail
        decoder(decoder.embed_tokens(ids), self._cache, watched=watched if num_rows else None)
        if self._background_S is None or not num_rows:
            return ()
        assert self._cache.num_tail == before + ids.shape[1]
        attention_S = attention_on_rows(watched, num_rows, len(question_ids) - 1)
        return evidence_ranges(self._cache.memory, attention_S, self._background_S)

    def _with_times(self, text: str, evidence: tuple[Evidence, ...]) -> str:
        """A model that was taught to leave the time to us writes a mark for it; here the evidence takes its place."""
        mark = self._speaker.time_mark
        if mark is None or mark not in text:
            return text
        if not evidence:
            return text.replace(mark, "a moment that could not be found")
        best = evidence[0]
        return text.replace(mark, f"{clock(best.start_seconds)} to {clock(best.stop_seconds)}")


def _check(question: str, max_new_tokens: int, temperature: float) -> None:
    if not question.strip():
        raise UsageError("the question is empty, expected some words; ask for example 'What appears in the film?'.")
    if max_new_tokens < 1:
        raise UsageError(f"max_new_tokens is {max_new_tokens}, expected 1 or more.")
    if temperature < 0:
        raise UsageError(f"temperature is {temperature}, expected 0 (greedy) or more.")
