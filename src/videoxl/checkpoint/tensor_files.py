"""The safetensors files of a model folder, known from their headers alone: names, types, shapes, places of bytes.

A header is 8 bytes of length (little endian), then JSON; the tensors' bytes follow without gaps. Everything is checked
before anyone reads a weight: a file that was cut short, a shard that is missing, a tensor that is there twice. Pickled
weights are never opened.
"""

import json
import struct
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from videoxl.errors import CheckpointError

INDEX_NAME = "model.safetensors.index.json"
SINGLE_NAME = "model.safetensors"
PICKLED = (".bin", ".pt", ".pth", ".ckpt")
LENGTH_BYTES = 8
MAX_HEADER_BYTES = 100 * 2**20  # the limit of the safetensors library
DTYPE_BITS = {
    "F64": 64, "F32": 32, "F16": 16, "BF16": 16, "F8_E4M3": 8, "F8_E5M2": 8,
    "I64": 64, "I32": 32, "I16": 16, "I8": 8, "U64": 64, "U32": 32, "U16": 16, "U8": 8, "BOOL": 8,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TensorEntry:
    """One tensor in one file; `start` counts bytes from the beginning of the file."""

    name: str
    file: Path
    dtype: str
    shape: tuple[int, ...]
    start: int
    num_bytes: int

    @property
    def num_values(self) -> int:
        return prod(self.shape)


@dataclass(frozen=True, slots=True)
class TensorFile:
    """One safetensors file; entries in the order of their bytes."""

    path: Path
    num_bytes: int
    entries: tuple[TensorEntry, ...]


@dataclass(frozen=True, slots=True)
class TensorFolder:
    """All weights of a model folder."""

    path: Path
    files: tuple[TensorFile, ...]

    @property
    def entries(self) -> dict[str, TensorEntry]:
        return {entry.name: entry for file in self.files for entry in file.entries}


def read_folder(folder: str | Path) -> TensorFolder:
    """Headers of every shard that a model folder's index names, or of its safetensors files where it has no index."""
    folder = Path(folder)
    files = tuple(read_file(path) for path in _weight_files(folder))
    names = Counter(entry.name for file in files for entry in file.entries)
    if twice := [name for name, count in names.items() if count > 1]:
        raise CheckpointError(
            f"{folder} holds some weights twice: {listed(twice)}. Remove the shards of an older save."
        )
    if (index := folder / INDEX_NAME).is_file():
        absent = sorted(set(_weight_map(index)) - set(names))
        if absent:
            raise CheckpointError(
                f"{index} names weights that no shard holds: {listed(absent)}. Fetch the folder again; "
                "its index and shards are from different saves."
            )
    return TensorFolder(folder, files)


def read_file(path: str | Path) -> TensorFile:
    """The header of one file, checked against its size."""
    path = Path(path)
    num_bytes = path.stat().st_size
    header, begin = _header(path, num_bytes)
    header.pop("__metadata__", None)
    entries = sorted((_entry(path, name, begin, fields) for name, fields in header.items()), key=lambda e: e.start)
    position = begin
    for entry in entries:
        if entry.start != position:
            raise CheckpointError(f"{path} has a gap or an overlap before {entry.name!r}. Fetch the file again.")
        position += entry.num_bytes
    if num_bytes != position:
        raise CheckpointError(
            f"{path} has {num_bytes} bytes, its header announces {position}: the file was cut short or changed. "
            "Fetch it again."
        )
    return TensorFile(path, num_bytes, tuple(entries))


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object, or a sentence that says which file is none."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CheckpointError(f"{path} is missing; expected a model folder with one. Check the path.") from None
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read as JSON ({error}). Fetch the file again.") from error
    if not isinstance(value, dict):
        raise CheckpointError(f"{path} holds a {type(value).__name__}, expected a JSON object. Fetch the file again.")
    return value


def listed(names: Iterable[str], *, most: int = 20) -> str:
    """Names in a sentence; beyond `most`, their number."""
    names = list(names)
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")


def _weight_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise CheckpointError(f"{folder} is not a folder; expected one with config.json and safetensors files.")
    index = folder / INDEX_NAME
    if index.is_file():
        names = sorted(set(_weight_map(index).values()))
        missing = [name for name in names if not (folder / name).is_file()]
        if missing:
            raise CheckpointError(
                f"{folder} lacks {len(missing)} of {len(names)} shards: {listed(missing)}. Fetch the missing files."
            )
        return [folder / name for name in names]
    found = sorted(folder.glob("model*.safetensors")) or sorted(folder.glob("*.safetensors"))
    if found:
        return found
    pickled = sorted(path.name for path in folder.iterdir() if path.suffix in PICKLED)
    if pickled:
        raise CheckpointError(
            f"{folder} holds pickled weights only ({listed(pickled, most=4)}), which can run any program when opened; "
            "expected safetensors. Where you trust them, load them with transformers once and use "
            "save_pretrained(), which writes safetensors."
        )
    raise CheckpointError(f"{folder} holds no weights; expected {SINGLE_NAME} or {INDEX_NAME} with its shards.")


def _weight_map(index: Path) -> dict[str, str]:
    weight_map = read_json(index).get("weight_map")
    if not isinstance(weight_map, Mapping) or not all(isinstance(name, str) for name in weight_map.values()):
        raise CheckpointError(f"{index} has no weight_map of names to files. Fetch the file again.")
    if strays := sorted({name for name in weight_map.values() if Path(name).name != name}):
        raise CheckpointError(f"{index} points outside its folder: {listed(strays)}. Expected plain file names.")
    return dict(weight_map)


def _header(path: Path, num_bytes: int) -> tuple[dict[str, Any], int]:
    """The parsed header and where the bytes of the tensors begin."""
    with path.open("rb") as file:
        prefix = file.read(LENGTH_BYTES)
        length = struct.unpack("<Q", prefix)[0] if len(prefix) == LENGTH_BYTES else None
        if length is None or length > min(MAX_HEADER_BYTES, num_bytes - LENGTH_BYTES):
            raise CheckpointError(f"{path} ({num_bytes} bytes) is no whole safetensors file. Fetch it again.")
        text = file.read(length)
    try:
        header = json.loads(text)
    except ValueError as error:
        raise CheckpointError(f"{path} has a damaged header ({error}). Fetch the file again.") from error
    if not isinstance(header, dict):
        raise CheckpointError(f"{path} has a header without names. Fetch the file again.")
    return header, LENGTH_BYTES + length


def _entry(path: Path, name: str, begin: int, fields: Any) -> TensorEntry:
    try:
        dtype, shape = fields["dtype"], tuple(int(size) for size in fields["shape"])
        first, last = (int(offset) for offset in fields["data_offsets"])
        expected = prod(shape) * DTYPE_BITS[dtype] // 8
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path} describes {name!r} in a way we cannot read. Fetch the file again.") from error
    if last - first != expected or min(shape, default=0) < 0:
        raise CheckpointError(
            f"{path} gives {name!r} {last - first} bytes, expected {expected} for {dtype} of shape {list(shape)}. "
            "Fetch the file again."
        )
    return TensorEntry(name, path, dtype, shape, begin + first, expected)
