"""The authors' config.json is read with the released code's defaults, and refused where it means another method."""

import json
from pathlib import Path
from typing import Any

import pytest

from videoxl.checkpoint.official import is_official, official_fields, read_official_config, translate_config
from videoxl.errors import CheckpointError


def test_fields_become_a_config(official_config: dict[str, Any]) -> None:
    """Geometry, ratios, window and end token arrive where the model reads them."""
    config = translate_config(official_config).config
    assert config.compression_ratios == [2, 4, 8]
    assert (config.interval_frames, config.tokens_per_frame) == (6, 4)
    assert (config.vision_feature_layer, config.video_token_id) == (-2, 256)
    assert config.layout_rule == "close"
    assert config.text_config.rope_parameters["rope_theta"] == 1e6
    assert config.text_config.eos_token_id == 7


def test_missing_fields_have_the_released_defaults(official_config: dict[str, Any]) -> None:
    """Without its fields a config means what the released code's constructor says."""
    told = ("beacon", "mm_vision_select", "mm_spatial", "rope_theta")
    config = translate_config({k: v for k, v in official_config.items() if not k.startswith(told)}).config
    assert config.compression_ratios == [2, 4, 8, 16, 32]
    assert config.interval_frames == 1024 // 4
    assert (config.vision_feature_layer, config.spatial_pool_stride) == (-1, 2)


def test_local_path_of_the_authors_means_the_hub_tower(official_config: dict[str, Any]) -> None:
    """A path that ends in the name of the stock tower needs neither that path nor a network."""
    fields = {**official_config, "mm_vision_tower": "/share/x/clip-vit-large-patch14-336", "mm_hidden_size": 1024}
    fields.pop("vision_config")
    read = translate_config(fields)
    assert (read.config.vision_config.hidden_size, read.config.vision_config.image_size) == (1024, 336)
    assert any("openai/clip-vit-large-patch14-336" in note for note in read.notes)


@pytest.mark.parametrize("place", ["small-tower", "towers/small"])
def test_tower_is_read_from_its_folder(official_config: dict[str, Any], tmp_path: Path, place: str) -> None:
    """A config.json in the folder that mm_vision_tower names describes the tower."""
    vision = official_config["vision_config"]
    fields = {k: v for k, v in official_config.items() if k != "vision_config"} | {"mm_vision_tower": place}
    (tmp_path / place).mkdir(parents=True)
    (tmp_path / place / "config.json").write_text(json.dumps({"model_type": "clip", "vision_config": vision}))
    (tmp_path / "config.json").write_text(json.dumps(fields))
    assert read_official_config(tmp_path).config.vision_config.hidden_size == vision["hidden_size"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("beacon_pos", "append"), ("beacon_sink_size", 4), ("beacon_attn", "step-expansion"),
        ("beacon_attend_prev", False), ("beacon_parallel_window", 2), ("beacon_accum", False),
        ("beacon_param", ["q"]), ("beacon_param", []), ("beacon_ratio", [0, 2]), ("beacon_ratio", []),
        ("beacon_stride", 12), ("beacon_window", "24"), ("mm_projector_type", "linear"),
        ("mm_vision_select_feature", "cls_patch"), ("mm_use_im_start_end", True), ("mm_hidden_size", 99),
        ("mm_spatial_pool_mode", "max"), ("use_sliding_window", True), ("vocab_size", None), ("hidden_size", -1),
        ("num_attention_heads", 2.5), ("vision_config", {"model_type": "siglip_vision_model"}),
    ],
)  # fmt: skip
def test_other_methods_are_refused_by_name(official_config: dict[str, Any], field: str, value: object) -> None:
    """A value that we would compute wrongly is refused, with field, value and what was expected."""
    with pytest.raises(CheckpointError, match=rf"{field}.*expected"):
        translate_config({**official_config, field: value})


def test_unknown_tower_is_refused(official_config: dict[str, Any]) -> None:
    """A tower whose geometry nobody says is not guessed."""
    fields = {k: v for k, v in official_config.items() if k != "vision_config"}
    with pytest.raises(CheckpointError, match="mm_vision_tower = '/home/authors/small-tower', expected"):
        translate_config(fields)


def test_unknown_fields_are_told(official_config: dict[str, Any]) -> None:
    """A field about VSTs that we do not know is left aside, and said."""
    notes = translate_config({**official_config, "beacon_colour": "red"}).notes
    assert any("beacon_colour" in note for note in notes)


def test_vocabulary_grown_by_a_loader_is_shrunk(official_config: dict[str, Any]) -> None:
    """152065 is Qwen2's vocabulary and one row that the released loader adds."""
    config = translate_config({**official_config, "vocab_size": 152065}).config
    assert (config.text_config.vocab_size, config.video_token_id) == (152064, 152063)


def test_config_returns_from_ours(official_config: dict[str, Any]) -> None:
    """Written in the authors' fields and read again, a config is the same."""
    config = translate_config(official_config).config
    again = translate_config(json.loads(json.dumps(official_fields(config)))).config
    assert again.to_dict() == config.to_dict()


@pytest.mark.parametrize(
    ("fields", "expected"),
    [({"model_type": "qwen2"}, False), ({"model_type": "videoxl", "mm_x": 1}, False), ({"mm_hidden_size": 3}, True)],
)
def test_format_is_told_by_fields(fields: dict[str, Any], expected: bool) -> None:
    """The authors' format is a Qwen2 config with fields of LLaVA or VSTs; ours names itself."""
    assert is_official(fields) is expected
