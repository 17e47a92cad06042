"""Every weight is in one group, and groups learn at their own rates or not at all."""

import pytest
import torch

from videoxl.training.parameters import (
    GROUPS,
    GroupConfig,
    ParameterConfig,
    freeze,
    group_of,
    num_trained,
    optimizer_groups,
)

FROZEN = GroupConfig(trained=False)


@pytest.fixture
def model(make_model):
    return make_model(num_layers=2)


def test_every_weight_is_in_one_group(model):
    """Tower, projector, VSTs, decoder and head together are the whole model."""
    found = {group_of(name) for name, _ in model.named_parameters()}
    assert found == set(GROUPS) - {"lora"}
    assert sum(num_trained(model).values()) == sum(tensor.numel() for tensor in model.parameters())


@pytest.mark.parametrize("group", ["vision_tower", "projector", "vst", "decoder", "head"])
def test_a_group_learns_alone(model, group):
    """With all other groups frozen, what learns is this one."""
    others = {name: FROZEN for name in GROUPS if name not in (group, "lora")}
    freeze(model, ParameterConfig(**others))
    assert set(num_trained(model)) == {group}


def test_groups_have_their_own_rates(model):
    """Each group has its rate, or the run's; biases, norms and embeddings do not decay; nothing is in two groups."""
    config = ParameterConfig(vst=GroupConfig(learning_rate=0.5, weight_decay=0.25), vision_tower=FROZEN)
    freeze(model, config)
    groups = optimizer_groups(model, config, learning_rate=0.125, weight_decay=0.0625)
    names = {id(tensor): name for name, tensor in model.named_parameters()}
    members = [names[id(tensor)] for group in groups for tensor in group["params"]]
    assert sorted(members) == sorted(name for name, tensor in model.named_parameters() if tensor.requires_grad)
    rates = {(group["name"], group["lr"], group["weight_decay"]) for group in groups}
    assert ("vst", 0.5, 0.25) in rates
    assert ("decoder", 0.125, 0.0625) in rates
    decaying = [names[id(tensor)] for group in groups if group["weight_decay"] for tensor in group["params"]]
    assert not [name for name in decaying if "bias" in name or "norm" in name or "embed" in name]


def test_what_learns_is_kept_in_full_precision(model):
    """In a model of 16 bit what learns is float32, and what does not stays as it was."""
    model.to(torch.bfloat16)
    freeze(model, ParameterConfig(vision_tower=FROZEN))
    for name, tensor in model.named_parameters():
        assert tensor.dtype is (torch.bfloat16 if group_of(name) == "vision_tower" else torch.float32), name
