"""The word gate: a visual token may say that something named is there only if it points to one word, and to no other.

Visual tokens of a model that knows a fixed list of words keep one direction, the axis, free of them: how far a token
lies along it says how surely something named is shown. On footage that nobody has trained on, single tokens lie far
along it by mistake, about once in a thousand frames, and an hour has thousands of frames. Most of them point to no
word, the others halfway between several (docs/log.md). So what a token claims is taken back unless its cosine with a
word is large, and larger than with the next word; all else of it stays.

F frames, M visual tokens per frame, D hidden width, C words.
"""

import torch
from torch import nn
from torch.nn.functional import normalize


class WordGate(nn.Module):
    """Lowers the part along the axis of tokens whose best cosine is below `cosine`, or leads by less than `lead`."""

    def __init__(
        self, num_words: int, width: int, *, cosine: float, lead: float, softness: float, floor: float
    ) -> None:
        """Without words yet; `floor` is where plain film lies on the axis, `softness` the width of the thresholds."""
        super().__init__()
        self.words_CD = nn.Parameter(torch.zeros(num_words, width))
        self.axis_D = nn.Parameter(torch.zeros(width))
        self.cosine, self.lead, self.softness, self.floor = cosine, lead, softness, floor

    def forward(self, tokens_FMD: torch.Tensor) -> torch.Tensor:
        """The tokens (F, M, D), moved along the axis alone, and only downward."""
        claim_FM1 = (tokens_FMD @ self.axis_D).unsqueeze(-1)
        beside_FMD = tokens_FMD - claim_FM1 * self.axis_D
        cosine_FMC = normalize(beside_FMD, dim=-1) @ normalize(self.words_CD, dim=-1).T
        best_FM1, next_FM1 = cosine_FMC.topk(2).values.split(1, dim=-1)
        spare_FM1 = torch.minimum(best_FM1 - self.cosine, best_FM1 - next_FM1 - self.lead)
        trust_FM1 = torch.sigmoid(spare_FM1 / self.softness)
        allowed_FM1 = trust_FM1 * claim_FM1 + (1 - trust_FM1) * claim_FM1.clamp(max=self.floor)
        return beside_FMD + allowed_FM1 * self.axis_D
