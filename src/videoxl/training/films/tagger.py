"""The tagger: the end of the tower and the projector learn, on endless frames, to say in words what a frame shows.

The tower's first blocks stay as they are; what they make of a frame is drawn up by workers, and a batch is learned from
a few times before it is forgotten. Three things are learned at once (words.py has the first two):

    presence   whether anything named is shown at all: one direction, the axis, that no word uses
    name       which: cosines of the visual tokens with the names' words, and with none of them on plain film
    seen       what ordinary film shows: cosines of a frame's mean token with words of the thousand ImageNet things, as
               the tower's own classifier says it (soft labels; Hinton, Vinyals and Dean 2015, arXiv 1503.02531)

F frames, N patches, M visual tokens per frame, D hidden width, C names, I ImageNet classes.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import IterableDataset

from videoxl.model.efficientnet_lite import EfficientNetLiteModel
from videoxl.model.projector import Projector
from videoxl.training.films.composites import Artist, DrawnFrame, FrameShares
from videoxl.training.films.words import NameScores, unit_rms

PIXEL_MEAN, PIXEL_STD = 127.0, 128.0  # what EfficientNet-Lite was trained with

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TaggerConfig:
    """How long, on what and how hard the tagger learns."""

    num_steps: int = 4000
    fresh_frames: int = 16
    """New frames of every batch."""
    old_batches: int = 2
    """Earlier batches that are learned from once more beside them."""
    window: int = 96
    """How many batches back an old one may be."""
    first_block: int = 11
    """The first block of the tower that learns."""
    tower_rate: float = 3e-4
    projector_rate: float = 1.5e-3
    weight_decay: float = 0.01
    warmup_steps: int = 60
    decay_from: float = 0.4
    """Share of the run at which the learning rates begin to fall."""
    shares: FrameShares = field(default_factory=FrameShares)
    sharpness: float = 12.0
    """What a cosine of 1 with a name scores."""
    seen_sharpness: float = 20.0
    none_score: float = 4.0
    """What every name has to beat; all stay below it on plain film."""
    label_smoothing: float = 0.05
    presence_size: float = 4.0
    """How far from zero, on the axis, plain film is to lie."""
    presence_weight: float = 2.0
    size_weight: float = 0.1
    plain_size: float = 0.6
    """Root mean square of plain film's tokens, axis aside; that of pictures' is 1."""
    seen_weight: float = 0.5


@dataclass(frozen=True, slots=True)
class TaggedFrames:
    """Frames as the learning part gets them."""

    middle_FCHW: torch.Tensor
    """Half precision: what the frozen blocks make of the frames."""
    label_F: torch.Tensor
    """Name, or C for nothing named."""
    taught_FI: torch.Tensor
    """Half precision: what the classifier says of plain film (the other frames are not asked)."""
    is_plain_F: torch.Tensor


class Tower(nn.Module):
    """EfficientNet-Lite in two parts: blocks that stay, and blocks that learn."""

    def __init__(self, tower: EfficientNetLiteModel, first_block: int) -> None:
        super().__init__()
        self.tower, self.first_block = tower, first_block

    def front(self, pixels_FHW3: torch.Tensor) -> torch.Tensor:
        """What the frozen blocks make of uint8 frames."""
        pixels = ((pixels_FHW3.float() - PIXEL_MEAN) / PIXEL_STD).permute(0, 3, 1, 2)
        features = self.tower.stem(pixels.contiguous(memory_format=torch.channels_last))
        for block in self.tower.blocks[: self.first_block]:
            features = block(features)
        return features

    def forward(self, middle_FCHW: torch.Tensor) -> torch.Tensor:
        """Patches (F, N, D)."""
        features = middle_FCHW.contiguous(memory_format=torch.channels_last)
        for block in self.tower.blocks[self.first_block :]:
            features = block(features)
        return self.tower.head(features).flatten(2).transpose(1, 2)

    def learning_parameters(self) -> list[nn.Parameter]:
        """Those of the second part."""
        parts = [*self.tower.blocks[self.first_block :], self.tower.head]
        return [parameter for part in parts for parameter in part.parameters()]


class Tagger(nn.Module):
    """Everything that learns: second part of the tower, projector, words."""

    def __init__(
        self, tower: Tower, projector: Projector, *, num_names: int, num_seen: int, config: TaggerConfig, seed: int
    ) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        width = projector.linear_2.out_features
        self.tower, self.projector, self.config = tower, projector, config
        self.names = NameScores(num_names, width, sharpness=config.sharpness, generator=generator)
        self.free_ID = nn.Parameter(torch.randn(num_seen, width, generator=generator))

    @property
    def seen_ID(self) -> torch.Tensor:
        """Words of the ImageNet things, none of which has a part along the axis."""
        return self.names.beside_axis(self.free_ID)

    def tokens(self, middle_FCHW: torch.Tensor) -> torch.Tensor:
        """Visual tokens (F, M, D)."""
        return self.projector(self.tower(middle_FCHW))

    def seen(self, tokens_FMD: torch.Tensor) -> torch.Tensor:
        """Scores (F, I) of the ImageNet things."""
        mean_FD = unit_rms(self.names.beside_axis(tokens_FMD.mean(1)))
        return self.config.seen_sharpness * mean_FD @ unit_rms(self.seen_ID).T / mean_FD.shape[-1]

    def loss(self, frames: TaggedFrames) -> torch.Tensor:
        """Presence, name, seen, and sizes that the decoder can live with."""
        config, scores = self.config, self.names
        tokens_FMD = self.tokens(frames.middle_FCHW.float())
        is_named = frames.label_F < len(scores.free_CD)
        none_F1 = tokens_FMD.new_full((len(tokens_FMD), 1), config.none_score)
        names_FC = torch.cat([scores(tokens_FMD), none_F1], dim=1)
        loss = functional.cross_entropy(names_FC, frames.label_F, label_smoothing=config.label_smoothing)
        presence_FM, wanted_F = scores.presence(tokens_FMD), is_named.float()
        # The frame as a whole decides; that no single token of plain film may cross over is asked for besides.
        whole = functional.binary_cross_entropy_with_logits(2.0 * presence_FM.mean(1), wanted_F)
        best = functional.binary_cross_entropy_with_logits(1.5 * presence_FM.amax(1), wanted_F)
        loss = loss + config.presence_weight * (whole + 0.5 * best)
        beside_FMD = scores.beside_axis(tokens_FMD)
        wanted_size_F1 = torch.where(is_named, 1.0, config.plain_size**2)[:, None]
        loss = loss + config.size_weight * (beside_FMD.square().mean(-1) - wanted_size_F1).square().mean()
        loss = loss + config.size_weight * (presence_FM[~is_named] + config.presence_size).square().mean()
        if frames.is_plain_F.any():
            taught = frames.taught_FI[frames.is_plain_F].float().softmax(1)
            said = self.seen(tokens_FMD[frames.is_plain_F]).log_softmax(1)
            loss = loss + config.seen_weight * functional.kl_div(said, taught, reduction="batchmean")
        return loss


class FrameStream(IterableDataset):
    """Batches of new frames in order of their numbers, made by a worker process."""

    def __init__(
        self,
        artist: Artist,
        tower: Tower,
        classifier: dict[str, torch.Tensor],
        config: TaggerConfig,
        *,
        first_batch: int,
        first_number: int,
    ) -> None:
        self.artist, self.tower, self.classifier, self.config = artist, tower, classifier, config
        self.first_batch, self.first_number = first_batch, first_number

    def __iter__(self) -> Iterator[TaggedFrames]:
        torch.set_num_threads(1)
        size, batch = self.config.fresh_frames, self.first_batch
        while True:
            numbers = range(self.first_number + batch * size, self.first_number + (batch + 1) * size)
            frames = [self.artist.draw(number, self.config.shares) for number in numbers]
            yield tag(frames, self.tower, self.classifier)
            batch += 1


@torch.no_grad()
def tag(frames: Sequence[DrawnFrame], tower: Tower, classifier: dict[str, torch.Tensor]) -> TaggedFrames:
    """What the frozen blocks make of drawn frames, with what is to be said of them."""
    middle = tower.front(torch.from_numpy(np.stack([frame.pixels_HW3 for frame in frames])))
    label = torch.tensor([frame.label for frame in frames])
    taught = middle.new_zeros(len(frames), len(classifier["bias"]))
    plain = torch.tensor([frame.kind in ("scene", "crop") for frame in frames])
    if plain.any():
        taught[plain] = tower(middle[plain]).mean(1) @ classifier["weight"].T + classifier["bias"]
    return TaggedFrames(middle.half(), label, taught.half(), plain)
