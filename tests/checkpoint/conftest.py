"""A small random checkpoint in the authors' format, made of the recorded weights, to be damaged as a test likes."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

PARITY = Path(__file__).parents[1] / "data" / "parity"
EOS = 7
MakeFolder = Callable[..., Path]


@pytest.fixture(scope="session")
def official_weights() -> dict[str, torch.Tensor]:
    """Weights of the small recorded model, by the authors' names."""
    return load_file(PARITY / "models" / "b24.safetensors")


@pytest.fixture(scope="session")
def official_config() -> dict[str, Any]:
    """A config.json as the authors write it: one flat object."""
    about = json.loads((PARITY / "manifest.json").read_text())["models"]["b24"]
    return {
        "architectures": ["LlavaQwenForCausalLM"],
        "model_type": "qwen2",
        **about["lm_config"],
        **about["beacon_config"],
        **about["multimodal_config"],
        "beacon_ratio": [2, 4, 8],
        "beacon_ratio_mix": "step-random",
        "eos_token_id": EOS,
        "mm_vision_tower": "/home/authors/small-tower",
        "vision_config": about["vision_config"],
        "tokenizer_model_max_length": 32768,
    }


@pytest.fixture
def official_folder(
    tmp_path: Path, official_weights: Mapping[str, torch.Tensor], official_config: Mapping[str, Any]
) -> MakeFolder:
    """Writes a folder in the authors' format, with changed weights or fields, in any number of shards."""

    def make(
        *,
        weights: Mapping[str, torch.Tensor] | None = None,
        num_shards: int = 3,
        has_tokenizer: bool = True,
        without: tuple[str, ...] = (),
        **fields: Any,
    ) -> Path:
        folder = tmp_path / "official"
        folder.mkdir()
        config = {name: value for name, value in (official_config | fields).items() if name not in without}
        (folder / "config.json").write_text(json.dumps(config))
        write_shards(folder, official_weights if weights is None else weights, num_shards)
        if has_tokenizer:
            byte_tokenizer().save_pretrained(folder)
        return folder

    return make


def write_shards(folder: Path, weights: Mapping[str, torch.Tensor], num_shards: int) -> None:
    names = sorted(weights)
    weight_map = {}
    for number in range(num_shards):
        file = f"model-{number + 1:05d}-of-{num_shards:05d}.safetensors" if num_shards > 1 else "model.safetensors"
        chosen = names[number::num_shards]
        save_file({name: weights[name].contiguous() for name in chosen}, folder / file, metadata={"format": "pt"})
        weight_map |= dict.fromkeys(chosen, file)
    if num_shards > 1:
        index = {"metadata": {}, "weight_map": weight_map}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def byte_tokenizer() -> PreTrainedTokenizerFast:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({letter: number for number, letter in enumerate(alphabet)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer)
