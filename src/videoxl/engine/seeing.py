"""What the model makes of frames before anything is remembered: embeddings to plan by, visual tokens to condense.

Frames go through the tower in chunks that begin at multiples of `FRAMES_AT_ONCE`, however they came in: the same frames
give the very same numbers.

F frames, M visual tokens per frame, D width.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

from videoxl.model import VideoXLForConditionalGeneration, VideoXLProcessor
from videoxl.model.modeling_videoxl import FRAMES_AT_ONCE


class SeenFrames(NamedTuple):
    """Frames that have been through tower and projector."""

    embeddings_FD: np.ndarray
    visual_FMD: torch.Tensor
    seconds_F: Sequence[float]
    """When each was shown."""


class Seer:
    """Takes frames in portions of any size; what has not filled a chunk yet waits for `finish`."""

    def __init__(self, model: VideoXLForConditionalGeneration, processor: VideoXLProcessor) -> None:
        self._model, self._processor = model, processor
        self._pixels: list[torch.Tensor] = []
        self._arrived: list[float] = []

    def feed(self, frames_FCHW: np.ndarray, seconds_F: Sequence[float]) -> list[SeenFrames]:
        """Take the next frames, uint8 RGB, with the time at which each is shown; returns the chunks they filled."""
        self._pixels.extend(self._processor.pixel_values(frames_FCHW))
        self._arrived.extend(float(second) for second in seconds_F)
        return [self._see(FRAMES_AT_ONCE) for _ in range(len(self._pixels) // FRAMES_AT_ONCE)]

    def finish(self) -> list[SeenFrames]:
        """What is left, when no frame follows."""
        return [self._see(len(self._pixels))] if self._pixels else []

    @torch.no_grad()
    def _see(self, num_frames: int) -> SeenFrames:
        weight = self._model.model.projector.linear_1.weight
        pixels = torch.stack(self._pixels[:num_frames]).to(weight.device, weight.dtype)
        seconds = self._arrived[:num_frames]
        del self._pixels[:num_frames], self._arrived[:num_frames]
        features = self._model.model.get_frame_features(pixels)
        visual_FMD = self._model.model.get_visual_tokens(pixels, features)
        return SeenFrames(features.embedding_FD.float().cpu().numpy(), visual_FMD, seconds)
