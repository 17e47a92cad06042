"""A second reading of a long memory: the intervals that a question looks at most, and nothing else.

In hundreds of intervals the few that matter are diluted, and which of them comes last is hard to tell from far away.
Rows have no position until they are read, so the intervals that the question's first look singles out, in their order,
are a short memory of its own. Both readings vote on the answer's first token, by the mean of their log-probabilities:
the excerpt knows better what there is, the whole knows better whether there is anything (docs/log.md, eighth try).

L layers, B questions, K key/value heads, S memory rows, I segments, N rows of an excerpt, E head width, T tokens.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from videoxl.engine.evidence import segment_shares
from videoxl.engine.speaker import Reading, Speaker
from videoxl.memory.cache import TailLayer
from videoxl.memory.key_values import KeyValues
from videoxl.memory.memory import CompressedMemory

MOST_PROMPT_TOKENS = 2048  # a longer prompt is read once: it would keep the others of a batch waiting


@dataclass(frozen=True, slots=True)
class ExcerptConfig:
    """How many intervals a question reads a second time, and how much that reading counts."""

    intervals: int
    """A memory of no more than these is read once."""
    weight: float
    """Of the excerpt's log-probabilities beside those of the whole memory; 0 to 1."""


def read_again(
    speaker: Speaker, memory: CompressedMemory, prompts: Mapping[int, Sequence[int]], reading: Reading
) -> Reading:
    """Let questions read their excerpts, and put both readings together.

    A memory that is short, or of a model that reads all of it once, is not read again.

    Args:
        prompts: By its place in `reading`, all that a question has read behind the memory.
        reading: What came of that behind the whole memory.
    """
    wanted = speaker.model.config.excerpt
    if wanted is None or reading.shares_BS is None:
        return reading
    config = ExcerptConfig(**wanted)
    places = [place for place, ids in prompts.items() if len(ids) <= MOST_PROMPT_TOKENS]
    if not places or len(memory.intervals) <= config.intervals:
        return reading
    is_chosen_BS = chosen_rows(memory, reading.shares_BS[places], config.intervals)
    logits_BC, shares_BS = reading.logits_BC.clone(), reading.shares_BS.clone()
    sizes_B = is_chosen_BS.sum(dim=1)
    for size in sizes_B.unique().tolist():  # intervals may differ in size
        of_size = (sizes_B == size).nonzero().flatten().tolist()
        excerpts = Excerpts(speaker, memory, is_chosen_BS[of_size].nonzero()[:, 1].view(-1, size))
        here = [places[index] for index in of_size]
        second = excerpts.read([prompts[place] for place in here])
        logits_BC[here] = voted(logits_BC[here], second.logits_BC, config.weight)
        assert second.shares_BS is not None, "an excerpt is looked at"
        shares_BS[here] = second.shares_BS
    return Reading(logits_BC.argmax(dim=-1).tolist(), logits_BC, shares_BS)


def chosen_rows(memory: CompressedMemory, shares_BS: torch.Tensor, num_intervals: int) -> torch.Tensor:
    """Which rows (B, S) are of the intervals that get most of the shares, or of text before and between them."""
    segments, device = memory.segments, shares_BS.device
    is_text_I = torch.tensor([segment.kind != "interval" for segment in segments], device=device)
    looked_at_BI = segment_shares(memory, shares_BS).masked_fill(is_text_I, -1.0)
    best = looked_at_BI.topk(num_intervals).indices
    is_chosen_BI = is_text_I.expand(len(shares_BS), -1).scatter(1, best, True)
    sizes_I = torch.tensor([segment.num_rows for segment in segments], device=device)
    return is_chosen_BI.repeat_interleave(sizes_I, dim=1)


def voted(whole_BC: torch.Tensor, excerpt_BC: torch.Tensor, weight: float) -> torch.Tensor:
    """The mean of both readings' log-probabilities (B, C), of which the excerpt's count `weight`."""
    whole_BC, own_BC = (logits.float().log_softmax(dim=-1) for logits in (whole_BC, excerpt_BC))
    return torch.lerp(whole_BC, own_BC, weight)


class Excerpts:
    """The excerpts of some questions, of as many rows each, as the past of a step that reads all their prompts."""

    def __init__(self, speaker: Speaker, memory: CompressedMemory, rows_BN: torch.Tensor) -> None:
        self._speaker, self._memory, self._rows_BN = speaker, memory, rows_BN
        keys, values = (part[:, :, rows_BN].transpose(1, 2) for part in (memory.keys, memory.values))
        keys = speaker.model.decoder.rotate(keys, torch.arange(self.num_rows, device=keys.device))
        self._layers = [TailLayer(KeyValues(*parts)) for parts in zip(keys, values, strict=True)]

    def read(self, prompts: Sequence[Sequence[int]]) -> Reading:
        """Read the prompts side by side, padded at the end; the looks are told by the rows of the whole memory."""
        longest = max(map(len, prompts))
        ids_BT = torch.tensor([[*ids, *[0] * (longest - len(ids))] for ids in prompts], device=self._speaker.device)
        last_B = torch.tensor([len(ids) - 1 for ids in prompts], device=ids_BT.device)
        reading = self._speaker.read(ids_BT, self, last_B=last_B)
        assert reading.shares_BS is not None, "an excerpt has rows"
        shares_BS = reading.shares_BS.new_zeros(len(prompts), self._memory.num_rows)
        return reading._replace(shares_BS=shares_BS.scatter(1, self._rows_BN, reading.shares_BS))

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
