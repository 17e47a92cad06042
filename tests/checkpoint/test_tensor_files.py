"""Damage to files of weights is found from their headers, and said in one sentence."""

import json
import struct
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from videoxl.checkpoint.tensor_files import read_file, read_folder
from videoxl.errors import CheckpointError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two shards and their index."""
    save_file({"a": torch.arange(6.0).reshape(2, 3)}, tmp_path / "model-00001-of-00002.safetensors")
    save_file({"b": torch.zeros(4, dtype=torch.bfloat16)}, tmp_path / "model-00002-of-00002.safetensors")
    write_index(tmp_path, {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"})
    return tmp_path


def write_index(folder: Path, weight_map: dict[str, str]) -> None:
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))


def write_header(path: Path, header: object, data: bytes = b"") -> None:
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def test_entries_say_where_bytes_are(folder: Path) -> None:
    """Name, type, shape and place of each tensor are those that were saved."""
    entries = read_folder(folder).entries
    assert {name: (entry.dtype, entry.shape) for name, entry in entries.items()} == {
        "a": ("F32", (2, 3)), "b": ("BF16", (4,))
    }  # fmt: skip
    stored = entries["a"].file.read_bytes()[entries["a"].start :][: entries["a"].num_bytes]
    assert torch.equal(torch.frombuffer(bytearray(stored), dtype=torch.float32), torch.arange(6.0))


def test_truncated_shard_is_named(folder: Path) -> None:
    """A file that ends before its header says is refused with both sizes."""
    path = folder / "model-00001-of-00002.safetensors"
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(CheckpointError, match=r"model-00001-of-00002.safetensors has \d+ bytes, its header announces"):
        read_folder(folder)


def test_missing_shard_is_named(folder: Path) -> None:
    """A shard that the index names and the folder lacks is refused by name."""
    (folder / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"lacks 1 of 2 shards: model-00002-of-00002\.safetensors"):
        read_folder(folder)


def test_index_and_shards_must_agree(folder: Path) -> None:
    """A weight that the index names and no shard holds is refused by name."""
    write_index(folder, {"a": "model-00001-of-00002.safetensors", "c": "model-00002-of-00002.safetensors"})
    with pytest.raises(CheckpointError, match="no shard holds: c"):
        read_folder(folder)


def test_index_stays_in_its_folder(folder: Path) -> None:
    """An index cannot make us read a file elsewhere."""
    write_index(folder, {"a": "../elsewhere.safetensors"})
    with pytest.raises(CheckpointError, match="points outside its folder"):
        read_folder(folder)


def test_weight_in_two_shards_is_refused(folder: Path) -> None:
    """Two shards with one name leave it open which counts."""
    save_file({"a": torch.zeros(1), "b": torch.zeros(1)}, folder / "model-00002-of-00002.safetensors")
    with pytest.raises(CheckpointError, match="twice: a"):
        read_folder(folder)


def test_pickled_weights_are_never_opened(tmp_path: Path) -> None:
    """A folder with pickled weights only is refused, with the way out."""
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    with pytest.raises(CheckpointError, match=r"pytorch_model.bin.*save_pretrained"):
        read_folder(tmp_path)


def test_folder_without_weights_says_what_is_expected(tmp_path: Path) -> None:
    """An empty folder is refused with the name of the file that a model has."""
    with pytest.raises(CheckpointError, match=r"holds no weights; expected model.safetensors"):
        read_folder(tmp_path)


@pytest.mark.parametrize("content", [b"", b"short", struct.pack("<Q", 2**40) + b"{}", struct.pack("<Q", 2) + b"{]"])
def test_what_is_no_safetensors_file_is_refused(tmp_path: Path, content: bytes) -> None:
    """Random bytes, or a length beyond the file, are refused without reading on."""
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(CheckpointError, match="Fetch"):
        read_file(tmp_path / "model.safetensors")


@pytest.mark.parametrize(
    "fields",
    [
        {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]},
        {"dtype": "F99", "shape": [1], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [-1], "data_offsets": [4, 0]},
        {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]},
        {"dtype": "F32"},
        None,
    ],
)
def test_contradicting_header_is_refused(tmp_path: Path, fields: object) -> None:
    """Shape, type and place of a tensor must agree with each other and with the file."""
    write_header(tmp_path / "model.safetensors", {"a": fields}, b"\0" * 8)
    with pytest.raises(CheckpointError, match="'a'"):
        read_file(tmp_path / "model.safetensors")
