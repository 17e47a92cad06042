"""A Llama-like decoder whose layers know Visual Summarization Tokens (VSTs).

A VST is a row of a step that has one shared input embedding and, in every layer, its own q, k and v projections;
everything else it shares with the other rows. Two kinds of step use the same layers:

    condense   a stretch of video or text whose rows, or only whose VSTs, become memory: returns un-rotated rows
    forward    text that talks: rows go to the cache's tail, hidden states come back

Qwen2 and Llama differ in nothing that matters here, so one mixin serves both and no modelling file is copied.

L layers, B batch, T tokens in this step, N kept rows, H query heads, K key/value heads, E head width, D hidden width.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint
from transformers import LlamaConfig, PreTrainedModel, Qwen2Config
from transformers.models.llama.modeling_llama import (
    LlamaAttention,
    LlamaDecoderLayer,
    LlamaPreTrainedModel,
    LlamaRMSNorm,
    LlamaRotaryEmbedding,
)
from transformers.models.qwen2.modeling_qwen2 import (
    Qwen2Attention,
    Qwen2DecoderLayer,
    Qwen2PreTrainedModel,
    Qwen2RMSNorm,
    Qwen2RotaryEmbedding,
    rotate_half,
)

from videoxl.memory.cache import Past
from videoxl.memory.key_values import KeyValues, PaddedTails
from videoxl.model.attention import attend, attend_with_log_sum, attention_weights
from videoxl.model.glance import Glance

Watched = dict[int, torch.Tensor | None]
"""Attention weights (B, H, T, rows) of the layers that are its keys, filled in by a step."""


@dataclass(slots=True)
class Step:
    """One forward pass through all layers: what may be read, and which rows are kept."""

    past: Past
    cos: torch.Tensor
    sin: torch.Tensor
    vst_index: torch.Tensor | None = None
    kept_index: torch.Tensor | None = None
    condenses: bool = False
    mask: torch.Tensor | None = None
    keys: list[torch.Tensor] = field(default_factory=list)
    values: list[torch.Tensor] = field(default_factory=list)
    watched: Watched | None = None
    glance: Glance | None = None

    def keep(self, key_BKTE: torch.Tensor, value_BKTE: torch.Tensor) -> None:
        """Put aside the un-rotated rows that the memory will hold."""
        for kept, rows in ((self.keys, key_BKTE), (self.values, value_BKTE)):
            kept.append(rows if self.kept_index is None else rows.index_select(2, self.kept_index))

    def rows(self) -> KeyValues:
        return KeyValues(torch.stack(self.keys), torch.stack(self.values))


class VSTAttention:
    """Mixin for an attention of the Llama kind: own projections for VSTs, a memory to read, rows to keep."""

    def add_vst_projections(self) -> None:
        for name in ("q", "k", "v"):
            base = getattr(self, f"{name}_proj")
            own = nn.Linear(base.in_features, base.out_features, bias=base.bias is not None)
            setattr(self, f"vst_{name}_proj", own)

    def copy_base_projections(self) -> None:
        """Start the VST projections as copies of the layer's own (paper, section 3.2)."""
        for name in ("q", "k", "v"):
            getattr(self, f"vst_{name}_proj").load_state_dict(getattr(self, f"{name}_proj").state_dict())

    def forward(self, hidden_BTD: torch.Tensor, step: Step, *, queries: torch.Tensor | None = None) -> torch.Tensor:
        """Attend from every row, or from the rows `queries` alone."""
        own = self.keep_rows(hidden_BTD, step)
        cos, sin, mask = step.cos, step.sin, step.mask
        if queries is None:
            query = self._project("q", hidden_BTD, step.vst_index)
        else:
            query = self._project_vst("q", hidden_BTD, queries)
            cos, sin = cos.index_select(1, queries), sin.index_select(1, queries)
            mask = (torch.arange(hidden_BTD.shape[1], device=queries.device) <= queries[:, None])[None, None]
        query = rotated(query, cos, sin)
        memory = step.past.memory_of(self.layer_idx)
        if step.watched is not None and self.layer_idx in step.watched:
            step.watched[self.layer_idx] = attention_weights(query, own, memory, scaling=self.scaling, mask=mask)
        if step.glance is not None and self.layer_idx in step.glance.layers:
            mixed_BHTE, log_sum_BHT = attend_with_log_sum(query, own, memory, scaling=self.scaling, mask=mask)
            step.glance.add(query, log_sum_BHT, memory, scaling=self.scaling)
        else:
            mixed_BHTE = attend(query, own, memory, scaling=self.scaling, mask=mask)
        return self.o_proj(mixed_BHTE.transpose(1, 2).flatten(2))

    def keep_rows(self, hidden_BTD: torch.Tensor, step: Step) -> KeyValues | PaddedTails:
        """Project keys and values, put aside what the memory keeps, and return the rows to attend to."""
        key = self._project("k", hidden_BTD, step.vst_index)
        value = self._project("v", hidden_BTD, step.vst_index)
        if step.condenses:
            step.keep(key, value)
        own = KeyValues(rotated(key, step.cos, step.sin), value)
        return own if step.condenses else step.past.extend_tail(self.layer_idx, own)

    def keep_vst_rows(self, vst_BVD: torch.Tensor, step: Step) -> None:
        """The last layer of an interval: its VSTs' keys and values are all that anyone will read."""
        step.keys.append(self._heads(self.vst_k_proj(vst_BVD)))
        step.values.append(self._heads(self.vst_v_proj(vst_BVD)))

    def _project(self, name: str, hidden_BTD: torch.Tensor, vst_index: torch.Tensor | None) -> torch.Tensor:
        rows = getattr(self, f"{name}_proj")(hidden_BTD)
        if vst_index is not None:
            own = getattr(self, f"vst_{name}_proj")(hidden_BTD.index_select(1, vst_index))
            rows = rows.index_copy_(1, vst_index, own)
        return self._heads(rows)

    def _project_vst(self, name: str, hidden_BTD: torch.Tensor, vst_index: torch.Tensor) -> torch.Tensor:
        return self._heads(getattr(self, f"vst_{name}_proj")(hidden_BTD.index_select(1, vst_index)))

    def _heads(self, rows_BTD: torch.Tensor) -> torch.Tensor:
        return rows_BTD.unflatten(-1, (-1, self.head_dim)).transpose(1, 2)


class VSTLayer:
    """Mixin for a decoder layer of the Llama kind."""

    def forward(self, hidden_BTD: torch.Tensor, step: Step, *, queries: torch.Tensor | None = None) -> torch.Tensor:
        """Pass every row through the layer, or let only the rows `queries` come out of it."""
        residual = hidden_BTD if queries is None else hidden_BTD.index_select(1, queries)
        hidden = residual + self.self_attn(self.input_layernorm(hidden_BTD), step, queries=queries)
        return hidden + self.mlp(self.post_attention_layernorm(hidden))


class VSTDecoder(PreTrainedModel):
    """Mixin for the decoder: embeddings, layers, norm, and the two kinds of step."""

    layer_class: type[nn.Module]
    norm_class: type[nn.Module]
    rotary_class: type[nn.Module]
    checkpoints_layers = False
    """Whether activation checkpointing goes by layers instead of by intervals: it keeps what goes into each layer, for
    every token of a video, and computes one layer of one interval at a time again."""

    def build(self, config: Qwen2Config | LlamaConfig) -> None:
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size, config.pad_token_id)
        self.vst_embedding = nn.Embedding(1, config.hidden_size)
        self.layers = nn.ModuleList(self.layer_class(config, index) for index in range(config.num_hidden_layers))
        self.norm = self.norm_class(config.hidden_size, eps=config.rms_norm_eps)
        self.rotary_emb = self.rotary_class(config=config)
        self.post_init()

    def get_input_embeddings(self) -> nn.Embedding:
        return self.embed_tokens

    def set_input_embeddings(self, value: nn.Embedding) -> None:
        self.embed_tokens = value

    def rotate(self, keys: torch.Tensor, position_ids: torch.Tensor) -> torch.Tensor:
        """Rotate keys (..., K, N, E) to the positions (N,) where they will stay."""
        cos, sin = self.rotary_emb(keys, position_ids[None])
        return rotated(keys, cos, sin)

    def condense(
        self, embeds_BTD: torch.Tensor, past: Past, *, vst_index: torch.Tensor | None = None, reads_out: bool = False
    ) -> tuple[KeyValues, torch.Tensor | None]:
        """Run one interval, or text that will be remembered, and return the rows that memory keeps of it.

        Args:
            vst_index: Positions of the VSTs; only their rows are kept. None keeps every row.
            reads_out: Also return the hidden states of every token; without it the last layers compute only what
                the kept rows need.
        """
        step = self._step(embeds_BTD, past, vst_index=vst_index, kept_index=vst_index, condenses=True)
        if reads_out:
            hidden = self._run(embeds_BTD, step, self.layers)
            return step.rows(), self.norm(hidden)
        *early, last = self.layers
        if vst_index is None:
            hidden = self._run(embeds_BTD, step, early)
            last.self_attn.keep_rows(last.input_layernorm(hidden), step)
            return step.rows(), None
        if early:
            *early, before_last = early
            hidden = self._run(embeds_BTD, step, early)
            vst_BVD = self._run(hidden, step, [before_last], queries=vst_index)
        else:
            vst_BVD = embeds_BTD.index_select(1, vst_index)
        last.self_attn.keep_vst_rows(last.input_layernorm(vst_BVD), step)
        return step.rows(), None

    def forward(
        self,
        inputs_embeds: torch.Tensor,
        past: Past,
        *,
        position_ids: torch.Tensor | None = None,
        mask: torch.Tensor | None = None,
        watched: Watched | None = None,
        glance: Glance | None = None,
        checkpoints: bool = False,
    ) -> torch.Tensor:
        """Run text on a memory; its rows join the cache's tail. Returns hidden states (B, T, D).

        Args:
            position_ids: (B or 1, T); None continues after memory and tail.
            mask: Boolean (B or 1, 1, T, tail with this step); None is causal.
            watched: Layers (as keys) whose attention weights (B, H, T, rows) are wanted; filled in place.
            glance: Attention on memory rows by one token of each question, added up in place; not for training.
            checkpoints: Compute layers again in the backward pass instead of keeping what they computed.
        """
        step = self._step(inputs_embeds, past, position_ids=position_ids, mask=mask, watched=watched, glance=glance)
        return self.norm(self._run(inputs_embeds, step, self.layers, checkpoints=checkpoints))

    def _run(
        self,
        hidden: torch.Tensor,
        step: Step,
        layers: Iterable[nn.Module],
        *,
        queries: torch.Tensor | None = None,
        checkpoints: bool = False,
    ) -> torch.Tensor:
        checkpoints = checkpoints or (self.checkpoints_layers and torch.is_grad_enabled())
        for layer in layers:
            if checkpoints:
                hidden = checkpoint(layer, hidden, step, queries=queries, use_reentrant=False)
            else:
                hidden = layer(hidden, step, queries=queries)
        return hidden

    def _step(
        self, embeds: torch.Tensor, past: Past, *, position_ids: torch.Tensor | None = None, **options: object
    ) -> Step:
        if position_ids is None:
            first = past.num_rows + past.num_tail
            position_ids = torch.arange(first, first + embeds.shape[1], device=embeds.device)[None]
        cos, sin = self.rotary_emb(embeds, position_ids)
        return Step(past, cos, sin, **options)


def rotated(rows_BHTE: torch.Tensor, cos_BTE: torch.Tensor, sin_BTE: torch.Tensor) -> torch.Tensor:
    """Queries or keys turned to their positions, in the number type that they have (under autocast angles differ)."""
    cos, sin = cos_BTE.unsqueeze(1), sin_BTE.unsqueeze(1)
    return torch.addcmul(rows_BHTE * cos, rotate_half(rows_BHTE), sin).to(rows_BHTE.dtype)


class VSTQwen2Attention(VSTAttention, Qwen2Attention):
    """Qwen2's attention with VST projections."""

    def __init__(self, config: Qwen2Config, layer_idx: int) -> None:
        super().__init__(config, layer_idx)
        self.add_vst_projections()


class VSTQwen2Layer(VSTLayer, Qwen2DecoderLayer):
    """Qwen2's layer around it."""

    def __init__(self, config: Qwen2Config, layer_idx: int) -> None:
        super().__init__(config, layer_idx)
        self.self_attn = VSTQwen2Attention(config, layer_idx)


class VSTQwen2Model(VSTDecoder, Qwen2PreTrainedModel):
    """Qwen2's decoder with VSTs."""

    layer_class, norm_class, rotary_class = VSTQwen2Layer, Qwen2RMSNorm, Qwen2RotaryEmbedding

    def __init__(self, config: Qwen2Config) -> None:
        super().__init__(config)
        self.build(config)


class VSTLlamaAttention(VSTAttention, LlamaAttention):
    """Llama's attention with VST projections."""

    def __init__(self, config: LlamaConfig, layer_idx: int) -> None:
        super().__init__(config, layer_idx)
        self.add_vst_projections()


class VSTLlamaLayer(VSTLayer, LlamaDecoderLayer):
    """Llama's layer around it."""

    def __init__(self, config: LlamaConfig, layer_idx: int) -> None:
        super().__init__(config, layer_idx)
        self.self_attn = VSTLlamaAttention(config, layer_idx)


class VSTLlamaModel(VSTDecoder, LlamaPreTrainedModel):
    """Llama's decoder with VSTs."""

    layer_class, norm_class, rotary_class = VSTLlamaLayer, LlamaRMSNorm, LlamaRotaryEmbedding

    def __init__(self, config: LlamaConfig) -> None:
        super().__init__(config)
        self.build(config)


DECODERS: dict[str, type[VSTDecoder]] = {"qwen2": VSTQwen2Model, "llama": VSTLlamaModel}
