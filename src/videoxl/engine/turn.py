"""One question on its way to its answer: what the model has yet to read, what was said, and when it is enough.

Whoever runs the model (a conversation, or a batch of many questions) reads a turn's `unread` tokens, and tells the
turn what came of it. So an answer is the same, whoever makes it.

S memory rows, C vocabulary.
"""

from collections.abc import Sequence
from typing import Literal

import torch

from videoxl.engine.answer import Answer, Evidence, Timings, Usage
from videoxl.engine.constrained import matcher_for
from videoxl.engine.evidence import evidence_ranges
from videoxl.engine.inventory import Inventory, Told
from videoxl.engine.progress import Stopwatch
from videoxl.engine.sampling import Sampler, SamplingParams
from videoxl.engine.speaker import Speaker
from videoxl.engine.text_stream import TextListener, TextStream
from videoxl.errors import UsageError
from videoxl.memory.memory import CompressedMemory
from videoxl.video.clock import clock

TurnState = Literal["waiting", "running", "finished", "failed", "cancelled"]


class Turn:
    """A question, and in the end its answer."""

    def __init__(
        self,
        speaker: Speaker,
        memory: CompressedMemory,
        question: str,
        *,
        prompt_ids: Sequence[int],
        history_ids: Sequence[int] = (),
        params: SamplingParams,
        background_S: torch.Tensor | None,
        inventory: Inventory | None,
        on_text: TextListener | None,
    ) -> None:
        """`prompt_ids` is to be read behind the memory (or the conversation so far), and behind `history_ids`.

        A model with an inventory asks for it first; that is put in front, and all of it is to be read anew.
        """
        self.question = question
        self.prompt_ids = (*history_ids, *prompt_ids)
        self._num_history = len(history_ids)
        self.said_ids: list[int] = []
        """Tokens of the answer, without the one that ends it."""
        self.unread = list(self.prompt_ids)
        """What the model reads next; once it is over, what only a conversation reads that goes on behind it."""
        self._state: TurnState = "waiting"
        self._is_cancelled = False
        self._speaker, self._memory, self._params, self._background_S = speaker, memory, params, background_S
        self._inventory, self._inventory_config = inventory, None if inventory is None else inventory.config
        self._request_ids: list[int] = []
        self._told: Told | None = None
        self.is_anew = False
        """Whether all that it has read is to be forgotten: `unread` is a new prompt, with the inventory in front."""
        self._matcher = None if params.constraint is None else matcher_for(params.constraint, speaker)
        self._sampler = Sampler(params, self._matcher)
        decode = speaker.text if self._matcher is None else self._matcher.text
        marks = [mark for mark in (speaker.time_mark, speaker.list_mark) if mark is not None]
        self._stream = TextStream(decode, on_text, hold_back=marks, stop=params.stop)
        self._stopwatch, self._first_token_seconds = Stopwatch(), 0.0
        self._shares_S: torch.Tensor | None = None
        self._num_looks = 0
        self._ends: Literal["limit", "stop"] | None = None
        self._answer: Answer | None = None
        self._error: Exception | None = None

    @property
    def state(self) -> TurnState:
        """Once cancelled, it stays so, whatever still comes of it."""
        return "cancelled" if self._is_cancelled else self._state

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state not in ("waiting", "running")

    @property
    def looks(self) -> bool:
        """Whether its evidence is where the model looks when it reads what is unread; what is told has its own."""
        return self._inventory is None and self._told is None and self._background_S is not None

    @property
    def answer(self) -> Answer:
        """What was answered; of a turn that failed, raises why."""
        if self._error is not None:
            raise self._error
        if self._answer is None:
            raise UsageError(f"the turn on {self.question!r} is {self.state}, so it has no answer; go on with step().")
        return self._answer

    def has_read(self, likeliest: int, logits_C: torch.Tensor, shares_S: torch.Tensor | None) -> None:
        """The model has read `unread`: say the next token, or end, or read the inventory and the question again.

        Args:
            likeliest: The token that the logits behind the last unread one put first.
            shares_S: How that last one looked at the memory; of no use where `looks` is false.
        """
        if self._inventory is not None:
            self._request(self._inventory, likeliest if self._request_ids else self._inventory.likeliest_mark(logits_C))
            return
        self.is_anew = False
        self._look(shares_S)
        self.unread = []
        if self._ends is not None:
            self._end(finished=self._ends == "stop")
            return
        if self._told is not None and self._matcher is None and not self.said_ids:
            logits_C = self._with_words_alone(logits_C)
            likeliest = int(logits_C.argmax())
        token = self._sampler.choose(likeliest, logits_C)
        if not self.said_ids:
            self._first_token_seconds = self._stopwatch.seconds
        if token in self._speaker.end_token_ids:
            self._end(finished=True, num_end_tokens=1)
            return
        self.said_ids.append(token)
        self.unread = [token]
        if self._stream.put(token) or self._sampler.is_complete or self._is_whole:
            self._ends = "stop"
        elif len(self.said_ids) == self._params.max_new_tokens:
            self._ends = "limit"
        if self._ends is not None and not self.looks:
            self._end(finished=self._ends == "stop")

    def _with_words_alone(self, logits_C: torch.Tensor) -> torch.Tensor:
        """The same without what says nothing: the inventory was asked for and read, so there is an answer."""
        silent = {*self._speaker.silent_ids, *self._speaker.end_token_ids}
        return logits_C.index_fill(0, torch.tensor(sorted(silent), device=logits_C.device), float("-inf"))

    @property
    def _is_whole(self) -> bool:
        """Whether this model never says more; what it is made to say by a constraint may be longer."""
        config = self._inventory_config
        return config is not None and self._matcher is None and len(self.said_ids) >= config.answer_tokens

    def _request(self, inventory: Inventory, token: int) -> None:
        """The next token of the request for the inventory; where that ends, all is read anew."""
        if token not in self._speaker.end_token_ids:
            self._request_ids.append(token)
            self.unread = [token]
            if not inventory.is_whole(self._request_ids):
                return
        self._told = inventory.answer(self._request_ids)
        before, question_ids = self.prompt_ids[: self._num_history], self.prompt_ids[self._num_history :]
        self.prompt_ids = (*before, *self._told.ids, *question_ids)
        self.unread = list(self.prompt_ids)
        self._inventory, self.is_anew = None, True

    def fail(self, error: Exception) -> None:
        """Nothing more comes of it, because of this."""
        self._error, self._shares_S = error, None
        self._state = "failed"

    def cancel(self) -> None:
        """Nothing more comes of it, for nobody waits for it any more; of a turn that is over, nothing changes."""
        if not self.is_over:
            self._is_cancelled = True

    def begin(self) -> None:
        """Its prompt is being read."""
        self._state = "running"

    def _look(self, shares_S: torch.Tensor | None) -> None:
        if shares_S is not None and self.looks:
            self._shares_S = shares_S.clone() if self._shares_S is None else self._shares_S.add_(shares_S)
            self._num_looks += 1

    def _end(self, *, finished: bool, num_end_tokens: int = 0) -> None:
        evidence = self._evidence()
        text = self._stream.text
        if self._matcher is None:
            whole = self._with_names(_with_times(text, self._speaker.time_mark, evidence))
            text = self._stream.up_to_stop(whole)
            finished = finished or text != whole
            text = text.strip()
        self._stream.finish(text)
        self._answer = Answer(
            question=self.question,
            text=text,
            evidence=evidence,
            usage=Usage(
                self._memory.num_rows, self._memory.nbytes, len(self.prompt_ids), len(self.said_ids) + num_end_tokens
            ),
            timings=Timings(self._first_token_seconds, self._stopwatch.seconds),
            finished=finished,
            unknown_words=self._speaker.unknown_words(self.question),
        )
        self._shares_S = None
        self._state = "finished"

    def _with_names(self, text: str) -> str:
        """A model that was taught to leave lists to us writes a mark; what it was told takes its place, in order."""
        mark = self._speaker.list_mark
        if mark is None or mark not in text or self._told is None or self._inventory_config is None:
            return text
        names = ", ".join(map(self._speaker.text, self._told.names))
        return text.replace(mark, names or self._inventory_config.nothing)

    def _evidence(self) -> tuple[Evidence, ...]:
        if self._background_S is None:
            return ()
        if self._told is not None:
            rests_on_S = self._told.rests_on(self.said_ids, self._memory.num_rows)
            return evidence_ranges(self._memory, rests_on_S, torch.zeros_like(rests_on_S))
        if self._shares_S is None:
            return ()
        attention_S = (self._shares_S / self._num_looks).cpu()
        return evidence_ranges(self._memory, attention_S, self._background_S)


def _with_times(text: str, mark: str | None, evidence: Sequence[Evidence]) -> str:
    """A model that was taught to leave the time to us writes a mark for it; here the evidence takes its place."""
    if mark is None or mark not in text:
        return text
    if not evidence:
        return text.replace(mark, "a moment that could not be found")
    best = evidence[0]
    return text.replace(mark, f"{clock(best.start_seconds)} to {clock(best.stop_seconds)}")
