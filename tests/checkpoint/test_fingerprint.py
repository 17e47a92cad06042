"""A fingerprint tells models apart by what decides a memory's rows, and by nothing else."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from videoxl.checkpoint.convert import convert
from videoxl.checkpoint.fingerprint import fingerprint
from videoxl.checkpoint.load import load_model, load_weights

MakeFolder = Callable[..., Path]


def test_format_and_precision_do_not_matter(official_folder: MakeFolder, official_weights, tmp_path: Path) -> None:
    """The same weights have one fingerprint in both formats and every precision that holds them."""
    stored = {name: tensor.bfloat16() for name, tensor in official_weights.items()}
    source = official_folder(weights=stored)
    convert(source, tmp_path / "ours")
    prints = {fingerprint(*load_model(folder)) for folder in (source, tmp_path / "ours")}
    model, processor = load_model(source, dtype="float32")
    for dtype in (torch.bfloat16, torch.float32, torch.float16):
        prints.add(fingerprint(model.to(dtype), processor))
    assert len(prints) == 1


@pytest.mark.parametrize("name", ["lm_head.weight", "model.vision_tower.encoder.layers.1.mlp.fc1.bias"])
def test_changed_weight_changes_it(official_folder: MakeFolder, name: str) -> None:
    """One value of a small tensor is enough."""
    model = load_weights(official_folder())
    before = fingerprint(model)
    with torch.no_grad():
        model.state_dict()[name].view(-1)[-1] += 1
    assert fingerprint(model) != before


@pytest.mark.parametrize(
    ("field", "value"), [("vision_feature_layer", -1), ("layout_rule", "drop"), ("word_gate", {"cosine": 0.5})]
)
def test_changed_maths_changes_it(official_folder: MakeFolder, field: str, value: object) -> None:
    """The same weights read in another way are another model."""
    model = load_weights(official_folder())
    before = fingerprint(model)
    setattr(model.config, field, value)
    assert fingerprint(model) != before


def test_changed_pixels_change_it(official_folder: MakeFolder) -> None:
    """The same model on frames prepared in another way makes other rows."""
    model, processor = load_model(official_folder())
    before = fingerprint(model, processor)
    assert processor.preprocessing()["crop_size"] == {"height": 56, "width": 56}
    processor.image_processor.do_center_crop = False
    assert fingerprint(model, processor) != before
