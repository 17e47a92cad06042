"""The key map of the published EfficientNet-Lite weights is strict."""

import pytest
import torch

from videoxl.checkpoint.efficientnet_keys import rename_efficientnet
from videoxl.errors import CheckpointError


def _norm(name: str) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    parts = ("weight", "bias", "running_mean", "running_var")
    return {f"{name}.{part}": torch.rand(4, generator=generator) + 0.5 for part in parts}


def test_every_kind_of_key_has_its_place() -> None:
    """Stem, blocks and head go to the tower, norms into biases, and the classifier is returned apart."""
    names = {"_conv_stem": "_bn0", "_blocks.11._expand_conv": "_blocks.11._bn0", "_conv_head": "_bn1"}
    weights = {f"{name}.weight": torch.rand(4, 2, 1, 1) for name in names} | {"_fc.bias": torch.zeros(1)}
    for norm in names.values():
        weights |= _norm(norm)
    tower, classifier = rename_efficientnet(weights)
    places = ("stem", "blocks.11.expand", "head")
    assert sorted(tower) == sorted(f"{place}.conv.{part}" for place in places for part in ("weight", "bias"))
    assert list(classifier) == ["bias"]


def test_folding_a_norm_changes_nothing() -> None:
    """The folded convolution gives what convolution and batch norm give one after the other."""
    kernel, norm = torch.randn(4, 3, 1, 1), _norm("_bn0")
    tower, _ = rename_efficientnet({"_conv_stem.weight": kernel} | norm)
    pixels = torch.randn(2, 3, 5, 5)
    expected = torch.nn.functional.batch_norm(
        torch.nn.functional.conv2d(pixels, kernel),
        norm["_bn0.running_mean"], norm["_bn0.running_var"], norm["_bn0.weight"], norm["_bn0.bias"], eps=1e-3,
    )  # fmt: skip
    folded = torch.nn.functional.conv2d(pixels, tower["stem.conv.weight"], tower["stem.conv.bias"])
    torch.testing.assert_close(folded, expected, atol=1e-5, rtol=0)


def test_a_convolution_without_its_norm_is_refused() -> None:
    """Half a layer is named, not guessed."""
    with pytest.raises(CheckpointError, match="'stem' has no batch norm"):
        rename_efficientnet({"_conv_stem.weight": torch.zeros(4, 2, 1, 1)})


def test_unknown_key_is_refused_by_name() -> None:
    """A key that no rule knows fails, and the message names it."""
    with pytest.raises(CheckpointError, match=r"_blocks\.0\._se_reduce\.weight"):
        rename_efficientnet({"_blocks.0._se_reduce.weight": torch.zeros(1)})
