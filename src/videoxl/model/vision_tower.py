"""Patches of frames as a vision tower sees them, from the layer that the config names.

Transformers' towers return every hidden state or the last one. We want one that is often not the last, for thousands of
frames, so the encoder's layers are run up to it and no further.

F frames, N patches, D width of the tower, I classes of its classifier.
"""

from typing import NamedTuple

import torch
from torch import nn
from transformers import AutoModel, PreTrainedConfig

from videoxl.errors import CheckpointError
from videoxl.model import efficientnet_lite  # noqa: F401  (registers the config type)
from videoxl.model.configuration_videoxl import VideoXLConfig


class FrameFeatures(NamedTuple):
    """What a tower says of some frames."""

    patches_FND: torch.Tensor
    embedding_FD: torch.Tensor
    """One vector a frame, for finding where the picture changes: the class token, or the mean of the patches."""
    seen_FI: torch.Tensor
    """What the tower's classifier sees, as probabilities; (F, 0) for towers without one."""


def build_vision_tower(config: PreTrainedConfig) -> nn.Module:
    """A tower with random weights, chosen by `config.model_type`."""
    return AutoModel.from_config(config)


def frame_features(tower: nn.Module, pixel_values: torch.Tensor, config: VideoXLConfig) -> FrameFeatures:
    """Features of frames (F, 3, height, width), in the order of the frames."""
    if not hasattr(tower.config, "num_hidden_layers"):
        output = tower(pixel_values)
        return FrameFeatures(output.last_hidden_state, output.last_hidden_state.mean(dim=1), output.probabilities)
    hidden = _hidden_state(tower, pixel_values, config.vision_feature_layer)
    num_patches = config.patch_grid[0] * config.patch_grid[1]
    num_class_tokens = hidden.shape[1] - num_patches
    if num_class_tokens not in (0, 1):
        raise CheckpointError(
            f"the vision tower gives {hidden.shape[1]} tokens a frame, expected {num_patches} patches and at most one "
            "class token; check vision_config.image_size and patch_size."
        )
    embedding_FD = hidden[:, 0] if num_class_tokens else hidden.mean(dim=1)
    drops_class_token = config.vision_feature_select_strategy == "default"
    patches_FND = hidden[:, num_class_tokens:] if drops_class_token else hidden
    return FrameFeatures(patches_FND, embedding_FD, hidden.new_zeros(len(hidden), 0))


def _hidden_state(tower: nn.Module, pixel_values: torch.Tensor, feature_layer: int) -> torch.Tensor:
    """Hidden state `feature_layer`, counted as transformers does: 0 is the embedding, -1 follows the last layer."""
    body = getattr(tower, "vision_model", tower)
    layers = body.encoder.layers
    num_run = feature_layer if feature_layer >= 0 else len(layers) + 1 + feature_layer
    hidden = body.embeddings(pixel_values)
    if hasattr(body, "pre_layrnorm"):
        hidden = body.pre_layrnorm(hidden)
    for layer in layers[:num_run]:
        output = layer(hidden, attention_mask=None)
        hidden = output[0] if isinstance(output, tuple) else output
    return hidden
