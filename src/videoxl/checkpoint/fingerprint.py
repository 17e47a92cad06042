"""A digest that tells whether two models would make the same memory of a video.

It covers what decides a row: the names and shapes of all weights, a sample of their values, the settings of the maths,
and how frames are turned into pixels. Of every tensor up to 65,536 values take part; of a larger one, 16 runs of 256
spread evenly from its first to its last. Hashing all 16.8 GB of a 7B model would take longer than watching a film, and
training moves every value, so a sample is enough against mistakes (not against forgery).

Values are compared as bfloat16, those under 2^-14 (float16's smallest normal number) as zero, so that the same weights
in float32, bfloat16 or, where that is what was trained, float16 are the same model; rounding does not make another one.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import torch

from videoxl.checkpoint import keymap
from videoxl.model import VideoXLForConditionalGeneration, VideoXLProcessor

WHOLE_VALUES = 65536
NUM_RUNS = 16
RUN_VALUES = 256
SMALLEST = 2.0**-14

TEXT_FIELDS = (
    "model_type", "num_attention_heads", "num_key_value_heads", "hidden_act", "rms_norm_eps",
    "rope_parameters",
)  # fmt: skip
VISION_FIELDS = ("model_type", "image_size", "patch_size", "num_attention_heads", "hidden_act", "layer_norm_eps")
MODEL_FIELDS = (
    "vision_feature_layer", "vision_feature_select_strategy", "spatial_pool_stride", "layout_rule", "word_gate",
    "word_focus",
)  # fmt: skip


def fingerprint(model: VideoXLForConditionalGeneration, processor: VideoXLProcessor | None = None) -> str:
    """Hexadecimal digest; equal on every device, in every release, and however the weights are stored."""
    digest = hashlib.sha256()
    digest.update(json.dumps(_settings(model), sort_keys=True).encode())
    digest.update(json.dumps(_preprocessing(processor), sort_keys=True).encode())
    _add_weights(digest, {keymap.without_body(name): tensor for name, tensor in model.state_dict().items()})
    return digest.hexdigest()


def weights_fingerprint(weights: Mapping[str, torch.Tensor]) -> str:
    """The same of some weights alone: names, shapes and a sample of values."""
    digest = hashlib.sha256()
    _add_weights(digest, weights)
    return digest.hexdigest()


def _add_weights(digest: Any, weights: Mapping[str, torch.Tensor]) -> None:
    for name in sorted(weights):
        tensor = weights[name]
        if tensor.is_floating_point():
            digest.update(f"{name} {list(tensor.shape)}".encode())
            digest.update(_sample_bytes(tensor))


def _settings(model: VideoXLForConditionalGeneration) -> dict[str, Any]:
    config = model.config
    return {
        "text": _chosen(config.text_config, TEXT_FIELDS),
        "vision": _chosen(config.vision_config, VISION_FIELDS),
        "model": _chosen(config, MODEL_FIELDS),
    }


def _preprocessing(processor: VideoXLProcessor | None) -> dict[str, Any]:
    return {} if processor is None or processor.image_processor is None else _plain(processor.preprocessing())


def _chosen(config: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: _plain(value) for name in names if (value := getattr(config, name, None)) is not None}


def _plain(value: Any) -> Any:
    """JSON of a value; numbers that are whole read the same whether they are stored as int or float."""
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return {str(key): _plain(item) for key, item in dict(value).items() if item is not None}


def _sample_bytes(tensor: torch.Tensor) -> bytes:
    flat = tensor.detach().reshape(-1)
    if flat.numel() > WHOLE_VALUES:
        last = flat.numel() - RUN_VALUES
        starts = [last * run // (NUM_RUNS - 1) for run in range(NUM_RUNS)]
        flat = torch.cat([flat[start : start + RUN_VALUES] for start in starts])
    values = flat.to(torch.bfloat16)
    values = torch.where(values.abs() < SMALLEST, torch.zeros_like(values), values)
    return values.cpu().view(torch.uint8).numpy().tobytes()
