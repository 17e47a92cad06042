"""One prompt, learned from: its videos become a differentiable memory, its text reads that, and a loss comes back.

A prompt is watched in stretches, text and video in turns. What lies behind the last video may be several questions
that have nothing to do with one another: each sees the memory and itself, at the positions that it would have alone,
so the memory is built once for all of them.

With activation checkpointing nothing that an interval computes is kept but its rows: the backward pass computes one
interval at a time again, from its visual tokens and the rows before it. Parts that do not learn cost no graph.

B batch, F frames, M visual tokens per frame, T tokens, D hidden width, C vocabulary.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.nn.functional import cross_entropy
from torch.utils.checkpoint import checkpoint

from videoxl.compression.interval import Interval
from videoxl.compression.layout import Layout
from videoxl.errors import UsageError
from videoxl.memory.cache import BatchMemory
from videoxl.memory.key_values import KeyValues
from videoxl.model.prefill import (
    condense_interval,
    condense_interval_reading_out,
    condense_text,
    condense_text_reading_out,
)
from videoxl.model.prompt import Stretch, check_videos, stretches
from videoxl.model.second_look import second_look
from videoxl.model.vision_tower import frame_features

if TYPE_CHECKING:
    from videoxl.model.modeling_videoxl import VideoXLForConditionalGeneration

IGNORED_LABEL = -100
FRAMES_AT_ONCE = 16  # a chunk of CLIP-L at 336 px needs about 200 MB in 16 bit

Plan = Sequence[Interval]
PlanOf = Callable[[int, int, torch.Tensor | None], Plan]
"""The plan of video number i, of so many frames, with embeddings (F, D) where pixels were given."""
Condensed = tuple[KeyValues | None, torch.Tensor | None]
"""Un-rotated rows that memory keeps, and hidden states where they are wanted."""


@dataclass(frozen=True, slots=True)
class Video:
    """A batch of videos of one length, in the decoder's width, and how they are condensed."""

    visual_BFMD: torch.Tensor
    plan: Plan


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is learned from: text with placeholders, the videos that belong there, and what is asked."""

    input_ids_BT: torch.Tensor
    videos: Sequence[Video]
    labels_BT: torch.Tensor | None = None
    question_BT: torch.Tensor | None = None
    """Which question a token behind the last video belongs to; None where they are one conversation."""


def see(
    model: "VideoXLForConditionalGeneration",
    pixels: torch.Tensor,
    plan_of: Callable[[int, torch.Tensor | None], Plan],
    *,
    checkpoints: bool,
) -> Video:
    """A video (F, 3, height, width), or a batch (B, F, 3, height, width), through tower and projector, and its plan."""
    batched = pixels[None] if pixels.ndim == 4 else pixels
    chunks = batched.flatten(0, 1).split(FRAMES_AT_ONCE)
    parts = [_seen(model, chunk, checkpoints=checkpoints) for chunk in chunks]
    visual_BFMD = torch.cat([tokens for tokens, _ in parts]).unflatten(0, batched.shape[:2])
    embeddings_FD = torch.cat([embedding for _, embedding in parts])[: batched.shape[1]]
    return Video(visual_BFMD, plan_of(batched.shape[1], embeddings_FD))


def learn(
    model: "VideoXLForConditionalGeneration",
    prompt: Prompt,
    *,
    num_items: torch.Tensor | int | None = None,
    checkpoints: bool = False,
    every_gradient: bool = False,
) -> tuple[torch.Tensor | None, torch.Tensor | None]:
    """The loss of the paper, or without labels the logits (B, T, C) of the last stretch.

    Args:
        num_items: What the summed loss is divided by; the labels of this prompt where not given.
        checkpoints: Compute again in the backward pass instead of keeping activations.
        every_gradient: Give zeros as gradients to what took no part.
    """
    targets = _targets(prompt, model.config.video_token_id)
    is_wanted = targets != IGNORED_LABEL
    hidden, wanted_hidden, wanted = None, [], []
    for part, hidden in _walk(model, prompt, is_wanted, checkpoints=checkpoints):
        chosen = is_wanted[:, part.start : part.stop]
        wanted_hidden.append(hidden[chosen])
        wanted.append(targets[:, part.start : part.stop][chosen])
    if prompt.labels_BT is None:
        return None, None if hidden is None else model.lm_head(hidden)
    logits_NC = model.lm_head(torch.cat(wanted_hidden)).float()
    loss_sum = cross_entropy(logits_NC, torch.cat(wanted), reduction="sum")
    count = is_wanted.sum() if num_items is None else torch.as_tensor(num_items, device=loss_sum.device)
    return _with_graph(model, loss_sum / count.clamp(min=1), every_gradient=every_gradient), None


def _with_graph(model: "VideoXLForConditionalGeneration", loss: torch.Tensor, *, every_gradient: bool) -> torch.Tensor:
    """The loss, with zeros added where a backward pass has to reach what the loss does not depend on.

    Text alone depends on nothing where only VSTs and projector learn: nothing to learn, and nothing wrong. And where
    ranks hold shards of weights they exchange the gradients of all of them, whatever each has watched.
    """
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    if not torch.is_grad_enabled() or not learning:
        return loss
    if every_gradient:
        return loss + 0.0 * torch.stack([parameter.sum().float() for parameter in learning]).sum()
    return loss if loss.requires_grad else loss + 0.0 * min(learning, key=torch.numel).sum()


def _seen(
    model: "VideoXLForConditionalGeneration", frames: torch.Tensor, *, checkpoints: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    """Visual tokens and embeddings of a chunk of frames, with as much of a graph as learns."""
    tower, projector = model.model.vision_tower, model.model.projector
    frames = frames.to(next(tower.parameters()).dtype)

    def features() -> tuple[tuple[torch.Tensor, torch.Tensor, torch.Tensor | None], torch.Tensor]:
        """What the projector gets, and embeddings."""
        patches_FND, embedding_FD, seen_FI = frame_features(tower, frames, model.config)
        with torch.no_grad():
            more_F = second_look(model.model, frames, patches_FND)
        return (patches_FND, seen_FI, more_F), embedding_FD

    def whole() -> tuple[torch.Tensor, torch.Tensor]:
        seen, embedding_FD = features()
        return projector(*seen), embedding_FD

    if _learns(tower):
        return checkpoint(whole, use_reentrant=False) if checkpoints else whole()
    with torch.no_grad():
        seen, embedding_FD = features()
    if not _learns(projector):
        with torch.no_grad():
            return projector(*seen), embedding_FD
    if checkpoints:
        return checkpoint(projector, *seen, use_reentrant=False), embedding_FD
    return projector(*seen), embedding_FD


def _learns(module: torch.nn.Module) -> bool:
    return any(parameter.requires_grad for parameter in module.parameters())


def _targets(prompt: Prompt, video_token_id: int | None) -> torch.Tensor:
    """(B, T): what each position predicts. No question predicts the beginning of the next one."""
    targets = torch.full_like(prompt.input_ids_BT, IGNORED_LABEL)
    if prompt.labels_BT is not None:
        targets[:, :-1] = prompt.labels_BT[:, 1:]
    if prompt.question_BT is not None:
        is_border = prompt.question_BT[:, 1:] != prompt.question_BT[:, :-1]
        if (is_border & (targets[:, :-1] != IGNORED_LABEL)).any():
            raise UsageError(
                "a label stands on the first token of a question, which nothing of that question predicts; expected "
                "labels on answers. Leave the first token of each question without one."
            )
    return targets


def _walk(
    model: "VideoXLForConditionalGeneration", prompt: Prompt, is_wanted: torch.Tensor, *, checkpoints: bool
) -> Iterator[tuple[Stretch, torch.Tensor]]:
    """Watch a prompt; yields the final hidden states (B, T, D) of stretches that predict a label.

    The last stretch is always among them. A video predicts from its last visual token.
    """
    past = BatchMemory(rotate=model.decoder.rotate)
    by_interval = checkpoints and not model.decoder.checkpoints_layers
    parts = stretches(prompt.input_ids_BT, model.config.video_token_id)
    check_videos(parts, len(prompt.videos))
    for part in parts:
        reads_out = part is parts[-1] or bool(is_wanted[:, part.start : part.stop].any())
        text_BT = prompt.input_ids_BT[:, part.start : part.stop]
        if part.video is not None:
            hidden = _watch(model, past, prompt.videos[part.video], reads_out=reads_out, checkpoints=by_interval)
        elif part is parts[-1]:
            hidden = _answer(model, past, text_BT, _questions(prompt, part), checkpoints=checkpoints)
        else:
            hidden = _remember(past, _text_work(model, text_BT, reads_out=reads_out), checkpoints=by_interval)
        if hidden is not None:
            yield part, hidden


def _watch(
    model: "VideoXLForConditionalGeneration", past: BatchMemory, video: Video, *, reads_out: bool, checkpoints: bool
) -> torch.Tensor | None:
    """Condense a batch of videos by one plan; the hidden state (B, 1, D) of the last token where asked for."""
    hidden = None
    last = len(video.plan) - 1
    for index, (interval, visual_BFMD) in enumerate(zip(video.plan, _parts(video), strict=True)):
        work = _interval_work(model, visual_BFMD, interval.ratio, reads_out=reads_out and index == last)
        hidden = _remember(past, work, checkpoints=checkpoints)
    return None if hidden is None else hidden[:, -1:]


def _parts(video: Video) -> Sequence[torch.Tensor]:
    """Visual tokens of each interval. A split gathers their gradients once; a slice each makes one of the whole."""
    if not video.plan:
        return []
    starts, stops = zip(*((interval.start, interval.stop) for interval in video.plan), strict=True)
    if starts == (0, *stops[:-1]) and stops[-1] == video.visual_BFMD.shape[1]:
        return video.visual_BFMD.split([interval.num_frames for interval in video.plan], dim=1)
    return [video.visual_BFMD[:, start:stop] for start, stop in zip(starts, stops, strict=True)]


def _answer(
    model: "VideoXLForConditionalGeneration",
    past: BatchMemory,
    text_BT: torch.Tensor,
    question_BT: torch.Tensor | None,
    *,
    checkpoints: bool,
) -> torch.Tensor:
    """Text behind the last video reads the memory; questions do not see one another."""
    mask, positions = None, None
    if question_BT is not None and not (question_BT == question_BT[:, :1]).all():
        is_same = question_BT[:, :, None] == question_BT[:, None, :]
        mask_BTT = is_same.tril()
        mask, positions = mask_BTT[:, None], past.num_rows + mask_BTT.sum(-1) - 1
    embeds_BTD = model.decoder.embed_tokens(text_BT)
    return model.decoder(embeds_BTD, past, position_ids=positions, mask=mask, checkpoints=checkpoints)


def _questions(prompt: Prompt, part: Stretch) -> torch.Tensor | None:
    return None if prompt.question_BT is None else prompt.question_BT[:, part.start : part.stop]


def _remember(past: BatchMemory, work: Callable[[BatchMemory], Condensed], *, checkpoints: bool) -> torch.Tensor | None:
    """Do some condensing and append its rows; with checkpoints, keep nothing of it but those."""
    before = past.fork()  # what is computed again reads the rows that were there the first time

    def rotated() -> tuple[torch.Tensor | None, torch.Tensor | None, torch.Tensor | None]:
        rows, hidden = work(before)
        keys, values = (None, None) if rows is None else before.rotated(rows)
        return keys, values, hidden

    keys, values, hidden = checkpoint(rotated, use_reentrant=False) if checkpoints else rotated()
    if keys is not None and values is not None:
        past.append_rotated(KeyValues(keys, values))
    return hidden


def _text_work(
    model: "VideoXLForConditionalGeneration", text_BT: torch.Tensor, *, reads_out: bool
) -> Callable[[BatchMemory], Condensed]:
    def work(past: BatchMemory) -> Condensed:
        if reads_out:
            return condense_text_reading_out(model.decoder, past, text_BT)
        return condense_text(model.decoder, past, text_BT), None

    return work


def _interval_work(
    model: "VideoXLForConditionalGeneration", visual_BFMD: torch.Tensor, ratio: int, *, reads_out: bool
) -> Callable[[BatchMemory], Condensed]:
    def work(past: BatchMemory) -> Condensed:
        visual_BND = visual_BFMD.flatten(1, 2)
        layout = Layout(visual_BND.shape[1], ratio, model.config.layout_rule)
        if reads_out:
            return condense_interval_reading_out(model.decoder, past, visual_BND, layout)
        return condense_interval(model.decoder, past, visual_BND, layout), None

    return work
