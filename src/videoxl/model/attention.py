"""Attention over a memory and the tokens of the present step.

Every token may read the whole memory and, of its own step, the tokens up to itself. Two forms give the same numbers:

    split   two softmaxes, one over the memory and one over the step, merged by their log-sums. The memory is read
            where it lies: never copied, masked, or repeated for a batch of questions or a group of heads.
    joined  memory and step concatenated, one softmax with a mask. It can be differentiated, and shows its weights.

On the CPU the split form of large memories is differentiated, too (memory_gradient.py); else training takes the joined.

A batch of questions on one memory (`PaddedTails`) is split once more: all queries read the memory in one product, and
each group of tails of about one length is read by its own queries.

Both keep grouped key/value heads unexpanded where the kernel allows. Stock SDPA without a mask would drop the memory
(it aligns causality top-left), which is why no call here relies on its default.

B batch, P 1 or B, T tokens in this step, S memory rows, H query heads, K key/value heads, E head width.
"""

import torch
from torch.nn.functional import pad, scaled_dot_product_attention

from videoxl.memory.key_values import KeyValues, PaddedTails, Pieces
from videoxl.model.memory_gradient import attend_in_pieces

JOINED_PAIRS = 2**17  # of query and memory row: below, one call with a mask is faster than two without
SHARES_AT_ONCE = 2**22  # of head and memory row, in float32 16 MiB: what looking at the weights holds at a time


def attend(
    query_BHTE: torch.Tensor,
    own: KeyValues | PaddedTails,
    memory: KeyValues | Pieces | None,
    *,
    scaling: float,
    mask: torch.Tensor | None = None,
) -> torch.Tensor:
    """Mix values of memory and step for each query; returns (B, H, T, E).

    Args:
        own: Rows of the present step (and of the conversation so far); queries are its last T. Those of a batch of
            questions bring their masks along.
        memory: Rows that every query may read; a batch of 1 serves any number of queries.
        mask: Boolean (B or 1, 1, T, own rows), True where a query may look; None means causal, aligned at the end. With
            the memory's rows before those, (B or 1, 1, T, S + own rows), it says what of the memory may be read, too.
    """
    if isinstance(own, PaddedTails):
        assert not isinstance(memory, Pieces), "questions are answered on the rows of a cache"
        return attend_with_log_sum(query_BHTE, own, memory, scaling=scaling)[0]
    needs_gradient = torch.is_grad_enabled() and (query_BHTE.requires_grad or own.keys.requires_grad)
    if isinstance(memory, Pieces):
        is_large = query_BHTE.shape[2] * memory.num_rows > JOINED_PAIRS and not _is_of_memory(mask, own)
        if needs_gradient and is_large and query_BHTE.device.type == "cpu":
            return attend_in_pieces(query_BHTE, own, memory, scaling=scaling, mask=mask)
        memory = memory.joined()
    if needs_gradient or _is_of_memory(mask, own):
        return _joined(query_BHTE, own, memory, scaling, mask)
    return attend_with_log_sum(query_BHTE, own, memory, scaling=scaling, mask=mask)[0]


def attend_with_log_sum(
    query_BHTE: torch.Tensor,
    own: KeyValues | PaddedTails,
    memory: KeyValues | None,
    *,
    scaling: float,
    mask: torch.Tensor | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """The split form, with the log of the softmax's denominator (B, H, T): see `attend` and `memory_shares`."""
    output, log_sum = _over_own(query_BHTE, own, scaling, mask)
    if memory is None or memory.keys.shape[2] == 0:
        return output, log_sum
    past_output, past_log_sum = _over_memory(query_BHTE, memory, scaling)
    share = torch.sigmoid(past_log_sum - log_sum).unsqueeze(-1).to(output.dtype)
    return torch.lerp(output, past_output, share), torch.logaddexp(log_sum, past_log_sum)


def memory_shares(
    query_BHE: torch.Tensor, log_sum_BH: torch.Tensor, memory: KeyValues, *, scaling: float
) -> torch.Tensor:
    """Share of attention (B, S) that one query of each question gives each memory row, in the mean over heads.

    A memory that is one for all is read in stretches of rows: nothing of the size of queries by heads by rows is held.
    """
    batch, heads, width = query_BHE.shape
    if len(memory.keys) > 1:  # parts, one for each prompt: as short as they are
        scores_BHS = _scores(query_BHE[:, :, None], memory.keys, scaling)[:, :, 0]
        return torch.exp(scores_BHS - log_sum_BH[:, :, None]).mean(dim=1)
    [keys_KSE] = memory.keys
    kv_heads, num_rows, _ = keys_KSE.shape
    query = query_BHE.view(batch, kv_heads, -1, width).transpose(0, 1).reshape(kv_heads, -1, width)
    log_sum = log_sum_BH.view(batch, kv_heads, -1).transpose(0, 1).reshape(kv_heads, -1, 1)
    shares_BS = torch.empty(batch, num_rows, device=query.device)
    stretch = max(1, SHARES_AT_ONCE // (batch * heads))
    for start in range(0, num_rows, stretch):
        keys = keys_KSE[:, start : start + stretch]
        weights = torch.exp((query @ keys.transpose(1, 2)).float() * scaling - log_sum)
        shares_BS[:, start : start + stretch] = weights.view(kv_heads, batch, -1, keys.shape[1]).mean(dim=(0, 2))
    return shares_BS


def attention_weights(
    query_BHTE: torch.Tensor,
    own: KeyValues,
    memory: KeyValues | Pieces | None,
    *,
    scaling: float,
    mask: torch.Tensor | None = None,
) -> torch.Tensor:
    """The softmax itself, (B, H, T, S + own rows), memory first; for evidence and for tests."""
    memory = memory.joined() if isinstance(memory, Pieces) else memory
    keys, _ = _concatenated(own, memory, query_BHTE.shape[0])
    scores = _scores(query_BHTE, keys, scaling)
    scores = scores + _full_mask(query_BHTE, own, memory, mask)
    return scores.softmax(dim=-1)


def _over_own(
    query: torch.Tensor, own: KeyValues | PaddedTails, scaling: float, mask: torch.Tensor | None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Attention over the step and the conversation before it."""
    if isinstance(own, PaddedTails):
        queries = query.split([len(group.keys) for group in own.groups])
        parts = [
            _partial(part, group, scaling, mask, is_causal=False)
            for part, group, mask in zip(queries, own.groups, own.masks, strict=True)
        ]
        outputs, log_sums = zip(*parts, strict=True)
        return torch.cat(outputs), torch.cat(log_sums)
    num_queries, num_own = query.shape[2], own.keys.shape[2]
    if mask is None and 1 < num_queries < num_own:
        mask = causal_mask(num_queries, num_own, device=query.device)
    return _partial(query, own, scaling, mask, is_causal=mask is None and num_queries > 1)


def _over_memory(query_BHTE: torch.Tensor, memory: KeyValues, scaling: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Every query sees every memory row, so a head group, and a batch on one memory, is one long row of queries."""
    batch, heads, num_queries, width = query_BHTE.shape
    kept_batch, kv_heads = memory.keys.shape[:2]
    groups = heads // kv_heads
    query = query_BHTE.reshape(batch, kv_heads, groups * num_queries, width)
    if kept_batch < batch:
        query = query.transpose(0, 1).reshape(1, kv_heads, -1, width)
    output, log_sum = _partial(query, memory, scaling, None, is_causal=False)
    if kept_batch < batch:
        output = output.view(kv_heads, batch, -1, width).transpose(0, 1)
        log_sum = log_sum.reshape(kv_heads, batch, -1).transpose(0, 1)
    return output.reshape(query_BHTE.shape), log_sum.reshape(batch, heads, num_queries)


def _partial(
    query: torch.Tensor, rows: KeyValues, scaling: float, mask: torch.Tensor | None, *, is_causal: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    """Attention over some of the rows, with the log of the softmax's denominator (B, H, T) in float32."""
    if query.device.type == "cpu":
        bias = None if mask is None else _bias(mask, query.dtype)
        output, log_sum = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(
            query, rows.keys, rows.values, 0.0, is_causal, attn_mask=bias, scale=scaling
        )
        return output, log_sum.float()
    if query.device.type == "cuda" and mask is None and query.dtype in (torch.float16, torch.bfloat16):
        output, log_sum = torch.ops.aten._scaled_dot_product_flash_attention(
            query, *_expanded(rows, query), 0.0, is_causal, scale=scaling
        )[:2]
        return output, log_sum[..., : query.shape[2]].float()
    return _partial_in_the_open(query, rows, scaling, mask, is_causal)


def _partial_in_the_open(
    query: torch.Tensor, rows: KeyValues, scaling: float, mask: torch.Tensor | None, is_causal: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    """The same by two matrix products: for devices without a kernel above, and what those are tested against."""
    scores = _scores(query, rows.keys, scaling)
    if is_causal:
        mask = causal_mask(query.shape[2], rows.keys.shape[2], device=query.device)
    if mask is not None:
        scores = scores + _bias(mask, scores.dtype)
    log_sum = scores.logsumexp(dim=-1)
    weights = torch.exp(scores - log_sum.unsqueeze(-1)).to(query.dtype)
    batch, heads, num_queries, num_rows = weights.shape
    grouped = weights.view(batch, rows.values.shape[1], -1, num_rows)
    return (grouped @ rows.values).view(batch, heads, num_queries, -1), log_sum


def _joined(
    query: torch.Tensor, own: KeyValues, memory: KeyValues | None, scaling: float, mask: torch.Tensor | None
) -> torch.Tensor:
    rows = _concatenated(own, memory, query.shape[0])
    if query.device.type == "cuda":  # its fused kernels take no mask with grouped heads, and scores would be laid out
        rows = _expanded(rows, query)
    keys, values = rows
    bias = _full_mask(query, own, memory, mask)
    return scaled_dot_product_attention(query, keys, values, attn_mask=bias, scale=scaling, enable_gqa=True)


def _concatenated(own: KeyValues, memory: KeyValues | None, batch: int) -> KeyValues:
    if memory is None:
        return own
    past = (rows.expand(batch, -1, -1, -1) for rows in memory)
    return KeyValues(*(torch.cat(pair, dim=2) for pair in zip(past, own, strict=True)))


def _full_mask(
    query: torch.Tensor, own: KeyValues, memory: KeyValues | None, mask: torch.Tensor | None
) -> torch.Tensor:
    """Additive (B or 1, 1, T, S + own rows): memory open to all unless `mask` says more, the step by `mask`."""
    if mask is None:
        mask = causal_mask(query.shape[2], own.keys.shape[2], device=query.device)
    if _is_of_memory(mask, own):
        return _bias(mask, query.dtype)
    num_memory = 0 if memory is None else memory.keys.shape[2]
    return pad(_bias(mask, query.dtype), (num_memory, 0))


def _is_of_memory(mask: torch.Tensor | None, own: KeyValues) -> bool:
    """Whether a mask says what of the memory may be read."""
    return mask is not None and mask.shape[-1] > own.keys.shape[2]


def causal_mask(num_queries: int, num_rows: int, *, device: torch.device) -> torch.Tensor:
    """Boolean (1, 1, T, rows): the last query sees every row, the one before all but the last, and so on."""
    ones = torch.ones(num_queries, num_rows, dtype=torch.bool, device=device)
    return ones.tril(num_rows - num_queries)[None, None]


def _bias(mask: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    return torch.zeros(mask.shape, dtype=dtype, device=mask.device).masked_fill_(~mask, torch.finfo(dtype).min)


def _scores(query_BHTE: torch.Tensor, keys_BKSE: torch.Tensor, scaling: float) -> torch.Tensor:
    """(B, H, T, S) in float32, the heads of a group against their one key head, without repeating it."""
    batch, heads, num_queries, width = query_BHTE.shape
    kv_heads, num_rows = keys_BKSE.shape[1], keys_BKSE.shape[2]
    grouped = query_BHTE.reshape(batch, kv_heads, heads // kv_heads * num_queries, width)
    scores = (grouped @ keys_BKSE.transpose(2, 3)).float() * scaling
    return scores.view(batch, heads, num_queries, num_rows)


def _expanded(rows: KeyValues, query: torch.Tensor) -> KeyValues:
    """As many key heads as query heads, which CUDA's flash kernel wants; copies the step's own rows only."""
    groups = query.shape[1] // rows.keys.shape[1]
    return rows if groups == 1 else KeyValues(*(part.repeat_interleave(groups, dim=1) for part in rows))
