"""The interval loop: text and video go in, in order, and what remains of them is memory.

Inference and training run these functions. Inference appends to a `MemoryCache`, training to a `BatchMemory`; both are
read by the next interval and nothing else connects two intervals.

B batch, N visual tokens of an interval, T rows of a step (visual tokens and VSTs), D hidden width.
"""

import torch

from videoxl.compression.layout import Layout
from videoxl.memory.cache import Past
from videoxl.memory.key_values import KeyValues
from videoxl.model.decoder import VSTDecoder


def condense_interval(decoder: VSTDecoder, past: Past, visual_BND: torch.Tensor, layout: Layout) -> KeyValues | None:
    """Summarise one interval: the un-rotated rows (L, B, K, N, E) that memory keeps of it.

    None where the interval leaves nothing: under rule `drop`, with fewer tokens than the ratio.
    """
    if layout.num_rows_kept == 0:
        return None
    embeds, vst_index = interleave(decoder, visual_BND, layout)
    rows, _ = decoder.condense(embeds, past, vst_index=vst_index)
    return rows


def condense_interval_reading_out(
    decoder: VSTDecoder, past: Past, visual_BND: torch.Tensor, layout: Layout
) -> tuple[KeyValues | None, torch.Tensor]:
    """The same, with the final hidden states (B, N, D) of every visual token.

    Needed only where a token is predicted straight from the video, as after a video with no text behind it. Tokens
    that `drop` leaves out of memory take part here, behind the last VST.
    """
    embeds, vst_index = interleave(decoder, visual_BND, layout)
    embeds = torch.cat([embeds, visual_BND[:, layout.num_raw :].to(embeds.dtype)], dim=1)
    rows, hidden_BTD = decoder.condense(embeds, past, vst_index=vst_index, reads_out=True)
    assert hidden_BTD is not None
    raw = [*layout.raw_index(), *range(layout.length, embeds.shape[1])]
    return rows if layout.num_rows_kept else None, hidden_BTD[:, raw]


def condense_text(decoder: VSTDecoder, past: Past, input_ids_BT: torch.Tensor) -> KeyValues:
    """Text that stands before (or between) videos: every row is kept, in one step whatever its length."""
    rows, _ = decoder.condense(decoder.embed_tokens(input_ids_BT), past)
    return rows


def condense_text_reading_out(
    decoder: VSTDecoder, past: Past, input_ids_BT: torch.Tensor
) -> tuple[KeyValues, torch.Tensor]:
    """The same, with the final hidden states (B, T, D)."""
    rows, hidden_BTD = decoder.condense(decoder.embed_tokens(input_ids_BT), past, reads_out=True)
    assert hidden_BTD is not None
    return rows, hidden_BTD


def interleave(
    decoder: VSTDecoder, visual_BND: torch.Tensor, layout: Layout
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Visual tokens with a VST after every `ratio` of them, (B, T, D), and where the VSTs stand."""
    assert visual_BND.shape[1] == layout.num_tokens, f"{visual_BND.shape[1]} tokens for a layout of {layout.num_tokens}"
    visual_BND = visual_BND.to(decoder.vst_embedding.weight.dtype)  # under autocast the projector's are of 16 bit
    if layout.num_vst == 0:
        return visual_BND[:, : layout.num_raw], None
    batch, _, width = visual_BND.shape
    device = visual_BND.device
    vst_index = torch.tensor(layout.vst_index(), device=device)
    raw_index = torch.tensor(layout.raw_index(), device=device)
    embeds = visual_BND.new_empty(batch, layout.length, width)
    embeds = embeds.index_copy(1, raw_index, visual_BND[:, : layout.num_raw])
    vst = decoder.vst_embedding.weight.expand(batch, layout.num_vst, width)
    return embeds.index_copy(1, vst_index, vst), vst_index
