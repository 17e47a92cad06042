"""Planning from a config alone."""

import json
import shutil

import pytest


@pytest.fixture
def config_only(model_folder, tmp_path):
    """A folder with the config of the tiny model and nothing else."""
    folder = tmp_path / "config-only"
    folder.mkdir()
    shutil.copy(model_folder / "config.json", folder)
    return folder


def test_a_plan_is_what_watching_keeps(videoxl, film, model_folder):
    """Rows, visual tokens and bytes of a plan are those of the memory that is then made."""
    planned = json.loads(videoxl("plan", film, "--model", model_folder, "--json").out)
    [needed] = [each for each in planned["budgets"] if each["ratio"] == 4]
    kept = json.loads(videoxl("watch", film, "--ratio", 4, "--model", model_folder, "--json").out)
    assert needed["num_rows"] == kept["visual_rows"] + kept["text_rows"]
    assert needed["num_visual_tokens"] == kept["visual_tokens"]
    assert needed["memory_bytes"] == kept["bytes"]


def test_a_plan_needs_neither_weights_nor_a_video(videoxl, config_only):
    """A duration and a config.json are enough; every offered ratio is listed, and the least that fits is shown."""
    result = videoxl("plan", "1h", "--model", config_only, "--device-memory", "1MiB")
    assert result.code == 0, result.err
    assert "3,600 frames of 4 visual tokens" in result.out
    table = [line.split() for line in result.out.splitlines()[2:7]]
    assert [(line[0], line[-1]) for line in table] == [
        ("1", "no"),
        ("2", "no"),
        ("4", "no"),
        ("8", "yes"),
        ("16", "yes"),
    ]
    assert "ratio 8 in bfloat16" in result.out


def test_an_official_config_is_enough(videoxl, tmp_path):
    """A config.json in the authors' format plans an hour of the 7B model without its weights."""
    config = {
        "model_type": "qwen2", "hidden_size": 3584, "intermediate_size": 18944, "num_hidden_layers": 28,
        "num_attention_heads": 28, "num_key_value_heads": 4, "vocab_size": 152064, "max_position_embeddings": 32768,
        "rope_theta": 1000000.0, "beacon_window": 1440, "beacon_stride": 1440, "beacon_ratio": [2, 4, 8],
        "mm_vision_tower": "openai/clip-vit-large-patch14-336", "mm_projector_type": "mlp2x_gelu",
        "mm_hidden_size": 1024, "mm_vision_select_layer": -2, "mm_spatial_pool_stride": 2,
    }  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(config))
    result = videoxl("plan", "1h", "--model", tmp_path, "--device-memory", "24GiB", "--json")
    assert result.code == 0, result.err
    plan = json.loads(result.out)
    assert (plan["num_frames"], plan["tokens_per_frame"], plan["max_positions"]) == (3600, 144, 32768)
    assert 14 * 2**30 < plan["budgets"][0]["weights_bytes"] < 17 * 2**30


@pytest.mark.parametrize("options", [(), ("--ratio", 2)])
def test_what_does_not_fit_exits_1(videoxl, config_only, options):
    """Where no ratio, or not the one asked for, fits, the last line says what is needed and what is there."""
    result = videoxl("plan", "1h", "--model", config_only, "--device-memory", "100KiB", *options)
    assert result.code == 1
    assert len(result.complaints) == 1
    assert "the device has 100.0 KiB" in result.complaints[0]


@pytest.mark.parametrize(
    "options", [("--ratio", 3), ("--device-memory", "much"), ("--dtype", "int8"), ("--fps", 0), ("--start", "2h")]
)
def test_a_plan_that_makes_no_sense_exits_2(videoxl, config_only, options):
    """Options are checked as if the video were watched."""
    result = videoxl("plan", "1h", "--model", config_only, *options)
    assert (result.code, len(result.complaints)) == (2, 1)


def test_a_plan_without_a_config_says_so(videoxl, tmp_path):
    """A folder that is no model is named."""
    result = videoxl("plan", "1h", "--model", tmp_path)
    assert result.code == 1
    assert "config.json" in result.err
