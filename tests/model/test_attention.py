"""The two forms of attention, and the trap that stock SDPA sets."""

from functools import partial

import pytest
import torch

from videoxl.memory.key_values import KeyValues, PaddedTails, Pieces
from videoxl.model import attention
from videoxl.model.attention import attend, attend_with_log_sum, attention_weights, causal_mask, memory_shares

FP32_ROUND_OFF = 2e-6
BFLOAT16_ERROR = 2e-2


def rows(generator, batch, num_rows, *, heads=2, width=8):
    return KeyValues(*(torch.randn(batch, heads, num_rows, width, generator=generator) for _ in range(2)))


def by_weights(query, own, memory, mask=None):
    """Attention by its definition, from the visible weights."""
    weights = attention_weights(query, own, memory, scaling=0.3, mask=mask)
    values = own.values if memory is None else torch.cat(
        [memory.values.expand(len(query), -1, -1, -1), own.values], dim=2
    )  # fmt: skip
    return weights @ values.repeat_interleave(query.shape[1] // values.shape[1], dim=1)


@pytest.mark.parametrize("num_memory", [0, 1, 33])
@pytest.mark.parametrize(("num_queries", "num_own"), [(1, 1), (1, 9), (7, 7), (3, 9)])
@pytest.mark.parametrize("memory_batch", [1, 3])
def test_split_and_joined_equal_the_definition(num_memory, num_queries, num_own, memory_batch):
    """One memory for a batch, or one each; single tokens, whole steps, and steps on a conversation: one result."""
    generator = torch.Generator().manual_seed(num_memory + num_own)
    query = torch.randn(3, 6, num_queries, 8, generator=generator)
    own = rows(generator, 3, num_own)
    memory = rows(generator, memory_batch, num_memory) if num_memory else None
    expected = by_weights(query, own, memory)
    with torch.no_grad():
        split = attend(query, own, memory, scaling=0.3)
    joined = attend(query.requires_grad_(), own, memory, scaling=0.3)
    torch.testing.assert_close(split, expected, atol=FP32_ROUND_OFF, rtol=0)
    torch.testing.assert_close(joined, expected, atol=FP32_ROUND_OFF, rtol=0)


@pytest.mark.parametrize("learns", [False, True])
@pytest.mark.parametrize("num_pieces", [1, 3])
def test_a_mask_may_close_rows_of_the_memory(monkeypatch, learns, num_pieces):
    """Each query reads what the rows that are open to it give, however large the memory is."""
    monkeypatch.setattr(attention, "JOINED_PAIRS", -1)
    generator = torch.Generator().manual_seed(5)
    query, own = torch.randn(2, 6, 4, 8, generator=generator), rows(generator, 2, 4)
    pieces = Pieces(tuple(rows(generator, 2, 5) for _ in range(num_pieces)))
    whole = pieces.joined()
    open_BTS = torch.rand(2, 4, 5 * num_pieces, generator=generator) < 0.6
    mask = torch.cat([open_BTS, causal_mask(4, 4, device=query.device)[0].expand(2, -1, -1)], dim=2)[:, None]
    found = attend(query.requires_grad_(learns), own, pieces, scaling=0.3, mask=mask)
    for film in range(2):
        for token in range(4):
            kept = open_BTS[film, token]
            memory = KeyValues(*(part[film : film + 1, :, kept] for part in whole))
            before = KeyValues(*(part[film : film + 1, :, : token + 1] for part in own))
            alone = by_weights(query[film : film + 1, :, token : token + 1], before, memory)
            torch.testing.assert_close(found[film, :, token], alone[0, :, 0], atol=FP32_ROUND_OFF, rtol=0)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("sizes", [(), (5,), (4, 1, 7)])
def test_gradients_through_a_large_memory_equal_the_definition(monkeypatch, sizes, masked):
    """Output and gradients of the form that keeps memory in pieces are those of the weights, masked or not."""
    monkeypatch.setattr(attention, "JOINED_PAIRS", -1)
    generator = torch.Generator().manual_seed(1)
    query, own = torch.randn(2, 6, 7, 8, generator=generator), rows(generator, 2, 7)
    pieces = Pieces(tuple(rows(generator, 2, size) for size in sizes))
    mask = causal_mask(7, 7, device=query.device) & (torch.rand(7, 7, generator=generator) < 0.5) if masked else None
    mask = None if mask is None else mask | torch.eye(7, dtype=torch.bool)
    wanted = [query, *own, *(tensor for piece in pieces.parts for tensor in piece)]
    pull = torch.randn(2, 6, 7, 8, generator=generator)
    found = []
    for form in (partial(attend, scaling=0.3), by_weights):
        for tensor in wanted:
            tensor.requires_grad_().grad = None
        memory = pieces if form is not by_weights else pieces.joined()
        output = form(query, own, memory, mask=mask)
        output.backward(pull)
        found.append([output.detach(), *(tensor.grad for tensor in wanted)])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=0)


def test_padding_is_never_read():
    """Rows that a mask hides change nothing, in either form."""
    generator = torch.Generator().manual_seed(0)
    query, own, memory = torch.randn(2, 4, 5, 8, generator=generator), rows(generator, 2, 5), rows(generator, 1, 9)
    seen = torch.ones(2, 5, dtype=torch.bool)
    seen[0, :2] = False
    mask = causal_mask(5, 5, device=query.device) & seen[:, None, None]
    changed = KeyValues(own.keys.clone(), own.values.clone())
    changed.keys[0, :, :2], changed.values[0, :, :2] = 50.0, -50.0
    for gradient in (False, True):
        with torch.set_grad_enabled(gradient):
            one = attend(query.requires_grad_(gradient), own, memory, scaling=0.3, mask=mask)
            other = attend(query, changed, memory, scaling=0.3, mask=mask)
        torch.testing.assert_close(one[0, :, 2:], other[0, :, 2:])
        torch.testing.assert_close(one[1], other[1])


def test_a_memory_is_not_dropped_without_a_mask():
    """Every query weighs the memory: the case in which stock SDPA, called without a mask, reads its first rows only."""
    generator = torch.Generator().manual_seed(0)
    query, own, memory = torch.randn(1, 4, 6, 8, generator=generator), rows(generator, 1, 6), rows(generator, 1, 20)
    far = KeyValues(memory.keys, memory.values.clone())
    far.values[:, :, -1] += 100.0
    change = attend(query, own, far, scaling=0.3) - attend(query, own, memory, scaling=0.3)
    assert (change.abs().amax(dim=-1) > 1e-3).all()


def test_the_kernel_equals_two_matrix_products():
    """The fused kernel's output and log-sum are those of the open form."""
    generator = torch.Generator().manual_seed(0)
    query, own = torch.randn(2, 6, 7, 8, generator=generator), rows(generator, 2, 7)
    fused = attention._partial(query, own, 0.3, None, is_causal=True)
    plain = attention._partial_in_the_open(query, own, 0.3, None, True)
    for one, other in zip(fused, plain, strict=True):
        torch.testing.assert_close(one, other, atol=FP32_ROUND_OFF, rtol=0)


@pytest.mark.parametrize("num_memory", [0, 33])
def test_questions_side_by_side_equal_each_alone(num_memory):
    """Tails of several lengths, padded in groups, give each question what its own rows alone would give."""
    generator = torch.Generator().manual_seed(num_memory)
    lengths = [(3, 7, 1), (9, 20)]
    memory = rows(generator, 1, num_memory) if num_memory else None
    groups = [rows(generator, len(each), max(each)) for each in lengths]
    masks = [(torch.arange(max(each)) < torch.tensor(each)[:, None])[:, None, None] for each in lengths]
    query = torch.randn(5, 6, 1, 8, generator=generator)
    together = attend(query, PaddedTails(tuple(groups), tuple(masks)), memory, scaling=0.3)
    place = 0
    for group, group_lengths in zip(groups, lengths, strict=True):
        for index, length in enumerate(group_lengths):
            own = KeyValues(*(part[index : index + 1, :, :length] for part in group))
            alone = by_weights(query[place : place + 1], own, memory)
            torch.testing.assert_close(together[place : place + 1], alone, atol=FP32_ROUND_OFF, rtol=0)
            place += 1


@pytest.mark.parametrize("at_once", [1, 100, 2**22])
def test_shares_of_memory_are_the_weights(monkeypatch, at_once):
    """What a query gives each memory row is its weight in the softmax over memory and step, in the mean over heads."""
    monkeypatch.setattr(attention, "SHARES_AT_ONCE", at_once)
    generator = torch.Generator().manual_seed(0)
    query, own, memory = torch.randn(3, 6, 5, 8, generator=generator), rows(generator, 3, 9), rows(generator, 1, 33)
    _, log_sum = attend_with_log_sum(query, own, memory, scaling=0.3)
    shares = memory_shares(query[:, :, -1], log_sum[:, :, -1], memory, scaling=0.3)
    expected = attention_weights(query, own, memory, scaling=0.3)[:, :, -1, :33].mean(dim=1)
    torch.testing.assert_close(shares, expected, atol=FP32_ROUND_OFF, rtol=0)


@pytest.mark.gpu
@pytest.mark.parametrize(("num_queries", "memory_batch"), [(1, 1), (7, 1), (7, 3)])
def test_the_gpu_kernel_equals_the_definition(num_queries, memory_batch):
    """On a GPU in bfloat16 the split form gives what the definition gives in float32, to bfloat16's precision."""
    generator = torch.Generator().manual_seed(0)
    query = torch.randn(3, 6, num_queries, 64, generator=generator)
    own, memory = rows(generator, 3, num_queries, width=64), rows(generator, memory_batch, 500, width=64)
    expected = by_weights(query, own, memory)
    place = {"device": "cuda", "dtype": torch.bfloat16}
    with torch.no_grad():
        ours = attend(
            query.to(**place),
            KeyValues(*(part.to(**place) for part in own)),
            KeyValues(*(part.to(**place) for part in memory)),
            scaling=0.3,
        )
    error = (ours.float().cpu() - expected).norm() / expected.norm()
    assert error < BFLOAT16_ERROR
