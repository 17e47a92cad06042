"""One safetensors file made of stored tensors under new names, written as bytes and checked as bytes.

Tensors are copied a few megabytes at a time, so memory does not grow with the model and no value can change.
"""

import json
import os
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from videoxl.checkpoint.key_match import Source
from videoxl.errors import CheckpointError

COPY_BYTES = 8 * 2**20
ALIGNMENT = 8  # of the header, as the safetensors library does
PART = ".part"


@dataclass(frozen=True, slots=True)
class Shard:
    """A file to be: its name, and where the bytes of each weight come from, in order."""

    name: str
    weights: Mapping[str, Source]

    @property
    def num_bytes(self) -> int:
        """Size of the whole file."""
        return len(self.header()) + sum(source.num_bytes for source in self.weights.values())

    def header(self) -> bytes:
        """The first bytes of the file, up to where the tensors begin."""
        fields: dict[str, Any] = {"__metadata__": {"format": "pt"}}
        position = 0
        for name, source in self.weights.items():
            stop = position + source.num_bytes
            shape = list(source.shape)
            fields[name] = {"dtype": source.entry.dtype, "shape": shape, "data_offsets": [position, stop]}
            position = stop
        text = json.dumps(fields, separators=(",", ":")).encode()
        text += b" " * (-len(text) % ALIGNMENT)
        return struct.pack("<Q", len(text)) + text

    def write(self, folder: Path) -> None:
        """Write the file beside its place, read it back, and rename it."""
        part = folder / (self.name + PART)
        with part.open("wb") as file:
            file.write(self.header())
            for source in self.weights.values():
                for block in _blocks(source):
                    file.write(block)
            file.flush()
            os.fsync(file.fileno())
        if not self.equals(part):
            raise CheckpointError(f"{part} does not read back as it was written. Check the disk, then convert again.")
        os.replace(part, folder / self.name)

    def equals(self, path: Path) -> bool:
        """Whether a file is there and holds exactly these bytes."""
        if not path.is_file() or path.stat().st_size != self.num_bytes:
            return False
        header = self.header()
        with path.open("rb") as file:
            if file.read(len(header)) != header:
                return False
            blocks = (block for source in self.weights.values() for block in _blocks(source))
            return all(file.read(len(block)) == block for block in blocks)


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write a JSON file whole, or not at all."""
    part = path.with_name(path.name + PART)
    part.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
    os.replace(part, path)


def _blocks(source: Source) -> Iterator[bytes]:
    """The bytes of a stored tensor, or of its chosen rows, in pieces of bounded size."""
    left = source.num_bytes
    with source.entry.file.open("rb") as file:
        file.seek(source.start)
        while left:
            block = file.read(min(left, COPY_BYTES))
            if not block:
                raise CheckpointError(f"{source.entry.file} became shorter while it was read. Fetch it again.")
            left -= len(block)
            yield block
