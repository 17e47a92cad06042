"""A second reading of a long memory: the intervals that a question looks at most, and nothing else.

In hundreds of intervals the few that matter are diluted, and which of them comes last is hard to tell from far away.
Rows have no position until they are read, so the intervals that the question's first look singles out, in their order,
are a short memory of its own. Both readings vote on every token, by the mean of their log-probabilities: the excerpt
knows better what there is, the whole knows better whether there is anything (docs/log.md, eighth try).

L layers, B questions, K key/value heads, S memory rows, N rows of an excerpt, E head width, T tokens, C vocabulary.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from videoxl.engine.evidence import interval_scores
from videoxl.engine.speaker import Reading, Speaker
from videoxl.memory.cache import TailLayer
from videoxl.memory.key_values import KeyValues
from videoxl.memory.memory import CompressedMemory


@dataclass(frozen=True, slots=True)
class ExcerptConfig:
    """How many intervals a question reads a second time, and how much that reading counts."""

    intervals: int
    """A memory of no more than these is read once."""
    weight: float
    """Of the excerpt's log-probabilities beside those of the whole memory; 0 to 1."""


def excerpt_config(speaker: Speaker, memory: CompressedMemory) -> ExcerptConfig | None:
    """How questions on a memory read it a second time; None where it is short, or the model reads all of it once."""
    wanted = speaker.model.config.excerpt
    config = None if wanted is None else ExcerptConfig(**wanted)
    return None if config is None or len(memory.intervals) <= config.intervals else config


def chosen_rows(memory: CompressedMemory, shares_S: torch.Tensor, num_intervals: int) -> list[int]:
    """The rows of the intervals on which most of `shares_S` falls, and of all text before and between them."""
    looked_at = torch.tensor(interval_scores(memory, shares_S.cpu(), torch.zeros(memory.num_rows)))
    best = set(looked_at.topk(num_intervals).indices.tolist())
    rows: list[int] = []
    interval = 0
    for number, segment in enumerate(memory.segments):
        if segment.kind != "interval" or interval in best:
            rows += memory.row_range(number)
        interval += segment.kind == "interval"
    return rows


class Excerpts:
    """The excerpts of some questions, of as many rows each, as the past of a step that reads all their prompts."""

    def __init__(self, speaker: Speaker, memory: CompressedMemory, rows_BN: Sequence[Sequence[int]]) -> None:
        self._speaker, self._memory = speaker, memory
        self._rows_BN = torch.tensor(rows_BN, device=memory.keys.device)
        keys, values = (part[:, :, self._rows_BN].transpose(1, 2) for part in (memory.keys, memory.values))
        positions = torch.arange(self.num_rows, device=keys.device)
        self._rows_LBKNE = KeyValues(speaker.model.decoder.rotate(keys, positions), values)
        self._layers = [TailLayer(KeyValues(*parts)) for parts in zip(*self._rows_LBKNE, strict=True)]

    def read(self, prompts: Sequence[Sequence[int]]) -> Reading:
        """Read the prompts side by side, padded at the end; the looks are told by the rows of the whole memory."""
        longest = max(map(len, prompts))
        ids_BT = torch.tensor([[*ids, *[0] * (longest - len(ids))] for ids in prompts], device=self._speaker.device)
        last_B = torch.tensor([len(ids) - 1 for ids in prompts], device=ids_BT.device)
        reading = self._speaker.read(ids_BT, self, last_B=last_B)
        assert reading.shares_BS is not None, "an excerpt has rows"
        shares_BS = reading.shares_BS.new_zeros(len(prompts), self._memory.num_rows)
        return reading._replace(shares_BS=shares_BS.scatter_(1, self._rows_BN, reading.shares_BS))

    def tail_of(self, question: int, num_tokens: int) -> KeyValues:
        """All rows (L, K, N + T, E) of a question, as one tail on no memory: its excerpt's, and its first tokens'."""
        tails = [layer.tail for layer in self._layers]
        parts = ([tail[which][question, :, :num_tokens] for tail in tails if tail is not None] for which in (0, 1))
        pairs = zip(self._rows_LBKNE, map(torch.stack, parts), strict=True)
        return KeyValues(*(torch.cat([rows[:, question], tail], dim=2) for rows, tail in pairs))

    # What a step of the decoder asks of its past.

    @property
    def num_rows(self) -> int:
        return self._rows_BN.shape[1]

    @property
    def num_tail(self) -> int:
        return self._layers[0].num_tail

    def memory_of(self, layer: int) -> KeyValues | None:
        return self._layers[layer].memory

    def extend_tail(self, layer: int, own: KeyValues) -> KeyValues:
        return self._layers[layer].extend(own)


def voted(whole_C: torch.Tensor, excerpt_C: torch.Tensor, weight: float) -> torch.Tensor:
    """The mean of both readings' log-probabilities (C,), of which the excerpt's count `weight`."""
    whole_C, excerpt_C = (logits.float().log_softmax(dim=-1) for logits in (whole_C, excerpt_C))
    return torch.lerp(whole_C, excerpt_C, weight)
