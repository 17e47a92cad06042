"""One batch through the interval loop: films become memories, packed turns read them, and a loss comes back.

Beside the words of the answers, some layers learn where to look: at the position that predicts an answer, the share of
their attention over the film that falls on the intervals which show it. Those layers give the evidence later.

B batch, F frames, M visual tokens per frame, T tokens, S memory rows, X moments.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy, max_pool1d

from videoxl.compression.interval import Interval
from videoxl.compression.layout import Layout
from videoxl.memory.cache import BatchMemory
from videoxl.model.modeling_videoxl import IGNORED_LABEL, VideoXLForConditionalGeneration
from videoxl.model.prefill import condense_interval, condense_text
from videoxl.training.films.curriculum import Shape
from videoxl.training.films.examples import Example
from videoxl.training.films.foreign_rows import ForeignRows
from videoxl.training.films.frame_bank import FrameBank
from videoxl.training.films.packing import PackedTurns
from videoxl.training.films.talk import NOT_SHOWN

LEAST_SHARE = 1e-6  # keeps the logarithm of a share finite


@dataclass(frozen=True, slots=True)
class Film:
    """A batch of films as the decoder gets them."""

    visual_BFMD: torch.Tensor
    shows_BXF: torch.Tensor
    """Whether moment X of a film is on a frame."""
    has_picture_BF: torch.Tensor
    """Whether a frame shows anything named."""

    def to(self, device: torch.device) -> "Film":
        """The same, with what the decoder reads on a device; what is only looked up stays."""
        return replace(self, visual_BFMD=self.visual_BFMD.to(device), shows_BXF=self.shows_BXF.to(device))


@dataclass(frozen=True, slots=True)
class Reading:
    """What a batch gave: losses to learn from, and what was said where something was asked."""

    answer_loss: torch.Tensor
    look_loss: torch.Tensor
    said_BT: torch.Tensor
    """The most likely token at every position."""


@dataclass(frozen=True, slots=True)
class Watched:
    """The memories of a batch, and where in them each showing is."""

    past: BatchMemory
    is_film_S: torch.Tensor
    shows_BXS: torch.Tensor
    spans: Sequence[range] = ()
    """The rows of each interval; those between them are of other films."""


def tokens(bank: FrameBank, examples: Sequence[Example]) -> torch.Tensor:
    """Visual tokens (B, F, M, D) of films of one length."""
    parts = zip(*((example.frames, example.behind, example.faintness) for example in examples), strict=True)
    return bank.tokens(*(np.stack(part) for part in parts))


def film_batch(examples: Sequence[Example], visual_BFMD: torch.Tensor) -> Film:
    """Where the moments of examples are, beside their visual tokens."""
    most = max(1, *(len(example.moments_XF) for example in examples))
    shows = np.zeros((len(examples), most, visual_BFMD.shape[1]), dtype=bool)
    has_picture = np.zeros((len(examples), visual_BFMD.shape[1]), dtype=bool)
    for row, example in enumerate(examples):
        shows[row, : len(example.moments_XF)] = example.moments_XF
        for showing in example.showings:
            has_picture[row, showing.start : showing.stop] = True
    return Film(visual_BFMD, torch.from_numpy(shows), torch.from_numpy(has_picture))


def watch(
    model: VideoXLForConditionalGeneration,
    film: Film,
    shape: Shape,
    *,
    before_ids: Sequence[int],
    foreign: ForeignRows,
    generator: torch.Generator,
) -> Watched:
    """Condense a batch of films interval by interval, some rows of other films in between."""
    batch, device = len(film.visual_BFMD), film.visual_BFMD.device
    past = BatchMemory(rotate=model.decoder.rotate)
    past.append(condense_text(model.decoder, past, torch.tensor([list(before_ids)], device=device).expand(batch, -1)))
    spans: list[range] = []
    shows: list[torch.Tensor] = [film.shows_BXF.new_zeros(*film.shows_BXF.shape[:2], past.num_rows)]
    for interval, num_foreign in zip(shape.plan, _dealt(shape, generator), strict=True):
        rows = foreign.draw(num_foreign, batch, generator)
        if rows is not None:
            past.append(rows)
            shows.append(film.shows_BXF.new_zeros(*film.shows_BXF.shape[:2], rows.keys.shape[3]))
        rows = condense_interval(model.decoder, past, *_interval_tokens(model, film, interval))
        if rows is None:
            continue
        shows_BXV = _rows_that_show(film, interval, rows.keys.shape[3])
        spans.append(range(past.num_rows, past.num_rows + rows.keys.shape[3]))
        past.append(rows)
        shows.append(shows_BXV)
        if interval.ratio > 1:
            foreign.add(rows, ~film.has_picture_BF[:, interval.start : interval.stop].any(dim=1))
    shows_BXS = torch.cat(shows, dim=2)
    return Watched(past, torch.arange(past.num_rows, device=device) >= len(before_ids), shows_BXS, spans)


def read(
    model: VideoXLForConditionalGeneration, watched: Watched, turns: PackedTurns, *, look_layers: Sequence[int]
) -> Reading:
    """Answer all turns on the memories, with both losses."""
    seen: dict[int, Any] = dict.fromkeys(look_layers)
    hidden_BTD = model.decoder(
        model.decoder.embed_tokens(turns.input_ids_BT),
        watched.past,
        position_ids=watched.past.num_rows + turns.positions_BT,
        mask=turns.mask_B1TT,
        watched=seen,
    )
    is_learned = turns.labels_BT != IGNORED_LABEL
    logits_NC = model.lm_head(hidden_BTD[is_learned])
    said_BT = torch.full_like(turns.labels_BT, IGNORED_LABEL)
    said_BT[is_learned] = logits_NC.argmax(dim=1)
    answer_loss = cross_entropy(logits_NC, turns.labels_BT[is_learned])
    losses = [_look_loss(weights, watched, turns.rests_on_BT) for weights in seen.values()]
    look_loss = torch.stack(losses).mean() if losses else answer_loss.new_zeros(())
    return Reading(answer_loss, look_loss, said_BT)


def _look_loss(weights_BHTS: torch.Tensor, watched: Watched, rests_on_BT: torch.Tensor) -> torch.Tensor:
    """Mean surprise at where a layer looks: minus log of the share that falls on what the answer rests on."""
    row, position = torch.nonzero(rests_on_BT != NOT_SHOWN, as_tuple=True)
    if not len(row):
        return weights_BHTS.new_zeros(())
    return surprise(weights_BHTS[row, :, position], watched, watched.shows_BXS[row, rests_on_BT[row, position]])


def surprise(weights_NHS: torch.Tensor, watched: Watched, target_NS: torch.Tensor) -> torch.Tensor:
    """Minus log of the share of attention over the film that falls on target rows, in the mean over N looks."""
    film_NS = weights_NHS[:, :, : watched.past.num_rows].mean(dim=1) * watched.is_film_S
    share_N = (film_NS * target_NS).sum(dim=1) / film_NS.sum(dim=1).clamp(min=LEAST_SHARE)
    return -share_N.clamp(min=LEAST_SHARE).log().mean()


def _interval_tokens(
    model: VideoXLForConditionalGeneration, film: Film, interval: Interval
) -> tuple[torch.Tensor, Layout]:
    visual_BND = film.visual_BFMD[:, interval.start : interval.stop].flatten(1, 2)
    return visual_BND, Layout(visual_BND.shape[1], interval.ratio, model.config.layout_rule)


def _rows_that_show(film: Film, interval: Interval, num_rows: int) -> torch.Tensor:
    """(B, X, rows): a row stands for `ratio` visual tokens, and shows what any of their frames shows."""
    shows_BXF = film.shows_BXF[:, :, interval.start : interval.stop].float()
    shows_BXN = shows_BXF.repeat_interleave(film.visual_BFMD.shape[2], dim=2)
    return max_pool1d(shows_BXN, interval.ratio, ceil_mode=True)[:, :, :num_rows] > 0


def _dealt(shape: Shape, generator: torch.Generator) -> list[int]:
    """How many foreign rows stand before each interval."""
    places = torch.randint(len(shape.plan), (shape.foreign_rows,), generator=generator)
    return torch.bincount(places, minlength=len(shape.plan)).tolist()
