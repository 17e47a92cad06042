"""Which parts of a model learn, how fast, and which through adapters.

    vision_tower   projector   vst (its embedding and projections)   decoder   head   lora (adapters on the decoder)

Every weight is in exactly one group. A head that shares its weights with the embeddings is part of the decoder.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

GROUPS = ("vision_tower", "projector", "vst", "decoder", "head", "lora")
_PLACES = (  # the first that is found in a name says the group
    ("lora", re.compile(r"\.lora_")),
    ("vision_tower", re.compile(r"^model\.vision_tower\.")),
    ("projector", re.compile(r"^model\.projector\.")),
    ("vst", re.compile(r"\.vst_")),
    ("decoder", re.compile(r"^model\.language_model\.")),
    ("head", re.compile(r"^lm_head\.")),
)
_NEVER_DECAYS = re.compile(r"bias$|norm|embed|class_embedding")


@dataclass(frozen=True, slots=True)
class GroupConfig:
    """One part of the model."""

    trained: bool = True
    learning_rate: float | None = None
    """None is the run's own."""
    weight_decay: float | None = None
    """None is the run's own; biases, norms and embeddings never decay."""


@dataclass(frozen=True, slots=True)
class LoraConfig:
    """Adapters of low rank on the decoder, whose own weights then stay as they are."""

    rank: int = 16
    alpha: float = 32.0
    dropout: float = 0.0
    targets: tuple[str, ...] = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
    learning_rate: float | None = None
    weight_decay: float | None = None


@dataclass(frozen=True, slots=True)
class ParameterConfig:
    """What is trained. With `lora`, the decoder and the head stay as they are."""

    vision_tower: GroupConfig = field(default_factory=GroupConfig)
    projector: GroupConfig = field(default_factory=GroupConfig)
    vst: GroupConfig = field(default_factory=GroupConfig)
    decoder: GroupConfig = field(default_factory=GroupConfig)
    head: GroupConfig = field(default_factory=GroupConfig)
    lora: LoraConfig | None = None

    def trains(self, group: str) -> bool:
        """Whether a group learns."""
        if group == "lora":
            return self.lora is not None
        chosen: GroupConfig = getattr(self, group)
        return chosen.trained and not (self.lora is not None and group in ("decoder", "head"))


def group_of(name: str) -> str:
    """The group of a weight, by its name in the model."""
    return next(group for group, place in _PLACES if place.search(name))


def freeze(model: nn.Module, config: ParameterConfig) -> None:
    """Let the groups of `config` learn, and nothing else.

    What learns is kept in float32, whatever it is computed in: in 16 bit small steps would round to nothing.
    """
    for name, parameter in model.named_parameters():
        learns = config.trains(group_of(name))
        parameter.requires_grad_(learns)
        if learns and parameter.dtype in (torch.bfloat16, torch.float16):
            parameter.data = parameter.data.float()


def optimizer_groups(
    model: nn.Module, config: ParameterConfig, *, learning_rate: float, weight_decay: float
) -> list[dict[str, Any]]:
    """What torch's optimizers take: each part at its own rate, weights that decay apart from those that do not."""
    found = []
    for group in GROUPS:
        chosen = config.lora if group == "lora" else getattr(config, group)
        if chosen is None:
            continue
        rate = learning_rate if chosen.learning_rate is None else chosen.learning_rate
        decay = weight_decay if chosen.weight_decay is None else chosen.weight_decay
        for decays in (True, False):
            members = [tensor for name, tensor in _trained(model, group) if decays is _decays(name, tensor)]
            if members:
                found.append({"params": members, "lr": rate, "weight_decay": decay if decays else 0.0, "name": group})
    return found


def num_trained(model: nn.Module) -> dict[str, int]:
    """How many numbers of each group learn; groups of which none does are left out."""
    counts = {group: sum(tensor.numel() for _, tensor in _trained(model, group)) for group in GROUPS}
    return {group: count for group, count in counts.items() if count}


def _trained(model: nn.Module, group: str) -> Iterator[tuple[str, nn.Parameter]]:
    return (
        (name, tensor) for name, tensor in model.named_parameters() if tensor.requires_grad and group_of(name) == group
    )


def _decays(name: str, tensor: nn.Parameter) -> bool:
    return tensor.ndim > 1 and not _NEVER_DECAYS.search(name)
