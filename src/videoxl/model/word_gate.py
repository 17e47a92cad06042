"""The word gate: a visual token may say that something named is there only if it points to one word, and to no other.

Visual tokens of a model that knows a fixed list of words keep one direction, the axis, free of them: how far a token
lies along it says how surely something named is shown. On footage that nobody has trained on, single tokens lie far
along it by mistake, about once in a thousand frames, and an hour has thousands of frames. Most of them point to no
word, the others halfway between several (docs/log.md). So what a token claims is taken back unless its cosine with a
word is large, and larger than with the next word; the more it leads, the smaller it may be. All else of it stays.
What a token has beyond that is what it spares; where that is near zero, the frame is looked at again (second_look.py).

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
        nearly: float,
        zoom: float,
    ) -> None:
        """Without words yet.

        Args:
            cosine: What the best cosine, and `lead_weight` times its lead over the next, have to be together.
            lead: What the lead has to be in any case.
            softness: Width of both thresholds.
            floor: Where plain film lies on the axis.
            nearly: A frame is looked at again if its best token spares more than minus this.
            zoom: Share of its sides that is seen then.
        """
        super().__init__()
        self.words_CD = nn.Parameter(torch.zeros(num_words, width))
        self.axis_D = nn.Parameter(torch.zeros(width))
        self.cosine, self.lead, self.lead_weight = cosine, lead, lead_weight
        self.softness, self.floor, self.nearly, self.zoom = softness, floor, nearly, zoom

    def forward(self, tokens_FMD: torch.Tensor, more_F: torch.Tensor | None = None) -> torch.Tensor:
        """The tokens (F, M, D), moved along the axis alone, and only downward.

        Args:
            more_F: What is added to what all tokens of a frame spare.
        """
        claim_FM1, beside_FMD, spare_FM1 = self._parts(tokens_FMD)
        if more_F is not None:
            spare_FM1 = spare_FM1 + more_F[:, None, None]
        trust_FM1 = torch.sigmoid(spare_FM1 / self.softness)
        allowed_FM1 = trust_FM1 * claim_FM1 + (1 - trust_FM1) * claim_FM1.clamp(max=self.floor)
        return beside_FMD + allowed_FM1 * self.axis_D

    def most_spared(self, tokens_FMD: torch.Tensor) -> torch.Tensor:
        """What the best token of each frame (F,) that claims anything spares; minus infinity where none does."""
        claim_FM1, _, spare_FM1 = self._parts(tokens_FMD)
        return spare_FM1.masked_fill(claim_FM1 <= 0, float("-inf")).amax(dim=(1, 2))

    def _parts(self, tokens_FMD: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Along the axis, beside it, and what is spared of the thresholds."""
        claim_FM1 = (tokens_FMD @ self.axis_D).unsqueeze(-1)
        beside_FMD = tokens_FMD - claim_FM1 * self.axis_D
        cosine_FMC = normalize(beside_FMD, dim=-1) @ normalize(self.words_CD, dim=-1).T
        best_FM1, next_FM1 = cosine_FMC.topk(2).values.split(1, dim=-1)
        lead_FM1 = best_FM1 - next_FM1
        spare_FM1 = torch.minimum(best_FM1 + self.lead_weight * lead_FM1 - self.cosine, lead_FM1 - self.lead)
        return claim_FM1, beside_FMD, spare_FM1
