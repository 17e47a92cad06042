"""The language head's shortcut is no other head."""

import pytest
import torch

from videoxl.model.head import LanguageHead

FP32_ROUND_OFF = 2e-6


@pytest.mark.parametrize("vocab_size", [40, 41])
def test_one_row_gives_the_logits_it_has_among_others(vocab_size):
    """A row alone, as generation reads it, and the same row in a batch, with an odd vocabulary too."""
    generator = torch.Generator().manual_seed(0)
    head = LanguageHead(16, vocab_size)
    hidden_BTD = torch.randn(2, 3, 16, generator=generator)
    together = head(hidden_BTD)
    for batch in range(2):
        for token in range(3):
            alone = head(hidden_BTD[batch : batch + 1, token : token + 1])
            torch.testing.assert_close(alone[0, 0], together[batch, token], atol=FP32_ROUND_OFF, rtol=0)


def test_gradients_pass_the_shortcut():
    """A single row that is trained on moves weight and row as the plain layer would."""
    head = LanguageHead(16, 40)
    row = torch.randn(1, 1, 16, requires_grad=True)
    head(row).square().sum().backward()
    expected = 2 * (head.weight @ row[0, 0]).detach()
    torch.testing.assert_close(head.weight.grad, expected[:, None] * row.detach()[0], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(row.grad[0, 0], expected @ head.weight.detach(), atol=1e-4, rtol=1e-4)
