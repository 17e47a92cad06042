"""The word gate: a visual token may say that something named is there only if it points to a word.

Visual tokens of a model that knows a fixed list of words keep one direction, the axis, free of them: how far a token
lies along it says how surely something named is shown. On footage that nobody has trained on, single tokens lie far
along it by mistake, about once in a thousand frames, and an hour has thousands of frames. They point to no word,
though: the largest cosine with a word is 0.27 at most on 3,456 plain frames of validation footage and 0.46 at least on
176 frames that show a word (docs/log.md). So what a token claims is taken back where it points nowhere; all else of it
stays.

F frames, M visual tokens per frame, D hidden width, C words.
"""

import torch
from torch import nn
from torch.nn.functional import normalize


class WordGate(nn.Module):
    """Lowers the part along the axis of tokens whose cosine with every word is below `cosine`."""

    def __init__(self, num_words: int, width: int, *, cosine: float, softness: float, floor: float) -> None:
        """Without words yet; `floor` is where plain film lies on the axis, `softness` the width of the threshold."""
        super().__init__()
        self.words_CD = nn.Parameter(torch.zeros(num_words, width))
        self.axis_D = nn.Parameter(torch.zeros(width))
        self.cosine, self.softness, self.floor = cosine, softness, floor

    def forward(self, tokens_FMD: torch.Tensor) -> torch.Tensor:
        """The tokens (F, M, D), moved along the axis alone, and only downward."""
        claim_FM1 = (tokens_FMD @ self.axis_D).unsqueeze(-1)
        beside_FMD = tokens_FMD - claim_FM1 * self.axis_D
        cosine_FM1 = (normalize(beside_FMD, dim=-1) @ normalize(self.words_CD, dim=-1).T).amax(-1, keepdim=True)
        trust_FM1 = torch.sigmoid((cosine_FM1 - self.cosine) / self.softness)
        allowed_FM1 = trust_FM1 * claim_FM1 + (1 - trust_FM1) * claim_FM1.clamp(max=self.floor)
        return beside_FMD + allowed_FM1 * self.axis_D
