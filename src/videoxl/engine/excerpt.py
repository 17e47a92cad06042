"""A second reading of a long memory: the intervals that a question looks at most, and nothing else.

In hundreds of intervals the few that matter are diluted, and which of them comes last is hard to tell from far away.
Rows have no position until they are read, so the intervals that the question's first look singles out, in their order,
are a short memory of its own. Both readings vote on every token, by the mean of their log-probabilities: the excerpt
knows better what there is, the whole knows better whether there is anything (docs/log.md, eighth try).

S memory rows, N rows of the excerpt, C vocabulary.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch

from videoxl.engine.evidence import interval_scores
from videoxl.engine.speaker import Speaker
from videoxl.memory.memory import CompressedMemory


@dataclass(frozen=True, slots=True)
class ExcerptConfig:
    """How many intervals a question reads a second time, and how much that reading counts."""

    intervals: int
    """A memory of no more than these is read once."""
    weight: float
    """Of the excerpt's log-probabilities beside those of the whole memory; 0 to 1."""


class Vote(NamedTuple):
    """What both readings together say of the next token."""

    likeliest: int
    logits_C: torch.Tensor
    shares_S: torch.Tensor
    """Where the excerpt's reading looked, on the rows of the whole memory."""


class Excerpt:
    """What one question reads of one memory, beside the whole."""

    def __init__(
        self, speaker: Speaker, memory: CompressedMemory, shares_S: torch.Tensor, config: ExcerptConfig
    ) -> None:
        """Choose the intervals on which most of `shares_S` falls, where the question looked in the whole memory."""
        self._speaker, self._weight, self._num_rows = speaker, config.weight, memory.num_rows
        memory_of_it, self._rows_N = _chosen(memory, shares_S, config.intervals)
        self._cache = speaker.model.cache(memory_of_it)

    @property
    def memory(self) -> CompressedMemory:
        """The chosen intervals, and all text that stands before or between them."""
        return self._cache.memory

    @property
    def nbytes(self) -> int:
        """Bytes of its rows, of their working form, and of what was read behind them."""
        return self.memory.nbytes + self._cache.nbytes + self._cache.tail_bytes

    def vote(self, token_ids: Sequence[int], logits_C: torch.Tensor) -> Vote:
        """Read tokens, and say what this makes of the next one; `logits_C` are the whole memory's."""
        reading = self._speaker.read(torch.tensor([token_ids], device=logits_C.device), self._cache)
        own_C, whole_C = (logits.float().log_softmax(dim=-1) for logits in (reading.logits_BC[0], logits_C))
        voted_C = torch.lerp(whole_C, own_C, self._weight)
        assert reading.shares_BS is not None, "an excerpt has rows"
        shares_S = reading.shares_BS.new_zeros(self._num_rows)
        shares_S[self._rows_N] = reading.shares_BS[0]
        return Vote(int(voted_C.argmax()), voted_C, shares_S)


def excerpt_of(speaker: Speaker, memory: CompressedMemory, shares_S: torch.Tensor | None) -> Excerpt | None:
    """The excerpt that a question reads; None where the model reads all of a memory, or this one is short."""
    wanted = speaker.model.config.excerpt
    if wanted is None or shares_S is None:
        return None
    config = ExcerptConfig(**wanted)
    return Excerpt(speaker, memory, shares_S, config) if len(memory.intervals) > config.intervals else None


def _chosen(memory: CompressedMemory, shares_S: torch.Tensor, size: int) -> tuple[CompressedMemory, torch.Tensor]:
    """A memory of the `size` intervals that are looked at most, and which rows (N,) of the whole it has."""
    looked_at = torch.tensor(interval_scores(memory, shares_S.cpu(), torch.zeros(memory.num_rows)))
    best = set(looked_at.topk(size).indices.tolist())
    excerpt, interval = CompressedMemory(memory.about), 0
    rows: list[int] = []
    for number, segment in enumerate(memory.segments):
        is_interval = segment.kind == "interval"
        if not is_interval or interval in best:
            of_segment = slice(memory.row_range(number).start, memory.row_range(number).stop)
            excerpt.append(segment, memory.keys[:, :, of_segment], memory.values[:, :, of_segment])
            rows += range(of_segment.start, of_segment.stop)
        interval += is_interval
    return excerpt, torch.tensor(rows, device=shares_S.device)
