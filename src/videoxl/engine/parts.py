"""Parts of a memory, read side by side: each is a short memory of its own, and one prompt is behind each.

Rows have no position until they are read, so any of them, in their order, are a memory.

L layers, B parts, K key/value heads, S memory rows, N rows of a part, E head width, T tokens.
"""

from collections.abc import Sequence

import torch

from videoxl.engine.speaker import Reading, Speaker
from videoxl.memory.cache import TailLayer
from videoxl.memory.key_values import KeyValues
from videoxl.memory.memory import CompressedMemory


class Parts:
    """Parts of as many rows each, as the past of a step that reads a prompt behind every one of them."""

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
        assert reading.shares_BS is not None, "a part has rows"
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
