"""Alignment: the projector learns to say in the decoder's own words what a frame shows, before any decoder runs.

Every name has one word embedding. A frame's score for a name is the log-sum-exp, over the frame's visual tokens, of
the cosine of token and word; the score for "nothing named here" is one learned number. Cross-entropy over names and
nothing trains projector and words together in minutes. The words then become rows of the decoder's embedding table, so
that from its first step on the decoder can match a word in a question with a token in a film.

The cosines are multiplied by a fixed, low sharpness: where a token may score high by being large, or by what all tokens
have in common, it hardly points to its word, and a decoder that normalises it finds nothing there (docs/log.md).

Both enter the decoder at root mean square 1. Smaller, and the sub-layers of the first layer drown them (docs/log.md).

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

MAX_BLEND = 0.4  # more of the background than that hides the picture

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AlignmentConfig:
    """How long and how hard the projector is trained."""

    num_epochs: int = 12
    batch_frames: int = 256
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    warmup_steps: int = 50
    background_share: float = 0.4
    """Share of every batch drawn from frames that show nothing named."""
    blend_share: float = 0.3
    """Share of every batch blended with a background frame's features: pictures seen as through glass."""
    size_weight: float = 0.05
    """Pull of every visual token towards root mean square 1."""
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
    """Named frames whose best score of all, nothing included, is the right name."""
    false_alarms: float
    """Background frames where some name beats nothing."""
    token_rms: float

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


class NameScores(nn.Module):
    """Scores of C names and nothing, for frames given as visual tokens."""

    def __init__(self, num_names: int, width: int, *, sharpness: float, generator: torch.Generator) -> None:
        super().__init__()
        self.words_CD = nn.Parameter(torch.randn(num_names, width, generator=generator))
        self.sharpness = sharpness
        self.nothing = nn.Parameter(torch.tensor(sharpness / 2))

    def forward(self, tokens_FMD: torch.Tensor) -> torch.Tensor:
        """Scores (F, C + 1), nothing last."""
        cosine_FMC = unit_rms(tokens_FMD) @ unit_rms(self.words_CD).T / tokens_FMD.shape[-1]
        names_FC = (self.sharpness * cosine_FMC).logsumexp(dim=1)
        return torch.cat([names_FC, self.nothing.expand(len(names_FC), 1)], dim=1)


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
        tokens_FMD = projector(batch_FND)
        loss = functional.cross_entropy(scores(tokens_FMD), target_F, label_smoothing=config.label_smoothing)
        size = (tokens_FMD.square().mean(-1) - 1).square().mean()
        optimizer.zero_grad()
        (loss + config.size_weight * size).backward()
        optimizer.step()
        schedule.step()
        running = loss.item() if running is None else 0.98 * running + 0.02 * loss.item()
        if (step + 1) % 100 == 0:
            log.info("alignment step %d of %d, loss %.3f", step + 1, num_steps, running)
    return scores


@torch.inference_mode()
def measure_alignment(
    projector: Projector, scores: NameScores, features_FND: np.ndarray, labels_F: np.ndarray, *, batch_frames: int = 256
) -> AlignmentReport:
    """Score every frame once and count."""
    num_names = len(scores.words_CD)
    best, best_name, squares = [], [], []
    for start in range(0, len(labels_F), batch_frames):
        tokens_FMD = projector(_as_tensor(features_FND[start : start + batch_frames]))
        result = scores(tokens_FMD)
        best.append(result.argmax(1))
        best_name.append(result[:, :num_names].argmax(1))
        squares.append(tokens_FMD.square().mean((1, 2)))
    labels = torch.from_numpy(np.asarray(labels_F)).long()
    named = labels < num_names
    alarms = torch.cat(best)[~named] < num_names
    return AlignmentReport(
        num_named=int(named.sum()),
        num_background=int((~named).sum()),
        top1=_share(torch.cat(best_name)[named] == labels[named]),
        told=_share(torch.cat(best)[named] == labels[named]),
        false_alarms=_share(alarms),
        token_rms=torch.cat(squares).mean().sqrt().item(),
    )


@torch.no_grad()
def set_token_size(projector: Projector, features_FND: np.ndarray) -> float:
    """Scale the projector's output so that visual tokens have root mean square 1; returns what it was."""
    rms = projector(_as_tensor(features_FND)).square().mean().sqrt().item()
    for parameter in projector.linear_2.parameters():
        parameter.div_(rms)
    return rms


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
