"""Words of pictures: where in the space of visual tokens a name lies, and the axis that no word uses.

Every name has one word, and one direction that no word uses, the axis, says whether anything named is shown at all. A
frame that shows something named lies on the positive side of the axis, and for the rest its tokens point to the name's
word; its score for a name is the log-sum-exp, over the frame's visual tokens, of the cosine of token and word. The
words then become rows of the decoder's embedding table, so that from its first step on the decoder can match a word in
a question with a token in a film, and sees by one direction where there is something to match at all. Without the axis
a decoder learns what plain film looks like from the footage it is trained on, and takes any other for a picture
(docs/log.md).

The cosines are multiplied by a fixed, low sharpness: where a token may score high by being large, or by what all tokens
have in common, it hardly points to its word, and a decoder that normalises it finds nothing there (docs/log.md).

F frames, M visual tokens per frame, D hidden width, C names.
"""

import torch
from torch import nn


class NameScores(nn.Module):
    """Words of C names and the axis they leave free; what both say of frames given as visual tokens."""

    def __init__(self, num_names: int, width: int, *, sharpness: float, generator: torch.Generator) -> None:
        super().__init__()
        self.free_CD = nn.Parameter(torch.randn(num_names, width, generator=generator))
        axis = torch.randn(width, generator=generator)
        self.axis_D = nn.Buffer(axis / axis.norm())
        self.sharpness = sharpness

    @property
    def words_CD(self) -> torch.Tensor:
        """The words, none of which has a part along the axis."""
        return self.beside_axis(self.free_CD)

    def forward(self, tokens_FMD: torch.Tensor) -> torch.Tensor:
        """Scores of the names (F, C)."""
        tokens = unit_rms(self.beside_axis(tokens_FMD))
        cosine_FMC = tokens @ unit_rms(self.words_CD).T / tokens_FMD.shape[-1]
        return (self.sharpness * cosine_FMC).logsumexp(dim=1)

    def presence(self, tokens_FMD: torch.Tensor) -> torch.Tensor:
        """Where each token (F, M) lies on the axis."""
        return tokens_FMD @ self.axis_D

    def beside_axis(self, rows_D: torch.Tensor) -> torch.Tensor:
        """Rows without their part along the axis."""
        return rows_D - (rows_D @ self.axis_D).unsqueeze(-1) * self.axis_D


def unit_rms(rows: torch.Tensor) -> torch.Tensor:
    """Rows scaled to root mean square 1."""
    return rows * rows.square().mean(-1, keepdim=True).clamp_min(1e-12).rsqrt()
