"""Keys and values of kept rows in two preallocated buffers that several memories may share.

A row, once written, is never written again: whoever wants other rows behind a shared beginning gets buffers of its own.

    L layers, K key/value heads, S row capacity, N rows of one append, E head width
"""

import threading

import torch
from torch import Tensor

GROWTH = 1.5  # amortised: each row is copied about twice in all, and at most a third of the buffers is unused


class RowBuffers:
    """Room for `capacity` rows, of which the first `num_written` belong to somebody."""

    def __init__(self, like_LKNE: Tensor, *, capacity: int, device: torch.device | None = None) -> None:
        layers, heads, _, width = like_LKNE.shape
        # A tensor made in inference mode could not be appended to outside it.
        with torch.inference_mode(False):
            shape = (layers, heads, capacity, width)
            self.keys_LKSE = torch.empty(shape, dtype=like_LKNE.dtype, device=device or like_LKNE.device)
            self.values_LKSE = torch.empty_like(self.keys_LKSE)
        self.num_written = 0
        self._lock = threading.Lock()

    @property
    def capacity(self) -> int:
        return self.keys_LKSE.shape[2]

    @property
    def row_bytes(self) -> int:
        """Bytes of one row, key and value, over all layers."""
        layers, heads, _, width = self.keys_LKSE.shape
        return 2 * layers * heads * width * self.keys_LKSE.element_size()

    def claim(self, start: int, num_rows: int) -> bool:
        """Take rows from `start` on for the caller alone; False where they are taken or beyond the end."""
        with self._lock:
            if start != self.num_written or start + num_rows > self.capacity:
                return False
            self.num_written = start + num_rows
            return True

    def write(self, start: int, keys_LKNE: Tensor, values_LKNE: Tensor) -> None:
        """Copy rows in; only into rows that the caller has claimed."""
        num_rows = keys_LKNE.shape[2]
        self.keys_LKSE.narrow(2, start, num_rows).copy_(keys_LKNE.detach())
        self.values_LKSE.narrow(2, start, num_rows).copy_(values_LKNE.detach())

    def copy(self, num_rows: int, *, capacity: int) -> "RowBuffers":
        """Buffers of `capacity` rows that begin with the first `num_rows` of these."""
        copied = RowBuffers(self.keys_LKSE, capacity=capacity)
        assert copied.claim(0, num_rows), f"{num_rows} rows do not fit into room for {capacity}"
        copied.write(0, self.keys_LKSE.narrow(2, 0, num_rows), self.values_LKSE.narrow(2, 0, num_rows))
        return copied
