"""Keys and values that belong together, of one layer (B, K, N, E) or of all layers (L, B, K, N, E)."""

from typing import NamedTuple

import torch


class KeyValues(NamedTuple):
    """Two tensors of one shape; whether the keys are rotated is said by whoever makes them."""

    keys: torch.Tensor
    values: torch.Tensor
