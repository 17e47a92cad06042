"""What the questions of a batch read of a long memory a second time, and what both readings together say.

Each question has an excerpt of its own; their prompts are read side by side, and so are the tokens of their answers.

B questions, S memory rows, C vocabulary.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import torch

from videoxl.engine.excerpt import ExcerptConfig, Excerpts, chosen_rows, voted
from videoxl.engine.speaker import Reading, Speaker
from videoxl.engine.turn import Turn
from videoxl.memory.memory import CompressedMemory
from videoxl.memory.tails import Tails

MOST_PROMPT_TOKENS = 2048  # a longer prompt is read once: it would keep the others of a batch waiting


class SecondReading:
    """Reads for each question the intervals that it looked at most, and puts its vote to what the whole memory says."""

    def __init__(self, speaker: Speaker, memory: CompressedMemory, config: ExcerptConfig) -> None:
        self._speaker, self._memory, self._config = speaker, memory, config
        self._tails: Tails[Turn] = Tails(speaker.model.cache())  # an excerpt is part of the tail on no memory

    @property
    def nbytes(self) -> int:
        """Bytes of all excerpts and of what was read behind them."""
        return self._tails.nbytes

    def begin(self, turns: Mapping[int, Turn], reading: Reading) -> Reading:
        """Read the prompts of those (by their place in `reading`) who come; returns what is said of all by both."""
        assert reading.shares_BS is not None, "a long memory is looked at"
        logits_BC, shares_BS = reading.logits_BC.clone(), reading.shares_BS.clone()
        begun: list[tuple[Turn, Excerpts, int]] = []
        for rows, places in self._by_size(turns, reading.shares_BS).values():
            excerpts = Excerpts(self._speaker, self._memory, rows)
            second = excerpts.read([turns[place].prompt_ids for place in places])
            assert second.shares_BS is not None, "an excerpt is looked at"
            for index, place in enumerate(places):
                logits_BC[place] = voted(reading.logits_BC[place], second.logits_BC[index], self._config.weight)
                shares_BS[place] = second.shares_BS[index]
                begun.append((turns[place], excerpts, index))
        for turn, excerpts, index in begun:  # when nothing can go wrong any more
            self._tails.add(turn, excerpts.tail_of(index, len(turn.prompt_ids)))
        return Reading(logits_BC.argmax(dim=-1).tolist(), logits_BC, shares_BS)

    def read(self, turns: Sequence[Turn], reading: Reading) -> Reading:
        """Read a token of each answer, as `reading` has of the whole memory; `end_step` keeps it."""
        if not len(self._tails):
            return reading
        positions = self._tails.begin_step()
        owners = self._tails.owners
        ids = torch.tensor([turn.unread for turn in owners], device=self._speaker.device)
        second = self._speaker.read(ids, self._tails, position_ids=positions)
        logits_BC = reading.logits_BC.clone()
        for index, turn in enumerate(owners):
            place = turns.index(turn)
            logits_BC[place] = voted(reading.logits_BC[place], second.logits_BC[index], self._config.weight)
        return reading._replace(likeliest=logits_BC.argmax(dim=-1).tolist(), logits_BC=logits_BC)

    def end_step(self) -> None:
        """What `read` has read belongs to the answers from now on."""
        if len(self._tails):
            self._tails.end_step()

    def remove(self, turn: Turn) -> None:
        """Let a question's excerpt go, if it has one."""
        if turn in self._tails.owners:
            self._tails.remove(turn)

    def _by_size(
        self, turns: Mapping[int, Turn], shares_BS: torch.Tensor
    ) -> dict[int, tuple[list[list[int]], list[int]]]:
        """Rows of the excerpts, and places of their questions, by the number of rows: so many are read side by side."""
        found: dict[int, tuple[list[list[int]], list[int]]] = defaultdict(lambda: ([], []))
        for place, turn in turns.items():
            if len(turn.prompt_ids) <= MOST_PROMPT_TOKENS:
                rows = chosen_rows(self._memory, shares_BS[place], self._config.intervals)
                found[len(rows)][0].append(rows)
                found[len(rows)][1].append(place)
        return found
