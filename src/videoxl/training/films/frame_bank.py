"""Frames that training films are made of: visual tokens by what they show, cut off before the decoder.

A frozen projector gives a frame the same tokens every time, so they are made once and a film is an index into them.

Footage may also be known to show ordinary things (`sights`): what the tower's own classifier is sure of.

F frames, R frames of the bank, M visual tokens per frame, D hidden width, C names (label C means nothing named), P
sights that a frame possibly shows.
"""

from collections.abc import Sequence

import numpy as np
import torch

from videoxl.errors import UsageError


class FrameBank:
    """Visual tokens of single frames: of every name, of film without any, and of pictures that have no name here."""

    def __init__(
        self,
        tokens_RMD: torch.Tensor,
        labels_R: np.ndarray,
        *,
        names: Sequence[str],
        is_distractor_R: np.ndarray,
        sights: Sequence[str] = (),
        sight_R: np.ndarray | None = None,
        possible_RP: np.ndarray | None = None,
        told_R: np.ndarray | None = None,
        is_vague_R: np.ndarray | None = None,
    ) -> None:
        """Frames R in any order.

        Args:
            is_distractor_R: pictures that are shown like a named one and have no name.
            sights: words of ordinary things; `sight_R` is the one that a frame clearly shows, -1 where none,
                `possible_RP` those that it may show, -1 where fewer, `told_R` the one whose word is in its tokens, -1
                where none, and `is_vague_R` whether words are in them that are not quite said.
        """
        labels = np.asarray(labels_R)
        self.tokens_RMD, self.names, self.sights = tokens_RMD, tuple(names), tuple(sights)
        self.sight_R = np.full(len(labels), -1) if sight_R is None else sight_R
        self.possible_RP = self.sight_R[:, None] if possible_RP is None else possible_RP
        self.told_R = self.sight_R if told_R is None else told_R
        self.is_vague_R = np.zeros(len(labels), dtype=bool) if is_vague_R is None else is_vague_R
        self.named = [np.flatnonzero(labels == name) for name in range(len(self.names))]
        self.background = np.flatnonzero((labels == len(self.names)) & ~is_distractor_R)
        self.distractors = np.flatnonzero(is_distractor_R)
        missing = [name for name, rows in zip(self.names, self.named, strict=True) if not len(rows)]
        if missing or not len(self.background):
            raise UsageError(
                f"no frame shows {', '.join(missing) or 'plain film'}; expected some of every name and some of none. "
                "Render more frames, or leave these names out."
            )

    def draw_named(self, name: int, generator: np.random.Generator) -> int:
        """A frame that shows a name."""
        return int(generator.choice(self.named[name]))

    def draw_background(self, generator: np.random.Generator, size: int) -> np.ndarray:
        """Frames that show nothing named."""
        return generator.choice(self.background, size=size)

    def draw_distractor(self, generator: np.random.Generator) -> int:
        """A frame that shows a picture without a name (plain film where there is none)."""
        return int(generator.choice(self.distractors if len(self.distractors) else self.background))

    def tokens(self, frames_BF: np.ndarray, behind_BF: np.ndarray, faintness_BF: np.ndarray) -> torch.Tensor:
        """Visual tokens (B, F, M, D) of frames, others faintly behind them."""
        front, behind = (self.tokens_RMD[torch.from_numpy(index)] for index in (frames_BF, behind_BF))
        return torch.lerp(front, behind, torch.from_numpy(faintness_BF).to(front.dtype)[:, :, None, None])
