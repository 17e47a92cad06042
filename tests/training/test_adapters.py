"""Adapters change nothing until they learn, and a merged model says what the adapted one said."""

import copy

import pytest
import torch
from safetensors.torch import load_file

import videoxl
from videoxl.errors import CheckpointError
from videoxl.training.adapters import add_lora, has_lora, load_adapter, merge_lora, save_adapter
from videoxl.training.model_folder import export_model
from videoxl.training.parameters import GroupConfig, LoraConfig, ParameterConfig, freeze, num_trained

ROUND_OFF = 1e-5
LORA = LoraConfig(rank=2)


@pytest.fixture
def model(make_model):
    return make_model(num_layers=2)


@torch.no_grad()
def logits(model) -> torch.Tensor:
    ids = torch.tensor([[5, 6, 96, 7, 8, 9]])
    pixels = torch.randn(9, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    return model.eval()(ids, pixel_values_videos=[pixels]).logits


def test_adapters_begin_by_changing_nothing(model):
    """A model with new adapters gives the very logits it gave; only adapters, VSTs and projector learn then."""
    before = logits(model)
    add_lora(model, LORA)
    assert torch.equal(logits(model), before)
    freeze(model, ParameterConfig(vision_tower=GroupConfig(trained=False), lora=LORA))
    assert set(num_trained(model)) == {"projector", "vst", "lora"}
    assert not [name for name, _ in model.named_parameters() if ".lora_" in name and "vst_" in name]


@pytest.fixture
def trained(model, make_trainer):
    """A model whose adapters, VSTs and projector have learned for some steps."""
    frozen = GroupConfig(trained=False)
    parameters = ParameterConfig(vision_tower=frozen, lora=LORA)
    make_trainer("lora", model=model, max_steps=4, learning_rate=0.02, options={"parameters": parameters}).run()
    return model


def test_a_saved_adapter_is_the_trained_model(trained, make_model, tmp_path):
    """The base model with adapter and deltas gives what the trained one gives; no weight of the decoder is saved."""
    save_adapter(trained, tmp_path / "adapter")
    names = {name for path in (tmp_path / "adapter").glob("*.safetensors") for name in load_file(path)}
    assert all("lora_" in name or "vst_" in name or "projector" in name for name in names)
    again = make_model(num_layers=2)
    before = logits(again)
    load_adapter(again, tmp_path / "adapter")
    assert torch.equal(logits(again), logits(trained))
    assert not torch.allclose(logits(again), before, atol=1e-2)


def test_an_adapter_of_another_model_is_refused(trained, make_model, tmp_path):
    """Deltas that do not fit are refused, and the first of them is named."""
    save_adapter(trained, tmp_path / "adapter")
    other = make_model(num_layers=2, projector_hidden_size=8)
    with pytest.raises(CheckpointError, match=r"model\.projector.* none of this shape"):
        load_adapter(other, tmp_path / "adapter")


def test_targets_that_are_not_there_are_refused(model):
    """Adapters on layers that the decoder does not have are an error that names them."""
    with pytest.raises(CheckpointError, match=r"no layers \['no_proj'\]"):
        add_lora(model, LoraConfig(targets=("no_proj",)))


def test_merging_says_the_same(trained):
    """With adapters merged into it and taken away, a model gives the same logits by its own classes."""
    adapted = logits(trained)
    merged = copy.deepcopy(trained)
    merge_lora(merged)
    assert not has_lora(merged)
    torch.testing.assert_close(logits(merged), adapted, atol=ROUND_OFF, rtol=1e-4)


def test_an_exported_folder_is_opened_and_watches(trained, processor, tmp_path):
    """What training exports is a model folder that `videoxl.load` opens, card included, with the trained logits."""
    adapted = logits(trained)
    folder = export_model(trained, processor, tmp_path / "model", card="# A card\n", texts={"names.txt": "a\n"})
    opened = videoxl.load(folder, device="cpu")
    torch.testing.assert_close(logits(opened.model), adapted, atol=ROUND_OFF, rtol=1e-4)
    assert (folder / "README.md").read_text() == "# A card\n"
    assert (folder / "names.txt").exists()
    assert not (folder / "WHOLE").exists()
    export_model(trained, processor, folder, dtype=torch.float16)
    assert {tensor.dtype for tensor in load_file(folder / "model.safetensors").values()} == {torch.float16}
    assert not (folder / "names.txt").exists()
