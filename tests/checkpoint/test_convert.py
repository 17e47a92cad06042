"""Conversion changes names and nothing else, goes on after an interruption, and writes over nothing."""

import errno
import json
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from videoxl.checkpoint import convert as convert_module
from videoxl.checkpoint.convert import convert
from videoxl.checkpoint.load import load_model, load_weights
from videoxl.checkpoint.shard import Shard
from videoxl.compression.interval import Interval
from videoxl.errors import CapacityError, CheckpointError, UsageError
from videoxl.model import VideoXLForConditionalGeneration

MakeFolder = Callable[..., Path]
Weights = dict[str, torch.Tensor]


def answer(model: VideoXLForConditionalGeneration) -> torch.Tensor:
    """Logits of a question on a short random video."""
    pixels = torch.randn(3, 3, 56, 56, generator=torch.Generator().manual_seed(5))
    cache = model.cache()
    with torch.no_grad():
        model.remember_text(cache, torch.tensor([[1, 2, 3]]))
        model.remember_video(cache, model.get_video_features(pixels), [Interval(0, 3, 4)])
        return model(torch.tensor([[4, 5]]), past_key_values=cache).logits


def stored(folder: Path) -> Weights:
    return {name: t for file in sorted(folder.glob("*.safetensors")) for name, t in load_file(file).items()}


def test_converted_model_answers_bit_for_bit(official_folder: MakeFolder, tmp_path: Path) -> None:
    """Loaded directly, converted, or read by transformers, a checkpoint gives the same logits."""
    source, target = official_folder(), tmp_path / "ours"
    report = convert(source, target)
    expected = answer(load_weights(source))
    model, processor = load_model(target)
    assert torch.equal(answer(model), expected)
    read_by_transformers = VideoXLForConditionalGeneration.from_pretrained(target, dtype=torch.float32)
    assert torch.equal(answer(read_by_transformers), expected)
    assert processor.question("why?") == load_model(source)[1].question("why?")
    assert (report.num_shards, report.num_shards_kept, report.largest_difference) == (3, 0, 0.0)
    assert report.num_parameters == sum(tensor.numel() for tensor in stored(source).values())


def test_back_again_gives_the_same_keys_and_bytes(
    official_folder: MakeFolder, official_weights: Weights, tmp_path: Path
) -> None:
    """The authors' format, to ours and back, is the same weights under the same names."""
    source = official_folder()
    convert(source, tmp_path / "ours")
    report = convert(tmp_path / "ours", tmp_path / "back", to="official")
    back = stored(tmp_path / "back")
    assert set(back) == set(official_weights)
    assert all(torch.equal(back[name], tensor) for name, tensor in official_weights.items())
    assert {tensor.name for tensor in report.tensors} == set(official_weights)
    assert torch.equal(answer(load_model(tmp_path / "back")[0]), answer(load_weights(source)))


def test_interrupted_conversion_goes_on(
    official_folder: MakeFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a kill the finished shards are kept, a damaged one is written again, and the end is the same files."""
    source, target = official_folder(), tmp_path / "ours"
    convert(source, tmp_path / "whole")

    class Killed(BaseException):
        pass

    def kill(*args: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(convert_module, "_write_processor", kill)
        with pytest.raises(Killed):
            convert(source, target)
    damaged = target / "model-00002-of-00003.safetensors"
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"\x7f")
    (target / "model-00003-of-00003.safetensors").rename(target / "model-00003-of-00003.safetensors.part")
    assert convert(source, target).num_shards_kept == 1
    names = sorted(path.name for path in (tmp_path / "whole").iterdir())
    assert names == sorted(path.name for path in target.iterdir())
    assert all((target / name).read_bytes() == (tmp_path / "whole" / name).read_bytes() for name in names)


def test_converting_again_changes_nothing(official_folder: MakeFolder, tmp_path: Path) -> None:
    """A finished conversion is recognised and kept."""
    source = official_folder()
    convert(source, tmp_path / "ours")
    assert convert(source, tmp_path / "ours").num_shards_kept == 3


def test_missing_vsts_and_extra_rows_are_settled_in_the_file(
    official_folder: MakeFolder, official_weights: Weights, tmp_path: Path
) -> None:
    """What loading would forgive is written out, so that the converted folder is complete."""
    weights = {name: tensor for name, tensor in official_weights.items() if "beacon" not in name}
    weights["lm_head.weight"] = torch.cat([weights["lm_head.weight"], torch.ones(1, 48)])
    source = official_folder(weights=weights, num_shards=2)
    report = convert(source, tmp_path / "ours")
    assert len(report.notes) == 2
    converted = stored(tmp_path / "ours")
    assert torch.equal(
        converted["model.language_model.vst_embedding.weight"], weights["model.embed_tokens.weight"][7:8]
    )
    assert converted["lm_head.weight"].shape == (257, 48)
    assert torch.equal(answer(load_weights(tmp_path / "ours")), answer(load_weights(source)))


def test_nothing_is_written_where_keys_do_not_fit(
    official_folder: MakeFolder, official_weights: Weights, tmp_path: Path
) -> None:
    """A leftover key fails before the target exists."""
    source = official_folder(weights=official_weights | {"model.image_newline": torch.zeros(2)})
    with pytest.raises(CheckpointError, match=r"model\.image_newline"):
        convert(source, tmp_path / "ours")
    assert not (tmp_path / "ours").exists()


def test_other_files_are_not_written_over(official_folder: MakeFolder, tmp_path: Path) -> None:
    """A folder with anything else in it, the source itself, and a file are refused."""
    source = official_folder()
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "todo.txt").write_text("milk")
    (tmp_path / "file").write_text("")
    for target in (tmp_path / "notes", source, tmp_path / "file"):
        with pytest.raises(UsageError, match="Choose"):
            convert(source, target)
    assert (tmp_path / "notes" / "todo.txt").read_text() == "milk"


def test_same_format_is_refused(official_folder: MakeFolder, tmp_path: Path) -> None:
    """There is nothing to convert into the format that a folder has."""
    with pytest.raises(UsageError, match="in the format official already"):
        convert(official_folder(), tmp_path / "x", to="official")


def test_full_disk_is_known_before(
    official_folder: MakeFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the weights cannot fit, nothing is written."""
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(convert_module.shutil, "disk_usage", lambda path: usage(100, 99, 1))
    with pytest.raises(CapacityError, match="Make room"):
        convert(official_folder(), tmp_path / "ours")
    assert not (tmp_path / "ours").exists()


def test_disk_that_fills_up_keeps_what_is_done(
    official_folder: MakeFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fills up while writing is said, and the next run goes on from the finished shards."""
    source, target = official_folder(), tmp_path / "ours"
    write = Shard.write

    def fails_at_the_second(self: Shard, folder: Path) -> None:
        if "00002" in self.name:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(self, folder)

    with monkeypatch.context() as patch:
        patch.setattr(Shard, "write", fails_at_the_second)
        with pytest.raises(CapacityError, match="finished shards are kept"):
            convert(source, target)
    assert not (target / "config.json").exists()
    assert convert(source, target).num_shards_kept == 1


def test_report_is_plain_json(official_folder: MakeFolder, tmp_path: Path) -> None:
    """The report can be written as it is."""
    report = convert(official_folder(num_shards=1), tmp_path / "ours").to_dict()
    assert len(json.loads(json.dumps(report))["tensors"]) == 99
