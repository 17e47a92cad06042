"""Starting values from which a small decoder learns to look things up in minutes instead of hours.

With ordinary starting values "is there a dog" stays a coin flip for longer than the whole training (docs/log.md): no
head compares the word in the question with what the VSTs hold. So the comparison is there from the start:

    words    name rows of the embedding table are the words of alignment; every row enters at root mean square 1
    output   o_proj is half of v_proj transposed, head by head: what a row looks at is added to it as it is
    match    from the second layer on, one query head of each group asks text for VSTs that hold what the text says:
             its rows are the VSTs' key rows, on dimensions that the rotary embedding hardly turns
    near     in the first layers VSTs look at the tokens just before them: biases of queries and keys on the dimensions
             that the rotary embedding turns fastest
    apart    text keys and VST queries are drawn anew, or a word would match itself best

D hidden width, H query heads, K key/value heads, E head width.
"""

import math
from dataclasses import dataclass

import torch
from torch import nn

from videoxl.model.modeling_videoxl import VideoXLForConditionalGeneration
from videoxl.training.films.words import unit_rms


@dataclass(frozen=True, slots=True)
class InitialisationConfig:
    """Sizes of the starting values."""

    match_gain: float = 2.5
    output_gain: float = 0.5
    mlp_gain: float = 0.3
    final_gain: float = 0.1
    """Gain of the last norm: tied rows of size 1 would start with scores of a hundred."""
    most_turn: float = 1e-3
    """Radians per position up to which a rotary dimension counts as still."""
    near_layers: int = 2
    near_turn: float = 0.05
    """Radians per position from which a rotary dimension tells near from far."""
    near_gain: float = 3.0
    """Size of the biases; their product is what a token just before a VST gains in its score."""


@torch.no_grad()
def initialise(
    model: VideoXLForConditionalGeneration,
    words_by_id: dict[int, torch.Tensor],
    *,
    config: InitialisationConfig,
    generator: torch.Generator,
) -> None:
    """Give the decoder its starting values in place; `words_by_id` are the aligned words (D,) by token."""
    decoder = model.decoder
    table = decoder.embed_tokens.weight
    table.copy_(unit_rms(torch.randn(table.shape, generator=generator)))
    for token, word_D in words_by_id.items():
        table[token] = unit_rms(word_D)
    decoder.vst_embedding.weight.copy_(unit_rms(torch.randn(decoder.vst_embedding.weight.shape, generator=generator)))
    decoder.norm.weight.fill_(config.final_gain)
    still_E = _still_dimensions(decoder.rotary_emb.inv_freq, config.most_turn)
    for index, layer in enumerate(decoder.layers):
        for module in layer.modules():
            if isinstance(module, nn.Linear):
                _draw(module, generator)
        layer.mlp.down_proj.weight.mul_(config.mlp_gain)
        attention = layer.self_attn
        attention.vst_v_proj.load_state_dict(attention.v_proj.state_dict())
        _mirror_values(attention, config.output_gain)
        if index < config.near_layers:
            _look_near(attention, decoder.rotary_emb.inv_freq >= config.near_turn, config.near_gain)
        if index > 0:
            _match_words_with_vsts(attention, still_E, config.match_gain)


def _draw(linear: nn.Linear, generator: torch.Generator) -> None:
    linear.weight.copy_(torch.randn(linear.weight.shape, generator=generator) / math.sqrt(linear.in_features))
    if linear.bias is not None:
        linear.bias.zero_()


def _still_dimensions(inverse_frequencies: torch.Tensor, most_turn: float) -> torch.Tensor:
    """Boolean (E,): a rotary pair is dimension i and i + E / 2."""
    return torch.cat([inverse_frequencies < most_turn] * 2)


def _mirror_values(attention: nn.Module, gain: float) -> None:
    width = attention.head_dim
    for head in range(attention.o_proj.in_features // width):
        group = head // attention.num_key_value_groups
        value_ED = attention.v_proj.weight[group * width : (group + 1) * width]
        attention.o_proj.weight[:, head * width : (head + 1) * width] = gain * value_ED.T


def _look_near(attention: nn.Module, is_fast: torch.Tensor, gain: float) -> None:
    """Scores of gain squared times the cosines of the distance, from VST queries to any key."""
    bias_E = torch.cat([gain * is_fast, torch.zeros(len(is_fast))])
    for linear in (attention.vst_q_proj, attention.k_proj, attention.vst_k_proj):
        if linear.bias is not None:
            linear.bias.copy_(bias_E.repeat(linear.out_features // attention.head_dim))


def _match_words_with_vsts(attention: nn.Module, still_E: torch.Tensor, gain: float) -> None:
    width, heads_in_group = attention.head_dim, attention.num_key_value_groups
    for group in range(attention.vst_k_proj.out_features // width):
        head = group * heads_in_group
        key_ED = attention.vst_k_proj.weight[group * width : (group + 1) * width]
        attention.q_proj.weight[head * width : (head + 1) * width] = gain * key_ED * still_E[:, None]
