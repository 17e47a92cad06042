"""An optimizer's state as named tensors and plain values, and back: what transformers would pickle.

Tensors are named by what they are and by the parameter that they belong to ("exp_avg/decoder.norm.weight"), so that a
state can be looked at, and is refused where other parameters learn.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from videoxl.errors import CheckpointError

PLAIN = (bool, int, float, str, type(None))


def optimizer_tensors(optimizer: torch.optim.Optimizer, names: Mapping[int, str]) -> dict[str, torch.Tensor]:
    """Every tensor of an optimizer's state; `names` is by `id` of the parameter."""
    ordered = _ordered(optimizer, names)
    return {
        f"{part}/{ordered[index]}": value
        for index, state in optimizer.state_dict()["state"].items()
        for part, value in state.items()
        if isinstance(value, torch.Tensor)
    }


def optimizer_values(optimizer: torch.optim.Optimizer, names: Mapping[int, str]) -> dict[str, Any]:
    """What is no tensor: options of the groups, and plain values that belong to parameters."""
    ordered, state = _ordered(optimizer, names), optimizer.state_dict()
    plain = {
        f"{part}/{ordered[index]}": _plain(value)
        for index, each in state["state"].items()
        for part, value in each.items()
        if not isinstance(value, torch.Tensor)
    }
    return {"groups": _plain(state["param_groups"]), "plain": plain}


def load_optimizer(
    optimizer: torch.optim.Optimizer,
    names: Mapping[int, str],
    tensors: Mapping[str, torch.Tensor],
    values: Mapping[str, Any],
) -> None:
    """Put a state back.

    Raises:
        CheckpointError: It is of other parameters, or of other groups of them.
    """
    ordered = _ordered(optimizer, names)
    place = {name: index for index, name in enumerate(ordered)}
    found = {**tensors, **values["plain"]}
    unknown = sorted({key.partition("/")[2] for key in found} - place.keys())
    sizes = [len(group["params"]) for group in values["groups"]]
    wanted = [len(group["params"]) for group in optimizer.param_groups]
    if unknown or sizes != wanted:
        raise CheckpointError(
            f"the checkpoint's optimizer has groups of {sizes} parameters"
            f"{f', {unknown[0]} among them' if unknown else ''}; this run trains groups of {wanted}. "
            "Go on with the recipe that the run began with, or begin another run."
        )
    state: dict[int, dict[str, Any]] = {}
    for key, value in found.items():
        part, _, name = key.partition("/")
        state.setdefault(place[name], {})[part] = value
    groups = [_like(group, now) for group, now in zip(values["groups"], optimizer.param_groups, strict=True)]
    optimizer.load_state_dict({"state": state, "param_groups": groups})


def _ordered(optimizer: torch.optim.Optimizer, names: Mapping[int, str]) -> Sequence[str]:
    """Names in the order by which torch numbers an optimizer's parameters."""
    return [names[id(parameter)] for group in optimizer.param_groups for parameter in group["params"]]


def _like(group: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """JSON knows no tuples; betas are one."""
    return {key: tuple(value) if isinstance(now.get(key), tuple) else value for key, value in group.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, torch.Tensor) and value.numel() == 1:
        return value.item()
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    if not isinstance(value, PLAIN):
        raise CheckpointError(
            f"the optimizer keeps a {type(value).__name__}, which a checkpoint cannot hold; expected numbers and "
            "tensors. Take another one (trainer: optim), such as adamw_torch."
        )
    return value
