"""The word focus: what the tower's classifier sees in a frame, said to the decoder in words.

A tower that was published with a classifier knows ordinary things. Taught by it, a tagger writes them into the mean of
a frame's visual tokens, but faintly, and on footage that it was not taught on it is right too seldom (docs/log.md). So
where the classifier itself is sure enough of a thing, the thing's word is added to every token of the frame, at the
size that words have in the decoder's embedding table. Beside it a mark is added, one direction for all things: in a
long memory the few rows that say something are found by it, as those with a picture are by the axis.

F frames, M visual tokens per frame, D hidden width, I classes of the classifier.
"""

import torch
from torch import nn


class WordFocus(nn.Module):
    """Adds to the tokens of a frame the words of those classes to which the classifier gives enough."""

    def __init__(
        self, num_words: int, width: int, *, unsure: float, sure: float, size: float, mark_size: float
    ) -> None:
        """Without words yet: a class without a word keeps zeros.

        Args:
            unsure: Up to this probability a word is not said.
            sure: From this one on it is said wholly; in between in part.
            size: What a word is multiplied with.
            mark_size: How far a frame that says a word is moved along the mark.
        """
        super().__init__()
        self.words_ID = nn.Parameter(torch.zeros(num_words, width))
        self.mark_D = nn.Parameter(torch.zeros(width))
        self.unsure, self.sure, self.size, self.mark_size = unsure, sure, size, mark_size

    def forward(self, tokens_FMD: torch.Tensor, seen_FI: torch.Tensor) -> torch.Tensor:
        """The tokens (F, M, D), all tokens of a frame moved alike; `seen_FI` are probabilities."""
        said_FI = ((seen_FI - self.unsure) / (self.sure - self.unsure)).clamp(0, 1).to(tokens_FMD.dtype)
        most_F1 = (said_FI * self.words_ID.any(1)).amax(1, keepdim=True)
        return tokens_FMD + (self.size * said_FI @ self.words_ID + self.mark_size * most_F1 * self.mark_D)[:, None]
