"""The vision tower that a model is composed with: a CLIP or SigLIP by name, or an EfficientNet-Lite.

An EfficientNet-Lite is a folder or hub id as well, or one safetensors file as recipes/nano/tower.py writes it: weights
under `tower.` and a classifier, which a tower has no use for. Which variant a file holds is seen from its shapes.
"""

from pathlib import Path
from typing import Any

import torch
from PIL import Image
from safetensors import SafetensorError, safe_open
from torch import nn
from transformers import AutoConfig, CLIPImageProcessorPil, PreTrainedConfig

from videoxl.checkpoint.load import image_processor
from videoxl.errors import CheckpointError, UsageError
from videoxl.model import VideoXLConfig
from videoxl.model.efficientnet_lite import VARIANTS, EfficientNetLiteConfig
from videoxl.model.vision_tower import build_vision_tower
from videoxl.training.films.model_folder import PIXEL_MEAN, PIXEL_STD
from videoxl.training.reading import read_pretrained
from videoxl.training.recipe import BaseConfig

FILE_SUFFIX = ".safetensors"
PREFIX, LEFT_OUT = "tower.", "classifier."


def tower_config(base: BaseConfig) -> PreTrainedConfig:
    """The tower's config; no weight is read or fetched."""
    name = base.vision_tower
    if name.endswith(FILE_SUFFIX):
        config = _variant_of(Path(name))
    else:
        config = read_pretrained(lambda: AutoConfig.from_pretrained(name, trust_remote_code=False), name)
        config = getattr(config, "vision_config", config)
    if base.image_size is None:
        return config
    if not isinstance(config, EfficientNetLiteConfig):
        raise UsageError(
            f"base: image_size is {base.image_size} and vision_tower is {name}, a {config.model_type}, which sees "
            "pictures of one size only. Take image_size out, or name an EfficientNet-Lite."
        )
    config.image_size = base.image_size
    return config


def load_tower(base: BaseConfig, config: PreTrainedConfig, *, dtype: torch.dtype) -> nn.Module:
    """The tower with its weights."""
    if base.vision_tower.endswith(FILE_SUFFIX):
        tower = build_vision_tower(config).to(dtype)
        _fill(tower, Path(base.vision_tower))
        return tower
    with torch.device("meta"):
        kind = type(build_vision_tower(config))
    return read_pretrained(
        lambda: kind.from_pretrained(base.vision_tower, dtype=dtype, use_safetensors=True), base.vision_tower
    )


def tower_pixels(base: BaseConfig, config: VideoXLConfig) -> Any:
    """What turns frames into pixel values: what a folder says, else what such towers were trained with."""
    folder = Path(base.vision_tower)
    has_own = any((folder / name).is_file() for name in ("preprocessor_config.json", "processor_config.json"))
    if isinstance(config.vision_config, EfficientNetLiteConfig) and not has_own:
        return efficientnet_pixels(config.vision_config.image_size)
    return image_processor(folder if folder.is_dir() else None, config)


def efficientnet_pixels(side: int) -> CLIPImageProcessorPil:
    """Frames squashed to a square, so that nothing at an edge is lost, in the numbers EfficientNet-Lite knows."""
    return CLIPImageProcessorPil(
        size={"height": side, "width": side},
        resample=Image.Resampling.BICUBIC,
        do_center_crop=False,
        image_mean=[PIXEL_MEAN] * 3,
        image_std=[PIXEL_STD] * 3,
    )


def _variant_of(path: Path) -> EfficientNetLiteConfig:
    """The published variant whose weights have the shapes of the file's."""
    shapes = _shapes(path)
    for name in VARIANTS:
        config = EfficientNetLiteConfig.variant(name)
        with torch.device("meta"):
            expected = {key: tuple(tensor.shape) for key, tensor in build_vision_tower(config).state_dict().items()}
        if shapes == expected:
            return config
    raise CheckpointError(
        f"{path} holds {len(shapes)} weights that are no EfficientNet-Lite, expected those of "
        f"{', '.join(VARIANTS)}, each under `{PREFIX}`. Give recipes/nano/tower.safetensors, or a folder or hub id."
    )


def _shapes(path: Path) -> dict[str, tuple[int, ...]]:
    with _opened(path) as file:
        return {_ours(key): tuple(file.get_slice(key).get_shape()) for key in file.keys() if _is_tower(key)}  # noqa: SIM118


def _fill(tower: nn.Module, path: Path) -> None:
    weights = tower.state_dict()
    with _opened(path) as file, torch.no_grad():
        for key in file.keys():  # noqa: SIM118
            if _is_tower(key):
                weights[_ours(key)].copy_(file.get_tensor(key))


def _is_tower(key: str) -> bool:
    return not key.startswith(LEFT_OUT)


def _ours(key: str) -> str:
    return key.removeprefix(PREFIX)


def _opened(path: Path) -> Any:
    try:
        return safe_open(path, framework="pt")
    except (OSError, SafetensorError) as error:
        raise CheckpointError(
            f"the vision tower {path} cannot be read ({error}). Give a safetensors file, a folder or a hub id."
        ) from error
