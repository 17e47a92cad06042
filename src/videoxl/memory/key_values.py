"""Keys and values that belong together, of one layer (B, K, N, E) or of all layers (L, B, K, N, E)."""

from dataclasses import dataclass
from typing import NamedTuple

import torch


class KeyValues(NamedTuple):
    """Two tensors of one shape; whether the keys are rotated is said by whoever makes them."""

    keys: torch.Tensor
    values: torch.Tensor


@dataclass(frozen=True, slots=True)
class Pieces:
    """Rows of one layer in the pieces (B, K, N, E) in which they came, with their gradients."""

    parts: tuple[KeyValues, ...]

    @property
    def num_rows(self) -> int:
        return sum(part.keys.shape[2] for part in self.parts)

    def joined(self) -> KeyValues | None:
        """All of them in a row, (B, K, S, E); None where there are none."""
        if len(self.parts) < 2:
            return self.parts[0] if self.parts else None
        return KeyValues(*(torch.cat(tensors, dim=2) for tensors in zip(*self.parts, strict=True)))


@dataclass(frozen=True, slots=True)
class PaddedTails:
    """Tails of a batch of questions, in groups of about one length; the batch's order is that of the groups."""

    groups: tuple[KeyValues, ...]
    """Rows (b, K, N, E) of each group, padded to its longest tail."""
    masks: tuple[torch.Tensor, ...]
    """Boolean (b, 1, T, N) of each group: what a query may read of its own tail."""
