"""Attention over a memory and a step, differentiated without ever keeping the memory twice.

What the backward pass needs is the softmax's output and the log of its denominator over everything; with those, each
part's gradients come from that part alone, as in ring attention. So memory is kept in the pieces in which it lies, put
in a row for the moment of a layer, and no matrix of queries by rows is made, nor a mask over memory.

B batch, T tokens in this step, S memory rows, H query heads, K key/value heads, E head width.
"""

from typing import Any

import torch

from videoxl.memory.key_values import KeyValues, Pieces

_forward = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
_backward = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward


def attend_in_pieces(
    query_BHTE: torch.Tensor, own: KeyValues, memory: Pieces, *, scaling: float, mask: torch.Tensor | None
) -> torch.Tensor:
    """Mix values of memory and step for each query, on the CPU; returns (B, H, T, E).

    Args:
        mask: Boolean (B or 1, 1, T, own rows); None is causal, for as many queries as own rows.
    """
    dtype = query_BHTE.dtype
    parts = [tensor.to(dtype) for piece in memory.parts for tensor in piece]
    mixed: torch.Tensor = _MemoryAttention.apply(
        query_BHTE, own.keys.to(dtype), own.values.to(dtype), mask, scaling, *parts
    )
    return mixed


class _MemoryAttention(torch.autograd.Function):
    """Tensors of the pieces come last, keys and values in turns."""

    @staticmethod
    def forward(
        ctx: Any,
        query: torch.Tensor,
        own_keys: torch.Tensor,
        own_values: torch.Tensor,
        mask: torch.Tensor | None,
        scaling: float,
        *parts: torch.Tensor,
    ) -> torch.Tensor:
        bias = _bias(mask, query.dtype)
        output, log_sum = _forward(query, own_keys, own_values, 0.0, mask is None, attn_mask=bias, scale=scaling)
        if parts:
            keys, values = _joined(parts)
            folded = _folded(query, keys)
            past_output, past_log_sum = _forward(folded, keys, values, 0.0, False, scale=scaling)
            past_output, past_log_sum = past_output.reshape(output.shape), past_log_sum.reshape(log_sum.shape)
            share = torch.sigmoid(past_log_sum - log_sum).unsqueeze(-1).to(output.dtype)
            output = torch.lerp(output, past_output, share)
            log_sum = torch.logaddexp(log_sum, past_log_sum)
        ctx.scaling, ctx.mask = scaling, mask
        ctx.save_for_backward(query, own_keys, own_values, output, log_sum.contiguous(), *parts)
        return output

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> Any:
        query, own_keys, own_values, output, log_sum, *parts = ctx.saved_tensors
        gradient, scale = gradient.contiguous(), ctx.scaling
        bias = _bias(ctx.mask, query.dtype)
        of_query, of_keys, of_values = _backward(
            gradient, query, own_keys, own_values, output, log_sum, 0.0, ctx.mask is None, attn_mask=bias, scale=scale
        )
        of_parts: list[torch.Tensor] = []
        if parts:
            keys, values = _joined(parts)
            folds = [_folded(tensor, keys) for tensor in (gradient, query)]
            ends = _folded(output, keys), log_sum.reshape(*folds[0].shape[:3])
            through_past, of_past_keys, of_past_values = _backward(*folds, keys, values, *ends, 0.0, False, scale=scale)
            of_query = of_query + through_past.reshape(of_query.shape)
            sizes = [part.shape[2] for part in parts[::2]]
            pairs = zip(of_past_keys.split(sizes, dim=2), of_past_values.split(sizes, dim=2), strict=True)
            of_parts = [part for pair in pairs for part in pair]
        return of_query, of_keys, of_values, None, None, *of_parts


def _joined(parts: tuple[torch.Tensor, ...] | list[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Keys and values (B, K, S, E) of pieces in turns."""
    return torch.cat(parts[::2], dim=2), torch.cat(parts[1::2], dim=2)


def _folded(rows_BHTE: torch.Tensor, keys_BKSE: torch.Tensor) -> torch.Tensor:
    """The heads that share a key head, as more queries: (B, K, H/K * T, E)."""
    batch, _, _, width = rows_BHTE.shape
    return rows_BHTE.reshape(batch, keys_BKSE.shape[1], -1, width)


def _bias(mask: torch.Tensor | None, dtype: torch.dtype) -> torch.Tensor | None:
    if mask is None:
        return None
    return torch.zeros(mask.shape, dtype=dtype, device=mask.device).masked_fill_(~mask, torch.finfo(dtype).min)
