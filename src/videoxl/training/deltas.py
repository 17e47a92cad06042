"""What a run learned, without the decoder and the tower that it began with, and the model that the two are together.

    FOLDER/deltas.safetensors    VSTs, projector, adapters, whatever learned, under their names in the model
    FOLDER/README.md             the model card

The file says which base it belongs to, by name and by fingerprint: on another decoder the same numbers mean nothing.
Adapters are kept as they are (two small matrices a layer) and added to the weights when the model is composed.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from transformers import AutoConfig

from videoxl import __version__
from videoxl.checkpoint.fingerprint import weights_fingerprint
from videoxl.errors import CheckpointError, TrainingError
from videoxl.model import VideoXLConfig, VideoXLForConditionalGeneration
from videoxl.training.base_model import base_config, compose_model
from videoxl.training.checkpoint_folder import written_whole
from videoxl.training.config import make_config
from videoxl.training.model_folder import CARD, READABLE, export_model
from videoxl.training.recipe import BaseConfig

FORMAT = "videoxl deltas 1"
FILE = "deltas.safetensors"
DOWN, UP = ".lora_A.default.weight", ".lora_B.default.weight"
WRAPPED = ".base_layer."  # how peft names a weight that has an adapter beside it
CONFIG_FIELDS = (
    "compression_ratios", "interval_frames", "layout_rule", "evidence_layers", "evidence_background",
    "time_token_id", "inventory",
)  # fmt: skip
"""What training decides of a config; the rest follows from the base."""


@dataclass(frozen=True, slots=True)
class Deltas:
    """The content of a file of deltas."""

    name: str
    tensors: Mapping[str, torch.Tensor]
    base: BaseConfig
    base_fingerprint: str
    config: Mapping[str, Any]
    adapter_scale: float = 0.0
    card: str | None = None


def write_deltas(
    model: VideoXLForConditionalGeneration,
    folder: Path,
    *,
    base: BaseConfig,
    dtype: torch.dtype,
    adapter_scale: float = 0.0,
    card: str | None = None,
    state: Mapping[str, torch.Tensor] | None = None,
) -> Path:
    """Write what learned; before adapters are merged. Replaces the folder as a whole.

    Args:
        adapter_scale: What adapters are multiplied by: alpha over rank.
        state: The weights, where ranks hold shards of them and somebody has put these together.
    """
    weights = dict(model.state_dict()) if state is None else dict(state)
    learned = [name for name, tensor in model.named_parameters() if tensor.requires_grad]
    tensors = {name: _stored(weights[name], name, dtype) for name in learned}
    about = {
        "videoxl": __version__,
        "base": asdict(base),
        "base_fingerprint": base_fingerprint(weights, learned=tensors, config=model.config),
        "config": {name: getattr(model.config, name) for name in CONFIG_FIELDS},
        "adapter_scale": adapter_scale,
    }
    with written_whole(folder, mark=False) as part:
        save_file(tensors, part / FILE, metadata={"format": FORMAT, "about": json.dumps(about)})
        (part / FILE).chmod(READABLE)
        if card is not None:
            (part / CARD).write_text(card, encoding="utf-8")
    return folder


def read_deltas(path: str | Path) -> Deltas:
    """The deltas in a file, or in a folder that holds `deltas.safetensors`.

    Raises:
        CheckpointError: There is none, or it is damaged or of another kind.
    """
    path = Path(path)
    file = path / FILE if path.is_dir() else path
    try:
        with safe_open(file, framework="pt") as opened:
            metadata = opened.metadata() or {}
            if metadata.get("format") != FORMAT:
                raise CheckpointError(
                    f"{path} holds weights of another kind, expected {FORMAT!r}. Give the deltas folder of a run whose "
                    "recipe says `deltas`, such as recipes/small.yaml."
                )
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
        about = json.loads(metadata["about"])
        return Deltas(
            name=str(path),
            tensors=tensors,
            base=make_config(BaseConfig, about["base"], where=f"{path}: base"),
            base_fingerprint=about["base_fingerprint"],
            config={name: about["config"][name] for name in CONFIG_FIELDS},
            adapter_scale=float(about["adapter_scale"]),
            card=_text(file.with_name(CARD)),
        )
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise CheckpointError(
            f"{path} holds no deltas that can be read ({error}). Give {FILE}, or the folder that holds it."
        ) from error


def add_model(deltas: Deltas, folder: Path, *, decoder: str | None = None, vision_tower: str | None = None) -> Path:
    """Compose base and deltas into a model folder, which appears as a whole or not at all.

    Args:
        decoder: Where the base decoder is, when not where it was for training; the tower likewise.

    Raises:
        CheckpointError: The base cannot be read, or is not the one that the deltas were trained on.
    """
    given = {"decoder": decoder, "vision_tower": vision_tower}
    base = replace(deltas.base, **{name: value for name, value in given.items() if value is not None})
    config = base_config(base)
    _check_shapes(deltas, config, base)
    model, processor = compose_model(base, seed=0, device="cpu", dtype=torch.float32)
    found = base_fingerprint(model.state_dict(), learned=_targets(deltas.tensors), config=model.config)
    if found != deltas.base_fingerprint:
        raise CheckpointError(
            f"{deltas.name} was trained on {deltas.base.decoder} and {deltas.base.vision_tower} with the fingerprint "
            f"{deltas.base_fingerprint[:12]}, and {base.decoder} with {base.vision_tower} has {found[:12]}: other "
            "weights. Name the base that it was trained on."
        )
    _put(deltas, model)
    for name, value in deltas.config.items():
        setattr(model.config, name, value)
    dtype = getattr(AutoConfig.from_pretrained(base.decoder, trust_remote_code=False), "dtype", None)
    return export_model(model, processor, folder, card=deltas.card, dtype=dtype or torch.float32)


def base_fingerprint(weights: Mapping[str, torch.Tensor], *, learned: Mapping[str, Any], config: VideoXLConfig) -> str:
    """Of all weights that were there before and did not learn, whatever number type they are in."""
    tied = {"lm_head.weight"} if config.tie_word_embeddings else set()
    kept = {
        name.replace(WRAPPED, "."): tensor
        for name, tensor in weights.items()
        if name not in learned and name not in tied and ".lora_" not in name
    }
    return weights_fingerprint(kept)


def _targets(tensors: Mapping[str, Any]) -> dict[str, Any]:
    """Without adapters: these change a weight of the base and replace none."""
    return {name: tensor for name, tensor in tensors.items() if ".lora_" not in name}


def _check_shapes(deltas: Deltas, config: VideoXLConfig, base: BaseConfig) -> None:
    with torch.device("meta"):
        shapes = {
            name: tuple(tensor.shape) for name, tensor in VideoXLForConditionalGeneration(config).named_parameters()
        }
    for name, tensor in deltas.tensors.items():
        expected = _expected_shape(name, tensor, shapes)
        if tuple(tensor.shape) != expected:
            there = "none of this name" if expected is None else str(list(expected))
            raise CheckpointError(
                f"{deltas.name} has {name} {list(tensor.shape)} and {base.decoder} with {base.vision_tower} asks for "
                f"{there}: these deltas are of another base, {deltas.base.decoder} with {deltas.base.vision_tower}. "
                "Name that one."
            )


def _expected_shape(name: str, tensor: torch.Tensor, shapes: Mapping[str, tuple[int, ...]]) -> tuple[int, ...] | None:
    """The shape that a model of this base has there; of an adapter one side is its rank, which is its own."""
    for suffix, side in ((DOWN, 1), (UP, 0)):
        if name.endswith(suffix):
            target = shapes.get(name.removesuffix(suffix) + ".weight")
            if target is None:
                return None
            return (tensor.shape[0], target[1]) if side else (target[0], tensor.shape[1])
    return shapes.get(name)


@torch.no_grad()
def _put(deltas: Deltas, model: VideoXLForConditionalGeneration) -> None:
    weights = dict(model.named_parameters())
    for name, tensor in deltas.tensors.items():
        if name.endswith(DOWN):
            up = deltas.tensors[name.removesuffix(DOWN) + UP].float()
            weights[name.removesuffix(DOWN) + ".weight"] += (up @ tensor.float()) * deltas.adapter_scale
        elif not name.endswith(UP):
            weights[name].copy_(tensor)


def _stored(tensor: torch.Tensor, name: str, dtype: torch.dtype) -> torch.Tensor:
    stored = tensor.detach().to("cpu", dtype).contiguous()
    if not stored.isfinite().all():
        raise TrainingError(
            f"{name} has values that {str(dtype).removeprefix('torch.')} cannot hold, so its deltas were not written. "
            "Run the same command with --set deltas=bfloat16."
        )
    return stored


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
