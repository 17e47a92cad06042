"""LoRA on the decoder: added in place, saved beside what else learned, and merged into the weights for good.

    FOLDER/adapter_config.json, adapter_model.safetensors    the decoder's adapters, as peft writes them
    FOLDER/deltas.safetensors                                 whatever else learned, whole: VSTs, projector, tower

The decoder keeps its classes; peft only replaces Linears inside it.
"""

from pathlib import Path
from typing import Any

import torch
from torch import nn

from videoxl.errors import CheckpointError, MissingDependencyError
from videoxl.model.modeling_videoxl import VideoXLForConditionalGeneration
from videoxl.training.checkpoint_folder import read_tensors, write_tensors, written_whole
from videoxl.training.parameters import LoraConfig, group_of

NOTHING = torch.empty(0)
ADAPTER, DELTAS = "adapter_model.safetensors", "deltas.safetensors"


def add_lora(model: VideoXLForConditionalGeneration, config: LoraConfig, *, seed: int = 0) -> None:
    """Put adapters beside the decoder's Linears; they change nothing until they learn.

    Raises:
        MissingDependencyError: peft is not installed.
        CheckpointError: The decoder has no Linear of these names.
    """
    peft = _peft()
    options = peft.LoraConfig(
        r=config.rank, lora_alpha=config.alpha, lora_dropout=config.dropout, target_modules=list(config.targets)
    )
    _inject(peft, model, options, seed=seed)


def has_lora(model: nn.Module) -> bool:
    """Whether adapters were added."""
    return any(".lora_" in name for name, _ in model.named_parameters())


def save_adapter(model: VideoXLForConditionalGeneration, folder: str | Path) -> None:
    """Write adapters and whatever else learned: with the model that training began with, this is the result."""
    peft = _peft()
    state = peft.get_peft_model_state_dict(model.decoder, save_embedding_layers=False)
    deltas = {name: tensor for name, tensor in model.named_parameters() if tensor.requires_grad and not _is_lora(name)}
    with written_whole(Path(folder), mark=False) as part:
        write_tensors(part / ADAPTER, state)
        write_tensors(part / DELTAS, deltas)
        options = model.decoder.peft_config["default"]
        options.inference_mode = True
        options.save_pretrained(str(part))


def load_adapter(model: VideoXLForConditionalGeneration, folder: str | Path) -> None:
    """Put adapters and deltas of `save_adapter` onto the model that training began with.

    Raises:
        CheckpointError: They are of another model.
    """
    peft, folder = _peft(), Path(folder)
    options = peft.LoraConfig.from_pretrained(str(folder))
    state, deltas = read_tensors(folder / ADAPTER), read_tensors(folder / DELTAS)
    _inject(peft, model, options, seed=0)
    parameters = dict(model.named_parameters())
    wrong = [name for name, tensor in deltas.items() if parameters.get(name, NOTHING).shape != tensor.shape]
    if wrong:
        raise CheckpointError(
            f"{folder} has {wrong[0]} and the model has none of this shape; expected the model that the adapter was "
            "trained on. Name that model."
        )
    peft.set_peft_model_state_dict(model.decoder, state)
    with torch.no_grad():
        for name, tensor in deltas.items():
            parameters[name].copy_(tensor)


def merge_lora(model: VideoXLForConditionalGeneration) -> None:
    """Add what the adapters learned to the weights and take the adapters away: a model like any other."""
    layers = [(name, module) for name, module in model.named_modules() if hasattr(module, "get_base_layer")]
    for name, layer in layers:
        layer.merge()
        parent, _, child = name.rpartition(".")
        setattr(model.get_submodule(parent), child, layer.get_base_layer())
    if hasattr(model.decoder, "peft_config"):
        del model.decoder.peft_config


def _is_lora(name: str) -> bool:
    return group_of(name) == "lora"


def _inject(peft: Any, model: VideoXLForConditionalGeneration, options: Any, *, seed: int) -> None:
    dtype = model.decoder.embed_tokens.weight.dtype
    try:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            peft.inject_adapter_in_model(options, model.decoder)
    except ValueError as error:
        raise CheckpointError(
            f"the decoder has no layers {sorted(options.target_modules)} for adapters ({error}). "
            "Name some of its Linears under parameters: lora: targets."
        ) from error
    model.decoder.peft_config = {"default": options}
    for name, parameter in model.named_parameters():
        if _is_lora(name):
            parameter.data = parameter.data.to(dtype)


def _peft() -> Any:
    try:
        import peft
    except ImportError as error:
        raise MissingDependencyError(
            "adapters need the package peft. Install it with: pip install 'videoxl[train]'"
        ) from error
    return peft
