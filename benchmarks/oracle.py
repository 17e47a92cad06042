"""The loop of the released Video-XL code, written plainly: what our decoder must equal, and be faster than.

It is a straightforward port of what that code does (semantics: tests/laws; the wastes are its own, kept on purpose):

    features    copied into the step one token at a time
    VSTs        told from other rows by boolean masks, two scatters a projection
    keys        kept un-rotated, concatenated and all rotated again, in every layer of every step
    heads       key/value heads repeated for each query head
    mask        dense, (T, S + T)
    logits      of every token of every step, in float32

`eager` lays the attention weights out; `sdpa` leaves them to the fused kernel.

T tokens in this step, S rows kept so far, N visual tokens, H query heads, K key/value heads, E head width, D hidden
width, C vocabulary. The batch is always 1 and left out.
"""

from collections.abc import Mapping
from typing import Literal

import torch
from torch.nn.functional import linear, scaled_dot_product_attention, silu
from transformers import Qwen2Config

from videoxl.checkpoint.keymap import official, ours

AttentionForm = Literal["eager", "sdpa"]
_DECODER = "model.language_model."


class ReleasedLoop:
    """One decoder and, as in the released code, the memory of one video inside it."""

    def __init__(self, weights: Mapping[str, torch.Tensor], config: Qwen2Config, *, attention: AttentionForm) -> None:
        """Take weights under the authors' names."""
        self.weights = {str(ours(name)).removeprefix(_DECODER): weight for name, weight in weights.items()}
        self.config, self.attention = config, attention
        self.head_dim = config.hidden_size // config.num_attention_heads
        self.reset()

    def reset(self) -> None:
        """Forget the video."""
        empty = torch.empty(self.config.num_key_value_heads, 0, self.head_dim)
        self.keys = [empty] * self.config.num_hidden_layers
        self.values = [empty] * self.config.num_hidden_layers

    @property
    def num_rows(self) -> int:
        return self.keys[0].shape[1]

    @torch.no_grad()
    def prefill(
        self, prefix_ids: torch.Tensor, features_ND: torch.Tensor, suffix_ids: torch.Tensor, *, window: int, ratio: int
    ) -> torch.Tensor:
        """Text, video in windows, text; the logits (T, C) of the last window of the text behind the video."""
        self.read_text(prefix_ids)
        for features in features_ND.split(window):
            self.watch(features, ratio)
        for ids in suffix_ids.split(window):
            logits_TC = self.read_text(ids)
        return logits_TC

    @torch.no_grad()
    def watch(self, features_ND: torch.Tensor, ratio: int) -> torch.Tensor:
        """One window of visual tokens with a VST behind every `ratio` of them; only VSTs are kept."""
        is_vst = []
        for token in range(1, len(features_ND) + 1):
            is_vst += [False, True] if token % ratio == 0 else [False]
        vst = self.weights["vst_embedding.weight"]
        embeds_TD = vst.expand(len(is_vst), -1).clone()
        next_feature = 0
        for row, stands_for_vst in enumerate(is_vst):
            if not stands_for_vst:
                embeds_TD[row] = features_ND[next_feature]
                next_feature += 1
        return self._step(embeds_TD, torch.tensor(is_vst))

    @torch.no_grad()
    def read_text(self, ids: torch.Tensor) -> torch.Tensor:
        """One step of text, every row kept; logits (T, C)."""
        return self._step(self.weights["embed_tokens.weight"][ids], None)

    @torch.no_grad()
    def generate(self, logits_TC: torch.Tensor, num_tokens: int) -> list[int]:
        """Greedy tokens behind the text that gave these logits."""
        tokens = []
        for _ in range(num_tokens):
            tokens.append(int(logits_TC[-1].argmax()))
            logits_TC = self.read_text(torch.tensor(tokens[-1:]))
        return tokens

    def _step(self, hidden_TD: torch.Tensor, is_vst: torch.Tensor | None) -> torch.Tensor:
        num_tokens, total = len(hidden_TD), self.num_rows + len(hidden_TD)
        seen = torch.ones(num_tokens, total, dtype=torch.bool).tril(total - num_tokens)
        mask_TS = torch.zeros(num_tokens, total).masked_fill(~seen, torch.finfo(torch.float32).min)
        for layer in range(self.config.num_hidden_layers):
            normed = self._norm(hidden_TD, f"layers.{layer}.input_layernorm")
            hidden_TD = hidden_TD + self._attend(normed, layer, is_vst, mask_TS)
            normed = self._norm(hidden_TD, f"layers.{layer}.post_attention_layernorm")
            hidden_TD = hidden_TD + self._feed_forward(normed, f"layers.{layer}.mlp")
        return self._linear(self._norm(hidden_TD, "norm"), "lm_head").float()

    def _attend(
        self, hidden_TD: torch.Tensor, layer: int, is_vst: torch.Tensor | None, mask_TS: torch.Tensor
    ) -> torch.Tensor:
        place = f"layers.{layer}.self_attn"
        query, key, value = (self._project(hidden_TD, place, name, is_vst) for name in "qkv")
        keys_KSE = torch.cat([self.keys[layer], key], dim=1)
        values_KSE = torch.cat([self.values[layer], value], dim=1)
        kept = slice(None) if is_vst is None else is_vst
        self.keys[layer] = torch.cat([self.keys[layer], key[:, kept]], dim=1)
        self.values[layer] = torch.cat([self.values[layer], value[:, kept]], dim=1)
        total = keys_KSE.shape[1]
        query = self._rotated(query, torch.arange(total - len(hidden_TD), total))
        keys_KSE = self._rotated(keys_KSE, torch.arange(total))
        groups = self.config.num_attention_heads // self.config.num_key_value_heads
        keys_HSE = keys_KSE.repeat_interleave(groups, dim=0)
        values_HSE = values_KSE.repeat_interleave(groups, dim=0)
        if self.attention == "sdpa":
            batched = (part[None] for part in (query, keys_HSE, values_HSE, mask_TS[None]))
            mixed_HTE = _sdpa(*batched)[0]
        else:
            scores_HTS = query @ keys_HSE.transpose(1, 2) / self.head_dim**0.5 + mask_TS
            mixed_HTE = scores_HTS.softmax(dim=-1, dtype=torch.float32).to(query.dtype) @ values_HSE
        return self._linear(mixed_HTE.transpose(0, 1).flatten(1), f"{place}.o_proj")

    def _project(self, hidden_TD: torch.Tensor, place: str, name: str, is_vst: torch.Tensor | None) -> torch.Tensor:
        """Heads (H or K, T, E) of one projection, VSTs by their own weights."""
        if is_vst is None:
            rows = self._linear(hidden_TD, f"{place}.{name}_proj")
        else:
            rows = hidden_TD.new_zeros(len(hidden_TD), len(self.weights[f"{place}.{name}_proj.weight"]))
            rows[~is_vst] = self._linear(hidden_TD[~is_vst], f"{place}.{name}_proj")
            rows[is_vst] = self._linear(hidden_TD[is_vst], f"{place}.vst_{name}_proj")
        return rows.unflatten(1, (-1, self.head_dim)).transpose(0, 1)

    def _feed_forward(self, hidden_TD: torch.Tensor, place: str) -> torch.Tensor:
        gated = silu(self._linear(hidden_TD, f"{place}.gate_proj")) * self._linear(hidden_TD, f"{place}.up_proj")
        return self._linear(gated, f"{place}.down_proj")

    def _norm(self, hidden_TD: torch.Tensor, name: str) -> torch.Tensor:
        variance = hidden_TD.pow(2).mean(dim=-1, keepdim=True)
        return self.weights[f"{name}.weight"] * (hidden_TD * torch.rsqrt(variance + self.config.rms_norm_eps))

    def _rotated(self, rows_HTE: torch.Tensor, positions_T: torch.Tensor) -> torch.Tensor:
        """Turn the first half of each head against the second by angles that grow with the position."""
        half = self.head_dim // 2
        theta = self.config.rope_parameters["rope_theta"]
        frequencies = theta ** (-torch.arange(half, dtype=torch.float32) / half)
        angles = positions_T[:, None].float() * frequencies
        cos, sin = torch.cat([angles.cos()] * 2, dim=-1), torch.cat([angles.sin()] * 2, dim=-1)
        turned = torch.cat([-rows_HTE[..., half:], rows_HTE[..., :half]], dim=-1)
        return rows_HTE * cos + turned * sin

    def _linear(self, hidden_TD: torch.Tensor, name: str) -> torch.Tensor:
        return linear(hidden_TD, self.weights[f"{name}.weight"], self.weights.get(f"{name}.bias"))


def official_weights(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """The weights of one of our models under the authors' names; not copied."""
    return {official(name): weight.detach() for name, weight in model.state_dict().items()}


def _sdpa(query: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return scaled_dot_product_attention(query, keys, values, attn_mask=mask)
