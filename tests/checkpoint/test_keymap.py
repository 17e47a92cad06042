"""The key map is complete, and the same in both directions."""

from math import prod

import pytest
import torch

from videoxl.checkpoint import keymap
from videoxl.checkpoint.key_match import model_shapes
from videoxl.checkpoint.official import translate_config

# Video-XL 7B as published: names, shapes, and the sum of them.
WIDTH, HIDDEN, KEY_VALUES, VOCABULARY, LAYERS = 3584, 18944, 512, 152064, 28
VISION_WIDTH, VISION_HIDDEN, VISION_LAYERS = 1024, 4096, 24
NUM_PARAMETERS = 8_398_200_832
OFFICIAL_7B = {
    "model_type": "qwen2", "vocab_size": VOCABULARY, "hidden_size": WIDTH, "intermediate_size": HIDDEN,
    "num_hidden_layers": LAYERS, "num_attention_heads": 28, "num_key_value_heads": 4, "rope_theta": 1e6,
    "beacon_window": 1440, "beacon_stride": 1440, "beacon_ratio": [2, 4, 8], "beacon_param": ["q", "k", "v"],
    "mm_vision_tower": "/share/authors/models/clip-vit-large-patch14-336", "mm_vision_select_layer": -2,
    "mm_hidden_size": VISION_WIDTH, "mm_projector_type": "mlp2x_gelu",
}  # fmt: skip


def test_every_official_name_returns_from_ours(official_weights: dict[str, torch.Tensor]) -> None:
    """Each official name has one of ours, no two share it, and it leads back."""
    own = {name: keymap.ours(name) for name in official_weights}
    assert None not in own.values()
    assert len(set(own.values())) == len(official_weights)
    assert {name: keymap.official(str(ours)) for name, ours in own.items()} == {name: name for name in own}


@pytest.mark.parametrize("name", ["model.image_newline", "model.mm_projector.1.weight", "vision_resampler.weight"])
def test_unknown_names_have_no_place(name: str) -> None:
    """A name that no rule knows is not guessed at."""
    assert keymap.ours(name) is None


def test_official_size_fits_the_published_table() -> None:
    """At 7B every published key has a weight of ours of the published shape: 8,398,200,832 parameters in all."""
    published = _published_table()
    own_shapes = {keymap.without_body(name): shape for name, shape in model_shapes(_config_7b()).items()}
    assert {keymap.ours(name): shape for name, shape in published.items()} == own_shapes
    assert {keymap.official(name) for name in own_shapes} == set(published)
    assert sum(map(prod, published.values())) == NUM_PARAMETERS


def _config_7b():
    return translate_config(OFFICIAL_7B).config


def _published_table() -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {
        "model.embed_tokens.weight": (VOCABULARY, WIDTH),
        "lm_head.weight": (VOCABULARY, WIDTH),
        "model.beacon_embed_tokens.weight": (1, WIDTH),
        "model.norm.weight": (WIDTH,),
        "model.mm_projector.0.weight": (WIDTH, VISION_WIDTH),
        "model.mm_projector.0.bias": (WIDTH,),
        "model.mm_projector.2.weight": (WIDTH, WIDTH),
        "model.mm_projector.2.bias": (WIDTH,),
    }
    for layer in range(LAYERS):
        for own in ("", "beacon_"):
            for name, rows in (("q", WIDTH), ("k", KEY_VALUES), ("v", KEY_VALUES)):
                shapes[f"model.layers.{layer}.self_attn.{own}{name}_proj.weight"] = (rows, WIDTH)
                shapes[f"model.layers.{layer}.self_attn.{own}{name}_proj.bias"] = (rows,)
        shapes[f"model.layers.{layer}.self_attn.o_proj.weight"] = (WIDTH, WIDTH)
        shapes[f"model.layers.{layer}.mlp.gate_proj.weight"] = (HIDDEN, WIDTH)
        shapes[f"model.layers.{layer}.mlp.up_proj.weight"] = (HIDDEN, WIDTH)
        shapes[f"model.layers.{layer}.mlp.down_proj.weight"] = (WIDTH, HIDDEN)
        shapes[f"model.layers.{layer}.input_layernorm.weight"] = (WIDTH,)
        shapes[f"model.layers.{layer}.post_attention_layernorm.weight"] = (WIDTH,)
    return shapes | _published_tower()


def _published_tower() -> dict[str, tuple[int, ...]]:
    tower: dict[str, tuple[int, ...]] = {
        "embeddings.class_embedding": (VISION_WIDTH,),
        "embeddings.patch_embedding.weight": (VISION_WIDTH, 3, 14, 14),
        "embeddings.position_embedding.weight": (577, VISION_WIDTH),
    }
    norms = ["pre_layrnorm", "post_layernorm"]
    for layer in range(VISION_LAYERS):
        prefix = f"encoder.layers.{layer}."
        norms += [f"{prefix}layer_norm1", f"{prefix}layer_norm2"]
        for name in ("q", "k", "v", "out"):
            tower[f"{prefix}self_attn.{name}_proj.weight"] = (VISION_WIDTH, VISION_WIDTH)
            tower[f"{prefix}self_attn.{name}_proj.bias"] = (VISION_WIDTH,)
        tower |= {f"{prefix}mlp.fc1.weight": (VISION_HIDDEN, VISION_WIDTH), f"{prefix}mlp.fc1.bias": (VISION_HIDDEN,)}
        tower |= {f"{prefix}mlp.fc2.weight": (VISION_WIDTH, VISION_HIDDEN), f"{prefix}mlp.fc2.bias": (VISION_WIDTH,)}
    for norm in norms:
        tower |= {f"{norm}.weight": (VISION_WIDTH,), f"{norm}.bias": (VISION_WIDTH,)}
    return {f"model.vision_tower.vision_tower.vision_model.{name}": shape for name, shape in tower.items()}
