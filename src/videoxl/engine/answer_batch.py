"""Many questions on one memory, answered together: each step reads one token of every answer.

The memory's rows are there once and are read by all questions in one product; a question adds the rows of its own
tokens and nothing else. Questions join between two steps, and leave as soon as they are answered or cancelled.

B batch, T tokens of a step.
"""

from collections import deque
from collections.abc import Sequence

import torch

from videoxl.engine.constrained import Constraint
from videoxl.engine.inventory import Inventory
from videoxl.engine.sampling import DEFAULT_NEW_TOKENS, SamplingParams
from videoxl.engine.speaker import Reading, Speaker
from videoxl.engine.text_stream import TextListener
from videoxl.engine.turn import Turn
from videoxl.errors import UsageError
from videoxl.memory.cache import MemoryCache
from videoxl.memory.tails import Tails, room_for

DEFAULT_TURNS = 64
PROMPT_TOKENS_AT_ONCE = 2048  # of all joining questions: how long a step may keep the others waiting
MAX_HISTORY_TOKENS = 32768

Said = tuple[str, str]
"""A question, and the answer that was given."""


class AnswerBatch:
    """Questions that are answered at once, none of which knows of the others.

    Each gets the answer and the evidence that it would get alone. `add` and `cancel` may be called from any thread
    while one thread steps; listeners are called by that thread.
    """

    def __init__(
        self,
        speaker: Speaker,
        cache: MemoryCache,
        background_S: torch.Tensor | None,
        inventory: Inventory | None,
        *,
        max_turns: int = DEFAULT_TURNS,
    ) -> None:
        """`max_turns` questions are answered at once; others wait, in the order in which they came."""
        if max_turns < 1:
            raise UsageError(f"max_turns is {max_turns}, expected 1 or more.")
        self._speaker, self._cache, self._background_S, self._inventory = speaker, cache, background_S, inventory
        self._max_turns = max_turns
        self._turns: set[Turn] = set()
        self._waiting: deque[Turn] = deque()
        self._joining: _Joining | None = None
        self._tails: Tails[Turn] = Tails(cache)

    def __len__(self) -> int:
        """Turns that are not over, those that wait included."""
        return sum(not turn.is_over for turn in tuple(self._turns))

    @property
    def num_waiting(self) -> int:
        """Turns of which nothing was read yet."""
        return sum(turn.state == "waiting" for turn in tuple(self._turns))

    @property
    def nbytes(self) -> int:
        """Bytes of the rows of all questions and answers, beside the memory."""
        return self._tails.nbytes + (0 if self._joining is None else self._joining.nbytes)

    def add(
        self,
        question: str,
        *,
        history: Sequence[Said | Turn] = (),
        max_new_tokens: int = DEFAULT_NEW_TOKENS,
        temperature: float = 0.0,
        top_p: float = 1.0,
        seed: int = 0,
        stop: Sequence[str] | str = (),
        constraint: Constraint | None = None,
        on_text: TextListener | None = None,
    ) -> Turn:
        """Put a question, which the next steps answer.

        Args:
            history: What was asked and answered before, oldest first: pairs of texts, or turns that are finished,
                of which the very tokens are read again.
            top_p: Only the likeliest tokens that together have this probability may be chosen.
            seed: Decides a sampled answer, whatever else is in the batch.
            stop: The answer ends before the first of these strings.
            constraint: What the text of the answer must be: `JsonSchema`, `Regex` or `Choices`.
            on_text: Called with each piece of text as it is made. If it raises, this turn has failed; no other.

        Raises:
            UsageError: The question or an option cannot be carried out.
        """
        params = SamplingParams(max_new_tokens, temperature, top_p, seed, stop, constraint)
        turn = Turn(
            self._speaker, self._cache.memory, question,
            prompt_ids=self._question_ids(question, is_first=not history), history_ids=self._history_ids(history),
            params=params, background_S=self._background_S, inventory=self._inventory, on_text=on_text,
        )  # fmt: skip
        self._turns.add(turn)
        self._waiting.append(turn)
        return turn

    def cancel(self, turn: Turn) -> None:
        """Let a question go; what it holds is free after the next step. Of a turn that is over, nothing changes."""
        turn.cancel()

    def step(self) -> list[Turn]:
        """Read the prompts of those who join, and one token of every answer; returns the turns that this ended.

        A step takes in `PROMPT_TOKENS_AT_ONCE` tokens of prompts at most: longer ones take several.
        """
        for turn in self._tails.owners:
            if turn.is_over:
                self._tails.remove(turn)
        ended = [*self._read_prompts(), *self._read_answers()]
        self._turns.difference_update([turn for turn in tuple(self._turns) if turn.is_over])
        return [turn for turn in ended if turn.state != "cancelled"]

    def _history_ids(self, history: Sequence[Said | Turn]) -> list[int]:
        ids: list[int] = []
        for number, said in enumerate(history):
            if isinstance(said, Turn):
                if said.state != "finished":
                    raise UsageError(f"the history has a turn that is {said.state}; expected finished ones.")
                ids += [*said.prompt_ids, *said.said_ids]
            else:
                question_ids = self._question_ids(said[0], is_first=number == 0)
                ids += [*question_ids, *self._speaker.answer_ids(said[1])]
            if len(ids) > MAX_HISTORY_TOKENS:
                raise UsageError(
                    f"the first {number + 1} of {len(history)} turns of history have {len(ids)} tokens, expected at "
                    f"most {MAX_HISTORY_TOKENS} in all; leave the oldest out."
                )
        return ids

    def _question_ids(self, question: str, *, is_first: bool) -> list[int]:
        if is_first:
            return self._speaker.first_question_ids(question, on_video=self._cache.num_rows > 0)
        return self._speaker.next_question_ids(question)

    def _read_prompts(self) -> list[Turn]:
        """A piece of the prompts of those who join. Who is through with it has said the first token of the answer."""
        if self._joining is None or self._joining.is_over:
            self._joining = self._next_to_join()
        joining = self._joining
        if joining is None:
            return []
        through = joining.read_piece(self._speaker)
        for place, turn in through:
            if turn.is_over:
                continue
            if turn.is_anew:
                self._waiting.appendleft(turn)
            else:
                self._tails.add(turn, joining.cache.tail_of(place, len(turn.prompt_ids)))
        if joining.is_over:
            self._joining = None
        return [turn for _, turn in through if turn.is_over]

    def _next_to_join(self) -> "_Joining | None":
        """The oldest questions that wait, as many as there is room for, of about one length."""
        while self._waiting and self._waiting[0].is_over:
            self._waiting.popleft()
        room = self._max_turns - len(self._tails)
        if not self._waiting or room < 1:
            return None
        size = room_for(len(self._waiting[0].prompt_ids))
        turns: list[Turn] = []
        passed_over: list[Turn] = []
        while self._waiting and len(turns) < min(room, max(1, PROMPT_TOKENS_AT_ONCE // size)):
            turn = self._waiting.popleft()
            if not turn.is_over:
                (turns if room_for(len(turn.prompt_ids)) == size else passed_over).append(turn)
        self._waiting.extendleft(reversed(passed_over))
        for turn in turns:
            turn.begin()
        return _Joining(turns, self._cache.fork()) if turns else None

    def _read_answers(self) -> list[Turn]:
        if not len(self._tails):
            return []
        device = self._speaker.device
        positions = self._tails.begin_step()
        turns = self._tails.owners
        ids = torch.tensor([turn.unread for turn in turns], device=device)
        looks = any(turn.looks for turn in turns)
        reading = self._speaker.read(ids, self._tails, position_ids=positions, looks=looks)
        self._tails.end_step()
        for place, turn in enumerate(turns):
            _tell(turn, reading, place)
        for turn in turns:
            if turn.is_over or turn.is_anew:
                self._tails.remove(turn)
        self._waiting.extendleft(turn for turn in turns if turn.is_anew and not turn.is_over)
        return [turn for turn in turns if turn.is_over]


class _Joining:
    """Questions whose prompts are read side by side, padded at the end: causal attention never looks there."""

    def __init__(self, turns: list[Turn], cache: MemoryCache) -> None:
        self.turns, self.cache = turns, cache
        self._prompts = [turn.prompt_ids for turn in turns]  # as they are now: a turn may get a longer one
        self._longest = max(map(len, self._prompts))

    @property
    def is_over(self) -> bool:
        return self.cache.num_tail >= self._longest or all(turn.is_over for turn in self.turns)

    @property
    def nbytes(self) -> int:
        return self.cache.tail_bytes

    def read_piece(self, speaker: Speaker) -> list[tuple[int, Turn]]:
        """Read on; returns those, with their places, whose prompts end in this piece."""
        start = self.cache.num_tail
        stop = min(self._longest, start + max(1, PROMPT_TOKENS_AT_ONCE // len(self.turns)))
        padding = [0] * (stop - start)  # any token will do
        ids = [[*prompt[start:stop], *padding][: stop - start] for prompt in self._prompts]
        last = [min(max(len(prompt) - 1, start), stop - 1) - start for prompt in self._prompts]
        device = speaker.device
        through = {
            place: turn for place, (turn, prompt) in enumerate(zip(self.turns, self._prompts, strict=True))
            if start < len(prompt) <= stop and not turn.is_over
        }  # fmt: skip
        try:
            reading = speaker.read(
                torch.tensor(ids, device=device), self.cache, last_B=torch.tensor(last, device=device),
                looks=any(turn.looks for turn in through.values()),
            )  # fmt: skip
        except BaseException:  # so that the piece can be read again
            self.cache.rewind_tail(start)
            raise
        for place, turn in through.items():
            _tell(turn, reading, place)
        return list(through.items())


def _tell(turn: Turn, reading: Reading, place: int) -> None:
    """Tell a turn what came of its tokens. What goes wrong with it, or with who listens to it, is no other's matter."""
    if turn.is_over:
        return
    shares_S = None if reading.shares_BS is None else reading.shares_BS[place]
    try:
        turn.has_read(reading.likeliest[place], reading.logits_BC[place], shares_S)
    except Exception as error:
        turn.fail(error)
