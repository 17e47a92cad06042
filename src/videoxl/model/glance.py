"""Where one token of each question looks in the memory: what evidence is made of.

B batch, H query heads, T tokens of a step, S memory rows, E head width.
"""

from collections.abc import Collection

import torch

from videoxl.memory.key_values import KeyValues
from videoxl.model.attention import memory_shares


class Glance:
    """Shares of attention on each memory row, added up over some of the layers while a step passes through them."""

    def __init__(self, layers: Collection[int], *, tokens_B: torch.Tensor) -> None:
        """`tokens_B` says which token of the step is looked at, for each question."""
        self.layers = frozenset(layers)
        self._tokens_B = tokens_B
        self._sum_BS: torch.Tensor | None = None

    @property
    def shares_BS(self) -> torch.Tensor | None:
        """Mean share (B, S) over the layers; None where there is no memory to look at."""
        return None if self._sum_BS is None else self._sum_BS / len(self.layers)

    def add(
        self, query_BHTE: torch.Tensor, log_sum_BHT: torch.Tensor, memory: KeyValues | None, *, scaling: float
    ) -> None:
        """Look at one layer's attention; `log_sum_BHT` is of the softmax over memory and step."""
        if memory is None:
            return
        questions = torch.arange(len(query_BHTE), device=query_BHTE.device)
        query_BHE, log_sum_BH = query_BHTE[questions, :, self._tokens_B], log_sum_BHT[questions, :, self._tokens_B]
        shares_BS = memory_shares(query_BHE, log_sum_BH, memory, scaling=scaling)
        self._sum_BS = shares_BS if self._sum_BS is None else self._sum_BS.add_(shares_BS)
