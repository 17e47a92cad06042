"""All turns of a batch of films in one forward pass: blocks that cannot see one another, on one memory each.

Every block starts again at the position behind the memory and sees itself causally, so a packed turn gives what it
would give alone (tests/training). Only words of answers, and the end behind them, are learned.

B batch, T tokens.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np
import torch

from videoxl.model.modeling_videoxl import IGNORED_LABEL
from videoxl.model.processing_videoxl import VideoXLProcessor
from videoxl.training.films.talk import NOT_SHOWN, Turn

REQUEST_SHARE = 0.4  # of the questions that want the inventory: which they are is soon learned


@dataclass(frozen=True, slots=True)
class Block:
    """One conversation in tokens; for each position, what it predicts and which showing that rests on."""

    ids: tuple[int, ...]
    labels: tuple[int, ...]
    rests_on: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PackedTurns:
    """Tensors of a batch: `labels` are at the position that predicts them, -100 where nothing is learned."""

    input_ids_BT: torch.Tensor
    labels_BT: torch.Tensor
    rests_on_BT: torch.Tensor
    positions_BT: torch.Tensor
    """From the start of the block."""
    mask_B1TT: torch.Tensor

    def to(self, device: torch.device) -> "PackedTurns":
        """The same, on a device."""
        return PackedTurns(*(getattr(self, each.name).to(device) for each in fields(self)))


class TurnEncoder:
    """Turns to blocks, by the prompt that people's questions go through."""

    def __init__(self, processor: VideoXLProcessor) -> None:
        self.tokenizer = processor.tokenizer
        self.end = self.tokenizer.eos_token_id
        self.before = processor.before_video()
        self.first: Callable[[str], tuple[int, ...]] = lru_cache(maxsize=None)(lambda t: tuple(processor.question(t)))
        self.next: Callable[[str], tuple[int, ...]] = lru_cache(maxsize=None)(
            lambda text: tuple(processor.next_question(text))
        )

    def block(self, turns: Sequence[Turn]) -> Block:
        """One conversation of these turns."""
        ids: list[int] = []
        labels: list[int] = []
        rests_on: list[int] = []
        for turn in turns:
            prompt = self.next(turn.question) if ids else self.first(turn.question)
            answer = self.tokenizer.convert_tokens_to_ids(list(turn.answer))
            if ids:
                assert prompt[0] == self.end, "an answer ends before the next question begins"
            before = [*self.tokenizer.convert_tokens_to_ids(list(turn.inventory)), *prompt]
            ids += [*before, *answer]
            labels += [IGNORED_LABEL] * (len(before) - 1) + [*answer, self.end]
            last = turn.rests_on[0] if len(turn.rests_on) == 1 else NOT_SHOWN
            rests_on += [NOT_SHOWN] * (len(before) - 1) + [*turn.rests_on, last]
        return Block(tuple(ids), tuple(labels), tuple(rests_on))

    def blocks(self, turns: Sequence[Turn], generator: np.random.Generator, *, second_turn_share: float) -> list[Block]:
        """Turns as conversations of one turn, or now and then of two; behind them, requests for the inventory."""
        left, found = list(turns), []
        while left:
            size = 2 if len(left) > 1 and generator.random() < second_turn_share else 1
            found.append(self.block(left[:size]))
            left = left[size:]
        return found + [self._request(turn) for turn in turns if turn.request and generator.random() < REQUEST_SHARE]

    def _request(self, turn: Turn) -> Block:
        """The question by itself, to which the model says what it wants of the inventory."""
        prompt = self.first(turn.question)
        request = self.tokenizer.convert_tokens_to_ids(list(turn.request))
        ids = (*prompt, *request)
        ignored = (len(prompt) - 1) * (IGNORED_LABEL,)
        return Block(ids, (*ignored, *request, self.end), (NOT_SHOWN,) * len(ids))


def pack(films: Sequence[Sequence[Block]], *, pad_id: int) -> PackedTurns:
    """Blocks of each film in a row, padded to the longest row."""
    length = max(sum(len(block.ids) for block in blocks) for blocks in films)
    shape = (len(films), length)
    ids, labels = np.full(shape, pad_id), np.full(shape, IGNORED_LABEL)
    rests_on, positions = np.full(shape, NOT_SHOWN), np.zeros(shape, dtype=int)
    owner = np.tile(-1 - np.arange(length), (len(films), 1))  # padding: every token a block of its own
    for row, blocks in enumerate(films):
        start = 0
        for number, block in enumerate(blocks):
            stop = start + len(block.ids)
            ids[row, start:stop], labels[row, start:stop] = block.ids, block.labels
            rests_on[row, start:stop], positions[row, start:stop] = block.rests_on, np.arange(len(block.ids))
            owner[row, start:stop] = number
            start = stop
    causal = np.tri(length, dtype=bool)
    mask = (owner[:, :, None] == owner[:, None, :]) & causal
    return PackedTurns(*(torch.from_numpy(part) for part in (ids, labels, rests_on, positions, mask[:, None])))
