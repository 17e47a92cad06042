"""One shard: consecutive rows as a safetensors file with two tensors, `keys` and `values`, each (L, K, N, E).

    L layers, K key/value heads, N rows of the shard, E head width
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_safetensors
from torch import Tensor

from videoxl.errors import MemoryFormatError
from videoxl.memory.folder import REBUILD, file_bytes, readable
from videoxl.memory.manifest import ELEMENT_BYTES, RowGeometry, ShardEntry


def encode_shard(first_row: int, keys_LKNE: Tensor, values_LKNE: Tensor) -> tuple[ShardEntry, bytes]:
    """The file of these rows and its entry in the manifest."""
    data = to_safetensors({"keys": keys_LKNE.cpu().contiguous(), "values": values_LKNE.cpu().contiguous()})
    digest = hashlib.sha256(data).hexdigest()
    return ShardEntry(first_row, keys_LKNE.shape[2], len(data), digest), data


def geometry_of(rows_LKNE: Tensor) -> RowGeometry:
    """The shape and number type of rows, as the manifest says it."""
    layers, heads, _, width = rows_LKNE.shape
    dtype = str(rows_LKNE.dtype).removeprefix("torch.")
    assert dtype in ELEMENT_BYTES, f"a memory keeps rows of {', '.join(ELEMENT_BYTES)}, got {dtype}"
    return RowGeometry(dtype, layers, heads, width)


def check_size(folder: Path, shard: ShardEntry, geometry: RowGeometry) -> None:
    """Refuse a shard that is missing, cut short, or too small for its rows, without reading it."""
    path = folder / shard.name
    found = file_bytes(path)
    if found != shard.num_bytes:
        raise MemoryFormatError(f"{path} has {found} bytes and should have {shard.num_bytes}. {REBUILD}")
    if shard.num_bytes < shard.num_rows * geometry.row_bytes:
        raise MemoryFormatError(f"{path} is too small for the {shard.num_rows} rows it should hold. {REBUILD}")


def check_hash(folder: Path, shard: ShardEntry) -> None:
    """Refuse a shard of which a byte has changed."""
    path = folder / shard.name
    with readable(path), path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != shard.sha256:
        raise MemoryFormatError(
            f"{path} is damaged: its sha256 is {found[:12]} and should be {shard.sha256[:12]}. {REBUILD}"
        )


@contextmanager
def open_shard(folder: Path, shard: ShardEntry, geometry: RowGeometry) -> Iterator[tuple[Tensor, Tensor]]:
    """Keys and values of a shard as views of the file, read when touched."""
    path = folder / shard.name
    shape = [geometry.num_layers, geometry.num_key_value_heads, shard.num_rows, geometry.head_dim]
    try:
        with readable(path), safe_open(path, framework="pt") as file:
            found = {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118
            if found != {"keys": shape, "values": shape}:
                raise MemoryFormatError(f"{path} should hold keys and values of shape {shape}, got {found}. {REBUILD}")
            keys_LKNE, values_LKNE = file.get_tensor("keys"), file.get_tensor("values")
            expected = getattr(torch, geometry.dtype)
            if {keys_LKNE.dtype, values_LKNE.dtype} != {expected}:
                raise MemoryFormatError(f"{path} should hold {expected}, got {keys_LKNE.dtype}. {REBUILD}")
            yield keys_LKNE, values_LKNE
    except SafetensorError as error:
        raise MemoryFormatError(f"{path} is not a safetensors file ({error}). {REBUILD}") from error
