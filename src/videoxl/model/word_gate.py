"""The word gate: a visual token may say that something named is there only if it points to one word, and to no other.

Visual tokens of a model that knows a fixed list of words keep one direction, the axis, free of them: how far a token
lies along it says how surely something named is shown. On footage that nobody has trained on, single tokens lie far
along it by mistake, about once in a thousand frames, and an hour has thousands of frames. Most of them point to no
word, the others halfway between several (docs/log.md). So what a token claims is taken back unless its cosine with a
word is large, and larger than with the next word; the more it leads, the smaller it may be. All else of it stays.

F frames, M visual tokens per frame, D hidden width, C words.
"""

import torch
from torch import nn
from torch.nn.functional import normalize


class WordGate(nn.Module):
    """Lowers the part along the axis of tokens that do not point to one word."""

    def __init__(
        self,
        num_words: int,
        width: int,
        *,
        cosine: float,
        lead: float,
        lead_weight: float,
        softness: float,
        floor: float,
    ) -> None:
        """Without words yet.

        Args:
            cosine: What the best cosine, and `lead_weight` times its lead over the next, have to be together.
            lead: What the lead has to be in any case.
            softness: Width of both thresholds.
            floor: Where plain film lies on the axis.
        """
        super().__init__()
        self.words_CD = nn.Parameter(torch.zeros(num_words, width))
        self.axis_D = nn.Parameter(torch.zeros(width))
        self.cosine, self.lead, self.lead_weight = cosine, lead, lead_weight
        self.softness, self.floor = softness, floor

    def forward(self, tokens_FMD: torch.Tensor) -> torch.Tensor:
        """The tokens (F, M, D), moved along the axis alone, and only downward."""
        claim_FM1 = (tokens_FMD @ self.axis_D).unsqueeze(-1)
        beside_FMD = tokens_FMD - claim_FM1 * self.axis_D
        cosine_FMC = normalize(beside_FMD, dim=-1) @ normalize(self.words_CD, dim=-1).T
        best_FM1, next_FM1 = cosine_FMC.topk(2).values.split(1, dim=-1)
        lead_FM1 = best_FM1 - next_FM1
        spare_FM1 = torch.minimum(best_FM1 + self.lead_weight * lead_FM1 - self.cosine, lead_FM1 - self.lead)
        trust_FM1 = torch.sigmoid(spare_FM1 / self.softness)
        allowed_FM1 = trust_FM1 * claim_FM1 + (1 - trust_FM1) * claim_FM1.clamp(max=self.floor)
        return beside_FMD + allowed_FM1 * self.axis_D
