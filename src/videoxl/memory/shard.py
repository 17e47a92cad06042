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
from videoxl.memory.folder import REBUILD, readable
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
