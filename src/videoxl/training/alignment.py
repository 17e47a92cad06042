"""Alignment: the projector learns to say in the decoder's own words what a frame shows, before any decoder runs.

Every name has one word embedding, and one direction that no word uses, the axis, says whether anything named is shown
at all. A frame that shows something named lies on the positive side of the axis, and for the rest its tokens point to
the name's word: its score for a name is the log-sum-exp, over the frame's visual tokens, of the cosine of token and
word. Every other frame, whatever it shows, is drawn to one and the same point on the negative side. The words then
become rows of the decoder's embedding table, so that from its first step on the decoder can match a word in a question
with a token in a film, and sees by one direction where there is something to match at all. Without the axis a decoder
learns what plain film looks like from the footage it is trained on, and takes any other for a picture (docs/log.md).

The cosines are multiplied by a fixed, low sharpness: where a token may score high by being large, or by what all tokens
have in common, it hardly points to its word, and a decoder that normalises it finds nothing there (docs/log.md).

F frames, N patches, M visual tokens per frame, D hidden width, C names; label C means nothing.
"""

import logging
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from videoxl.model.projector import Projector

MAX_BLEND = 0.25  # more of the background than that hides the picture

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AlignmentConfig:
    """How long and how hard the projector is trained."""

    num_epochs: int = 12
    batch_frames: int = 192
    learning_rate: float = 1.5e-3
    weight_decay: float = 0.05
    warmup_steps: int = 40
    background_share: float = 0.55
    """Share of every batch drawn from frames that show nothing named."""
    blend_share: float = 0.2
    """Share of every batch blended with a background frame's features: pictures seen as through glass."""
    feature_noise: float = 0.1
    """Every feature is off by about this share of itself."""
    presence_size: float = 4.0
    """How far from zero, on the axis, plain film lies."""
    presence_weight: float = 2.0
    nothing_weight: float = 1.0
    """Pull of every token of plain film to one point."""
    size_weight: float = 0.1
    """Pull of every token of a picture towards root mean square 1."""
    label_smoothing: float = 0.05
    sharpness: float = 12.0
    """What a cosine of 1 scores. Low, so that a token must point to its word to be told from the others."""


@dataclass(frozen=True, slots=True)
class AlignmentReport:
    """How well names are told on frames that were not trained on."""

    num_named: int
    num_background: int
    top1: float
    """Named frames whose best name is right, nothing left out of the race."""
    told: float
    """Named frames that lie on the positive side of the axis and whose best name is right."""
    false_alarms: float
    """Background frames on the positive side of the axis."""
    token_rms: float

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


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
        return self._beside_axis(self.free_CD)

    def forward(self, tokens_FMD: torch.Tensor) -> torch.Tensor:
        """Scores of the names (F, C)."""
        tokens = unit_rms(self._beside_axis(tokens_FMD))
        cosine_FMC = tokens @ unit_rms(self.words_CD).T / tokens_FMD.shape[-1]
        return (self.sharpness * cosine_FMC).logsumexp(dim=1)

    def presence(self, tokens_FMD: torch.Tensor) -> torch.Tensor:
        """Where each token (F, M) lies on the axis."""
        return tokens_FMD @ self.axis_D

    def _beside_axis(self, rows_D: torch.Tensor) -> torch.Tensor:
        return rows_D - (rows_D @ self.axis_D).unsqueeze(-1) * self.axis_D


def unit_rms(rows: torch.Tensor) -> torch.Tensor:
    """Rows scaled to root mean square 1."""
    return rows * rows.square().mean(-1, keepdim=True).clamp_min(1e-12).rsqrt()


def align(
    projector: Projector,
    features_FND: np.ndarray,
    labels_F: np.ndarray,
    *,
    num_names: int,
    config: AlignmentConfig,
    generator: torch.Generator,
) -> NameScores:
    """Train `projector` in place on tower features (any array that can be indexed) and return the words it learned."""
    scores = NameScores(num_names, projector.linear_2.out_features, sharpness=config.sharpness, generator=generator)
    optimizer = torch.optim.AdamW(
        [*projector.parameters(), *scores.parameters()], lr=config.learning_rate, weight_decay=config.weight_decay
    )
    num_steps = config.num_epochs * len(labels_F) // config.batch_frames
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, num_steps, config.warmup_steps))
    running = None
    for step, (batch_FND, target_F) in enumerate(_batches(features_FND, labels_F, num_names, config, generator)):
        if step == num_steps:
            break
        loss = _loss(scores, projector(batch_FND), target_F, config)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        running = loss.item() if running is None else 0.98 * running + 0.02 * loss.item()
        if (step + 1) % 100 == 0:
            log.info("alignment step %d of %d, loss %.3f", step + 1, num_steps, running)
    return scores


def _loss(
    scores: NameScores, tokens_FMD: torch.Tensor, target_F: torch.Tensor, config: AlignmentConfig
) -> torch.Tensor:
    is_named = target_F < len(scores.free_CD)
    named, plain = tokens_FMD[is_named], tokens_FMD[~is_named]
    loss = functional.cross_entropy(scores(named), target_F[is_named], label_smoothing=config.label_smoothing)
    presence_FM, wanted_F = scores.presence(tokens_FMD), is_named.float()
    # The frame as a whole decides; that no single token of plain film may cross over is asked for besides.
    whole = functional.binary_cross_entropy_with_logits(2.0 * presence_FM.mean(1), wanted_F)
    best = functional.binary_cross_entropy_with_logits(1.5 * presence_FM.amax(1), wanted_F)
    loss = loss + config.presence_weight * (whole + 0.5 * best)
    loss = loss + config.size_weight * (named.square().mean(-1) - 1).square().mean()
    if len(plain):
        loss = loss + config.nothing_weight * (plain + config.presence_size * scores.axis_D).square().mean()
    return loss


@torch.inference_mode()
def measure_alignment(
    projector: Projector, scores: NameScores, features_FND: np.ndarray, labels_F: np.ndarray, *, batch_frames: int = 256
) -> AlignmentReport:
    """Score every frame once and count."""
    num_names = len(scores.free_CD)
    is_shown, best_name, squares = [], [], []
    for start in range(0, len(labels_F), batch_frames):
        tokens_FMD = projector(_as_tensor(features_FND[start : start + batch_frames]))
        is_shown.append(scores.presence(tokens_FMD).mean(1) > 0)
        best_name.append(scores(tokens_FMD).argmax(1))
        squares.append(tokens_FMD.square().mean((1, 2)))
    labels = torch.from_numpy(np.asarray(labels_F)).long()
    named = labels < num_names
    shown, is_right = torch.cat(is_shown), torch.cat(best_name) == labels
    return AlignmentReport(
        num_named=int(named.sum()),
        num_background=int((~named).sum()),
        top1=_share(is_right[named]),
        told=_share((is_right & shown)[named]),
        false_alarms=_share(shown[~named]),
        token_rms=torch.cat(squares).mean().sqrt().item(),
    )


def _batches(
    features_FND: np.ndarray,
    labels_F: np.ndarray,
    num_names: int,
    config: AlignmentConfig,
    generator: torch.Generator,
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Batches without end: named frames in shuffled order, background frames drawn, some blended."""
    labels = torch.from_numpy(np.asarray(labels_F)).long()
    named, background = torch.nonzero(labels < num_names)[:, 0], torch.nonzero(labels == num_names)[:, 0]
    num_background = int(config.background_share * config.batch_frames) if len(background) else 0
    num_named = config.batch_frames - num_background
    while True:
        for rows in named[torch.randperm(len(named), generator=generator)].split(num_named):
            drawn = background[torch.randint(max(len(background), 1), (num_background,), generator=generator)]
            index = torch.cat([rows, drawn])
            yield _blended(features_FND, index, drawn, config, generator), labels[index]


def _blended(
    features_FND: np.ndarray,
    index: torch.Tensor,
    background: torch.Tensor,
    config: AlignmentConfig,
    generator: torch.Generator,
) -> torch.Tensor:
    """Features of a batch whose last rows are `background`; some rows are seen through a background frame."""
    batch = _as_tensor(features_FND[index.numpy()])
    batch *= 1 + config.feature_noise * torch.randn(batch.shape, generator=generator)
    if not len(background):
        return batch
    chosen = torch.nonzero(torch.rand(len(index), generator=generator) < config.blend_share)[:, 0]
    others = torch.randint(len(index) - len(background), len(index), (len(chosen),), generator=generator)
    share = MAX_BLEND * torch.rand(len(chosen), 1, 1, generator=generator)
    return batch.index_copy(0, chosen, (1 - share) * batch[chosen] + share * batch[others])


def _rate(step: int, num_steps: int, warmup_steps: int) -> float:
    """Linear up, then linear down to zero."""
    return min((step + 1) / warmup_steps, max(num_steps - step, 0) / max(num_steps - warmup_steps, 1))


def _as_tensor(features_FND: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.array(features_FND)).float()


def _share(hits: torch.Tensor) -> float:
    return hits.float().mean().item() if len(hits) else math.nan
