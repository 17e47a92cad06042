"""From the tower's patches to the decoder's visual tokens: Linear, GELU, pool, Linear.

The released code pools after the second Linear. A mean commutes with a linear map, so pooling before it gives the same
tokens for a quarter of the work (not before the GELU, which is no linear map).

F frames, N patches (row-major on a grid), M visual tokens per frame, D hidden width, I classes of the tower's
classifier.
"""

import torch
from torch import nn
from torch.nn.functional import avg_pool2d

from videoxl.model.configuration_videoxl import VideoXLConfig
from videoxl.model.word_focus import WordFocus
from videoxl.model.word_gate import WordGate


class Projector(nn.Module):
    """`mlp2x_gelu` with square average pooling of the patch grid; an odd edge of the grid is dropped."""

    def __init__(self, config: VideoXLConfig) -> None:
        super().__init__()
        width = config.text_config.hidden_size
        hidden = config.projector_hidden_size or width
        self.linear_1 = nn.Linear(config.vision_config.hidden_size, hidden)
        self.act = nn.GELU()
        self.linear_2 = nn.Linear(hidden, width)
        self.grid = config.patch_grid
        self.stride = config.spatial_pool_stride
        self.gate = WordGate(width=width, **config.word_gate) if config.word_gate else None
        self.focus = WordFocus(width=width, **config.word_focus) if config.word_focus else None

    def forward(
        self,
        features_FND: torch.Tensor,
        seen_FI: torch.Tensor | None = None,
        more_F: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Visual tokens (F, M, D).

        Args:
            seen_FI: What the tower's classifier sees, for models with a focus.
            more_F: What a second look has found, for models with a gate.
        """
        tokens_FMD = self.ungated(features_FND)
        if self.gate is not None:
            tokens_FMD = self.gate(tokens_FMD, more_F)
        return tokens_FMD if self.focus is None else self.focus(tokens_FMD, seen_FI)

    def ungated(self, features_FND: torch.Tensor) -> torch.Tensor:
        """What gate and focus get (F, M, D)."""
        return self.linear_2(self._pool(self.act(self.linear_1(features_FND))))

    def _pool(self, hidden_FND: torch.Tensor) -> torch.Tensor:
        if self.stride == 1:
            return hidden_FND
        grid_FDhw = hidden_FND.transpose(1, 2).unflatten(2, self.grid)
        return avg_pool2d(grid_FDhw, self.stride).flatten(2).transpose(1, 2)
