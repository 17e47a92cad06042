"""Looking into a folder says what it is and what is missing, without reading a weight."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from videoxl.checkpoint.convert import convert
from videoxl.checkpoint.inspect import inspect_folder
from videoxl.errors import CheckpointError

MakeFolder = Callable[..., Path]
Weights = dict[str, torch.Tensor]


def test_whole_checkpoint_is_described(official_folder: MakeFolder, official_weights: Weights) -> None:
    """Parts, sizes, shards and geometry of the authors' format are those that are stored."""
    report = inspect_folder(official_folder())
    assert (report.kind, report.is_loadable, report.problems) == ("official", True, ())
    assert report.num_parameters == sum(tensor.numel() for tensor in official_weights.values())
    assert set(report.parameters) == {"vision tower", "projector", "VSTs", "decoder", "head"}
    assert report.parameters["head"] == 257 * 48
    assert report.parameters["VSTs"] == sum(t.numel() for name, t in official_weights.items() if "beacon" in name)
    assert (report.compression_ratios, report.tokens_per_frame, report.interval_frames) == ((2, 4, 8), 4, 6)
    assert (report.dtypes, len(report.shards)) == (("F32",), 3)
    json.dumps(report.to_dict())


def test_converted_folder_has_the_same_numbers(official_folder: MakeFolder, tmp_path: Path) -> None:
    """Both formats of one model differ in name only."""
    source = official_folder()
    convert(source, tmp_path / "ours")
    one, other = inspect_folder(source), inspect_folder(tmp_path / "ours")
    assert (other.kind, other.is_loadable) == ("videoxl", True)
    assert (one.parameters, one.num_parameters) == (other.parameters, other.num_parameters)


def test_what_is_missing_is_listed(official_folder: MakeFolder, official_weights: Weights) -> None:
    """Missing weights, tokenizer and shards are problems, in words."""
    del (weights := dict(official_weights))["model.norm.weight"]
    folder = official_folder(weights=weights, has_tokenizer=False)
    problems = " ".join(inspect_folder(folder).problems)
    assert "weights are missing: model.norm.weight" in problems
    assert "no tokenizer" in problems
    (folder / "model-00001-of-00003.safetensors").unlink()
    report = inspect_folder(folder)
    assert "lacks 1 of 3 shards" in " ".join(report.problems)
    assert not report.is_loadable


def test_missing_vsts_are_a_note(official_folder: MakeFolder, official_weights: Weights) -> None:
    """VSTs that start from the decoder do not stop loading, but are told."""
    base = {name: tensor for name, tensor in official_weights.items() if "beacon" not in name}
    report = inspect_folder(official_folder(weights=base))
    assert report.is_loadable
    assert any("VST weights are not in the checkpoint" in note for note in report.notes)


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (["model.embed_tokens.weight", "model.layers.0.self_attn.q_proj.weight"], "decoder"),
        (["vision_model.embeddings.class_embedding"], "vision tower"),
        (["model.mm_projector.0.weight"], "projector"),
        (["bert.pooler.weight"], "no model"),
    ],
)
def test_parts_are_recognised(tmp_path: Path, names: list[str], kind: str) -> None:
    """A base decoder, a tower or a projector alone is named as such, and is not loadable."""
    save_file({name: torch.zeros(2, 2) for name in names}, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "x"}))
    report = inspect_folder(tmp_path)
    assert (report.kind, report.is_loadable) == (kind, False)
    assert report.num_parameters == 4 * len(names)


def test_pickled_projector_is_recognised_unopened(tmp_path: Path) -> None:
    """The authors' mm_projector.bin is known by its name and not opened."""
    (tmp_path / "mm_projector.bin").write_bytes(b"\x80\x04.")
    report = inspect_folder(tmp_path)
    assert report.kind == "projector"
    assert "pickled" in report.problems[0]


def test_empty_folder_is_no_model(tmp_path: Path) -> None:
    """A folder without weights or config says both."""
    report = inspect_folder(tmp_path)
    assert (report.kind, len(report.problems)) == ("no model", 2)


def test_path_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    """There is nothing to look into."""
    with pytest.raises(CheckpointError, match="is not a folder"):
        inspect_folder(tmp_path / "nothing")
