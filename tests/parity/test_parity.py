"""The recorded behaviour of the released code is reproduced by the product's own, and a wrong model is noticed."""

import json
import shutil
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from videoxl.checkpoint.verify import TOLERANCE, CaseResult, is_passed, verify
from videoxl.errors import CheckpointError

RECORDED = Path(__file__).parents[1] / "data" / "parity"
REACHED = 1e-5  # a tenth of what the contract allows; summing in another order gives a few 1e-6
KINDS = {"text_native", "lm_inference", "lm_training", "vision", "e2e", "preprocess", "image_anyres"}


@pytest.fixture(scope="module")
def results() -> list[CaseResult]:
    """Every case of the committed set."""
    return verify(RECORDED)


def test_every_recorded_case_is_reproduced(results: list[CaseResult]) -> None:
    """All kinds agree to 1e-5; only windows with a carried remainder are skipped, and say so."""
    assert [result.line() for result in results if result.status == "FAIL"] == []
    assert is_passed(results)
    assert {result.kind for result in results if result.status == "ok"} == KINDS
    assert {result.name for result in results if result.status == "skip"} == {
        "b_w20_carry_n60_r8", "b_w20_carry_n53_r8"
    }  # fmt: skip
    assert all(result.reason.startswith("carry") for result in results if result.status == "skip")
    assert max(result.largest_difference or 0 for result in results) < REACHED


def small_copy(folder: Path, *, names: tuple[str, ...]) -> Path:
    """The set with some of its cases, to be damaged."""
    shutil.copytree(RECORDED, folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["cases"] = [case for case in manifest["cases"] if case["name"] in names]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


@pytest.mark.parametrize(
    ("weight", "case"),
    [
        ("model.beacon_embed_tokens.weight", "b_n48_r4"),
        ("model.layers.0.self_attn.beacon_v_proj.bias", "b_train_n52_r4"),
        ("model.layers.1.self_attn.q_proj.weight", "b_text_native"),
        ("model.mm_projector.2.bias", "b_vision_13frames"),
        ("model.vision_tower.vision_tower.vision_model.pre_layrnorm.weight", "b_image_anyres_2x2"),
    ],
)
def test_perturbed_weight_fails(tmp_path: Path, weight: str, case: str) -> None:
    """A weight that is off by 0.01 is seen, far above the tolerance."""
    folder = small_copy(tmp_path / "set", names=(case,))
    weights = load_file(folder / "models" / "b24.safetensors")
    weights[weight] += 0.01
    save_file(weights, folder / "models" / "b24.safetensors")
    (result,) = verify(folder)
    assert result.status == "FAIL"
    assert (result.largest_difference or 0) > 2 * TOLERANCE
    assert not is_passed([result])


def test_optional_tensors_may_be_absent(tmp_path: Path) -> None:
    """A case is compared by what it records, and fails where it records nothing."""
    folder = small_copy(tmp_path / "set", names=("b_n48_r4", "b_n25_r2"))
    kept = {"b_n48_r4": ("prefix_ids", "suffix_ids", "last_step_logits"), "b_n25_r2": ("prefix_ids", "suffix_ids")}
    for name, tensors in kept.items():
        path = folder / "cases" / f"{name}.safetensors"
        save_file({key: tensor for key, tensor in load_file(path).items() if key in tensors}, path)
    manifest = json.loads((folder / "manifest.json").read_text())
    for case in manifest["cases"]:
        for name in ("expected_window_tokens", "expected_window_ratios", "expected_memory_sizes"):
            case.pop(name)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    by_name = {result.name: result for result in verify(folder)}
    assert by_name["b_n48_r4"].status == "ok"
    assert by_name["b_n25_r2"].status == "FAIL"
    assert "nothing is recorded" in by_name["b_n25_r2"].reason


def test_recorded_bugs_are_skipped_with_a_reason(tmp_path: Path) -> None:
    """A video without suffix and VST, and text behind a placeholder, are the reference's bugs and not ours."""
    folder = small_copy(tmp_path / "set", names=("b_lt_ratio_n3_r8", "b_train_n52_r4"))
    path = folder / "cases" / "b_lt_ratio_n3_r8.safetensors"
    tensors = load_file(path)
    tensors["suffix_ids"] = tensors["suffix_ids"][:0].clone()
    save_file(tensors, path)
    manifest = json.loads((folder / "manifest.json").read_text())
    training = next(case for case in manifest["cases"] if case["kind"] == "lm_training")
    training["beacon_skip_last"] += 4
    (folder / "manifest.json").write_text(json.dumps(manifest))
    by_name = {result.name: result for result in verify(folder)}
    assert {result.status for result in by_name.values()} == {"skip"}
    assert by_name["b_lt_ratio_n3_r8"].reason.startswith("no suffix and fewer tokens than the ratio")
    assert by_name["b_train_n52_r4"].reason.startswith("text-only through the placeholder")


def test_unknown_kind_fails(tmp_path: Path) -> None:
    """A case that nobody knows how to run is not passed over."""
    folder = small_copy(tmp_path / "set", names=("b_text_native",))
    manifest = (folder / "manifest.json").read_text().replace('text_native", "model', 'telepathy", "model')
    (folder / "manifest.json").write_text(manifest)
    (result,) = verify(folder)
    assert (result.status, result.kind) == ("FAIL", "telepathy")


def test_folder_without_manifest_is_refused(tmp_path: Path) -> None:
    """A folder that is no set of cases says which file is missing."""
    with pytest.raises(CheckpointError, match=r"manifest.json is missing"):
        verify(tmp_path)


def test_missing_case_file_is_refused(tmp_path: Path) -> None:
    """A case whose file is gone is named."""
    folder = small_copy(tmp_path / "set", names=("b_text_native",))
    (folder / "cases" / "b_text_native.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"b_text_native.safetensors is missing"):
        verify(folder)
