"""Memory rows of other films' background: what makes a short film in training as long as one wants.

A long memory is hard because its background competes for attention. Rows that earlier batches made of plain film are
put between the intervals of this one, without gradient: hundreds of rows for no forward pass.

L layers, B batch, K key/value heads, N rows, E head width.
"""

import torch

from videoxl.memory.key_values import KeyValues


class ForeignRows:
    """The newest rows of plain film, un-rotated, up to a fixed number."""

    def __init__(self, capacity: int, *, device: torch.device | str = "cpu") -> None:
        self.capacity, self.device = capacity, device
        self._rows_LKNE: KeyValues | None = None

    def __len__(self) -> int:
        return 0 if self._rows_LKNE is None else self._rows_LKNE.keys.shape[2]

    def add(self, rows_LBKNE: KeyValues, is_plain_B: torch.Tensor) -> None:
        """Keep the rows of those films of the batch that show plain film here."""
        if not is_plain_B.any():
            return
        plain = is_plain_B.nonzero().flatten().to(self.device)
        new = [part.detach().index_select(1, plain).transpose(1, 2).flatten(2, 3) for part in rows_LBKNE]
        old = self._rows_LKNE
        joined = new if old is None else [torch.cat(pair, dim=2) for pair in zip(old, new, strict=True)]
        self._rows_LKNE = KeyValues(*(part[:, :, -self.capacity :] for part in joined))

    def draw(self, size: int, batch: int, generator: torch.Generator) -> KeyValues | None:
        """Rows (L, B, K, size, E), the same for the whole batch; None where there are none yet."""
        if self._rows_LKNE is None or size == 0:
            return None
        index = torch.randint(len(self), (size,), generator=generator).to(self.device)
        return KeyValues(*(part[:, None, :, index].expand(-1, batch, -1, -1, -1) for part in self._rows_LKNE))

    def state_dict(self) -> dict[str, torch.Tensor]:
        """The rows, for a checkpoint."""
        return {} if self._rows_LKNE is None else {"keys": self._rows_LKNE.keys, "values": self._rows_LKNE.values}

    def load_state_dict(self, state: dict[str, torch.Tensor]) -> None:
        """Rows of a checkpoint."""
        self._rows_LKNE = KeyValues(state["keys"].to(self.device), state["values"].to(self.device)) if state else None
