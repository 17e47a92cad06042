"""Learning to say what one interval shows, read by itself: what an inventory is made of (engine/inventory.py).

Each step asks one question on the rows of one interval; or on those of its rows that do not show something which was
told already; or on background rows of other films. Any picture that is still seen may be said, or "nothing" where there
is none.

B films, T steps, Q tokens of the question, S memory rows, X moments, C vocabulary.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from videoxl.model.modeling_videoxl import VideoXLForConditionalGeneration
from videoxl.training.films.step import Watched, surprise

NUM_FOREIGN = 3  # steps on background rows, of each film that has some


@dataclass(frozen=True, slots=True)
class Tellable:
    """What one film shows that may be told."""

    first_moment: int
    words: Sequence[int]
    """Of its moments, from that one on."""
    vague: int | None = None
    """The moment at which the film half tells something else; nothing is asked there."""


@dataclass(frozen=True, slots=True)
class InventorySteps:
    """Steps of the inventories of a batch of films; a film with fewer has some that do not count."""

    counts_BT: torch.Tensor
    sees_BTS: torch.Tensor
    """Rows that a step reads."""
    shows_BTS: torch.Tensor
    """Those of them that show something."""
    may_say_BTC: torch.Tensor
    """What is right."""


@dataclass(frozen=True, slots=True)
class StepsTaken:
    """What the steps gave: losses to learn from, and whether each said something right (boolean)."""

    loss: torch.Tensor
    """Minus log of the probability of anything that is right, and of the end behind it."""
    look_loss: torch.Tensor
    is_right_N: torch.Tensor
    shows_N: torch.Tensor
    """Whether there was something to say."""


def draw_steps(
    watched: Watched,
    films: Sequence[Tellable],
    *,
    nothing: int,
    vocab_size: int,
    generator: torch.Generator,
) -> InventorySteps:
    """A step for every interval, and some on parts of what shows something, and on what does not.

    Args:
        films: What each film shows.
        nothing: What is said where nothing is shown.
    """
    device = watched.shows_BXS.device
    shows_BXS, is_film_S = watched.shows_BXS.cpu(), watched.is_film_S.cpu()
    steps = [
        list(_steps_of(shows_BXS[film], of_film, watched.spans, is_film_S, generator))
        for film, of_film in enumerate(films)
    ]
    shape = (len(films), max(map(len, steps)))
    counts_BT = torch.zeros(shape, dtype=torch.bool)
    sees_BTS, shows_BTS = torch.zeros(2, *shape, len(is_film_S), dtype=torch.bool)
    may_say_BTC = torch.zeros(*shape, vocab_size, dtype=torch.bool)
    for film, (of_film, steps_of_film) in enumerate(zip(films, steps, strict=True)):
        for step, sees_S in enumerate(steps_of_film):
            shown_XS = shows_BXS[film][_moments(of_film)] & sees_S
            left = [word for word, rows_S in zip(of_film.words, shown_XS, strict=True) if rows_S.any()]
            counts_BT[film, step] = True
            sees_BTS[film, step], shows_BTS[film, step] = sees_S | ~is_film_S, shown_XS.any(dim=0)
            may_say_BTC[film, step, left or [nothing]] = True
    parts = (counts_BT, sees_BTS, shows_BTS, may_say_BTC)
    return InventorySteps(*(part.to(device) for part in parts))


def _moments(film: Tellable) -> slice:
    return slice(film.first_moment, film.first_moment + len(film.words))


def _steps_of(
    all_XS: torch.Tensor,
    film: Tellable,
    spans: Sequence[range],
    is_film_S: torch.Tensor,
    generator: torch.Generator,
) -> Iterator[torch.Tensor]:
    """The rows (S,) of the film that each of its steps sees."""
    is_foreign_S = is_film_S.clone()
    shows_XS = all_XS[_moments(film)]
    vague_S = torch.zeros_like(is_film_S) if film.vague is None else all_XS[film.vague]
    for span in spans:
        sees_S = torch.zeros_like(is_film_S)
        sees_S[span.start : span.stop] = True
        is_foreign_S &= ~sees_S
        if (vague_S & sees_S).any():
            continue
        yield sees_S
        here = (shows_XS & sees_S).any(dim=1).nonzero()[:, 0]
        if len(here):
            told = here[torch.randint(len(here), (), generator=generator)]
            if (left_S := sees_S & ~shows_XS[told]).any():
                yield left_S
    foreign = is_foreign_S.nonzero()[:, 0]
    if len(foreign) and spans and film.vague is None:
        size = min(len(spans[0]), len(foreign))
        for _ in range(NUM_FOREIGN):
            sees_S = torch.zeros_like(is_film_S)
            sees_S[foreign[torch.randperm(len(foreign), generator=generator)[:size]]] = True
            yield sees_S


def take_steps(
    model: VideoXLForConditionalGeneration,
    watched: Watched,
    steps: InventorySteps,
    *,
    question_ids: Sequence[int],
    end_id: int,
    look_layers: Sequence[int],
) -> StepsTaken:
    """Ask the question of every step, all in one pass; each reads something right behind it, and is to end there."""
    seen: dict[int, Any] = dict.fromkeys(look_layers)
    (num_films, num_steps), length = steps.counts_BT.shape, len(question_ids) + 1
    device = steps.counts_BT.device
    ids_BTN = torch.tensor([*question_ids, end_id], device=device).repeat(num_films, num_steps, 1)
    ids_BTN[:, :, -1] = steps.may_say_BTC.int().argmax(dim=2)
    ids_BN = ids_BTN.flatten(1)
    hidden_BND = model.decoder(
        model.decoder.embed_tokens(ids_BN),
        watched.past,
        position_ids=watched.past.num_rows + torch.arange(length, device=device).repeat(num_films, num_steps),
        mask=_mask(steps, length),
        watched=seen,
    )
    last, said = slice(length - 2, None, length), slice(length - 1, None, length)
    logits_NC, may_say_NC = model.lm_head(hidden_BND[:, last][steps.counts_BT]), steps.may_say_BTC[steps.counts_BT]
    end_N = model.lm_head(hidden_BND[:, said][steps.counts_BT]).log_softmax(dim=1)[:, end_id]
    right_N = logits_NC.log_softmax(dim=1).masked_fill(~may_say_NC, float("-inf")).logsumexp(dim=1)
    is_right_N = may_say_NC.gather(1, logits_NC.argmax(dim=1, keepdim=True))[:, 0]
    looks_BT = steps.shows_BTS.any(dim=2)
    weights_LNHS = [weights[:, :, last].transpose(1, 2)[looks_BT] for weights in seen.values()]
    losses = [surprise(weights, watched, steps.shows_BTS[looks_BT]) for weights in weights_LNHS if len(weights)]
    look_loss = torch.stack(losses).mean() if losses else right_N.new_zeros(())
    return StepsTaken(-(right_N + end_N).mean(), look_loss, is_right_N, looks_BT[steps.counts_BT])


def _mask(steps: InventorySteps, question_length: int) -> torch.Tensor:
    """Boolean (B, 1, T * Q, S + T * Q): the rows that a step sees, and of its question what comes before."""
    num_films, num_steps = steps.counts_BT.shape
    sees_BTS = steps.sees_BTS.repeat_interleave(question_length, dim=1)
    causal_QQ = torch.ones(question_length, question_length, dtype=torch.bool, device=sees_BTS.device).tril()
    own_TT = torch.block_diag(*[causal_QQ] * num_steps)
    return torch.cat([sees_BTS, own_TT.expand(num_films, -1, -1)], dim=2)[:, None]
