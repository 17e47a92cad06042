"""A manifest from a file that a stranger may have written: every type, range and name is checked before use."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

from videoxl.errors import MemoryFormatError
from videoxl.memory import plain
from videoxl.memory.about import MemoryAbout, MemorySource
from videoxl.memory.folder import MANIFEST_NAME, REBUILD, read_file
from videoxl.memory.manifest import ELEMENT_BYTES, FORMAT, VERSION, Manifest, RowGeometry, ShardEntry, self_hash
from videoxl.memory.segment import Segment

MOST_BYTES = 1 << 28  # of a manifest: ten hours at 1 fps take 2 MB


class OtherVersionError(Exception):
    """The manifest says a format version that is not ours; the argument is that version."""


def read_manifest(folder: Path) -> Manifest:
    """The checked manifest of a .vxl folder."""
    path = folder / MANIFEST_NAME
    if not folder.exists():
        raise MemoryFormatError(f"{folder}: no such memory. Make one with `videoxl watch VIDEO -o {folder}`.")
    if not folder.is_dir():
        raise MemoryFormatError(
            f"{folder} is a file, and a memory is a folder with a {MANIFEST_NAME}. Name the folder."
        )
    if not path.exists():
        raise MemoryFormatError(
            f"{folder} has no {MANIFEST_NAME}: it is not a memory, or its first save was interrupted. "
            f"Make it with `videoxl watch VIDEO -o {folder}`."
        )
    data = read_file(path, most_bytes=MOST_BYTES)
    try:
        return parse_manifest(data)
    except OtherVersionError as other:
        raise MemoryFormatError(
            f"{folder} has memory format {other}, and this videoxl reads {VERSION}. "
            f"Upgrade videoxl, or rebuild the memory with `videoxl watch --overwrite`."
        ) from None
    except (ValueError, RecursionError) as fault:
        raise MemoryFormatError(f"{path} is damaged: {str(fault)[:200]}. {REBUILD}") from fault


def parse_manifest(data: bytes) -> Manifest:
    """The manifest in `data`; ValueError says what is wrong with it."""
    document = plain.mapping(json.loads(data), "the manifest")
    if document.get("format") != FORMAT:
        raise ValueError(f"format should be {FORMAT}, got {str(document.get('format'))[:40]}")
    if (version := plain.count(document.get("version"), "version")) != VERSION:
        raise OtherVersionError(version)
    stated_hash = document.pop("sha256", None)
    if stated_hash != self_hash(document):
        raise ValueError("its content does not have the hash that it states")
    names = ("format", "version", "about", "complete", "rows", "segments", "shard_rows", "shards")
    plain.record(document, "the manifest", names)
    return Manifest(
        about=_about(document["about"]),
        segments=tuple(_segment(item) for item in plain.items(document["segments"], "segments")),
        geometry=None if document["rows"] is None else _geometry(document["rows"]),
        shards=tuple(_shard(item) for item in plain.items(document["shards"], "shards")),
        shard_rows=plain.count(document["shard_rows"], "shard_rows", least=1),
        is_complete=plain.flag(document["complete"], "complete"),
    )


def _about(value: object) -> MemoryAbout:
    given = plain.record(value, "about", _names(MemoryAbout))
    return MemoryAbout(
        model_name=plain.text(given["model_name"], "model_name"),
        model_fingerprint=plain.text(given["model_fingerprint"], "model_fingerprint"),
        preprocessing=plain.mapping(given["preprocessing"], "preprocessing"),
        sources=tuple(_source(item) for item in plain.items(given["sources"], "sources")),
        plan=plain.mapping(given["plan"], "plan"),
        tokens_per_frame=plain.count(given["tokens_per_frame"], "tokens_per_frame"),
        created_with=plain.text(given["created_with"], "created_with"),
    )


def _source(value: object) -> MemorySource:
    given = plain.record(value, "a source", _names(MemorySource))
    return MemorySource(
        name=plain.text(given["name"], "name"),
        sha256=plain.text(given["sha256"], "sha256"),
        duration_seconds=plain.number(given["duration_seconds"], "duration_seconds"),
        details=plain.mapping(given["details"], "details"),
    )


def _segment(value: object) -> Segment:
    given = plain.known(value, "a segment", _names(Segment))
    kind = plain.text(given.pop("kind", None), "kind")
    if kind not in ("text", "interval"):
        raise ValueError(f"kind should be text or interval, got {kind[:40]!r}")
    if "num_rows" not in given:
        raise ValueError("a segment has no field num_rows")
    typed: dict[str, Any] = {}
    for name, item in given.items():
        if name == "token_ids":
            typed[name] = tuple(plain.count(token, name) for token in plain.items(item, name))
        elif name in ("frame_seconds", "similarities"):
            typed[name] = tuple(plain.number(value, name) for value in plain.items(item, name))
        else:
            typed[name] = plain.number(item, name) if name.endswith("_seconds") else plain.count(item, name)
    return Segment("text" if kind == "text" else "interval", **typed)


def _geometry(value: object) -> RowGeometry:
    given = plain.record(value, "rows", _names(RowGeometry))
    dtype = plain.text(given.pop("dtype"), "dtype")
    if dtype not in ELEMENT_BYTES:
        raise ValueError(f"dtype should be one of {', '.join(ELEMENT_BYTES)}, got {dtype[:40]!r}")
    return RowGeometry(dtype, **{name: plain.count(item, name, least=1) for name, item in given.items()})


def _shard(value: object) -> ShardEntry:
    given = plain.record(value, "a shard", (*_names(ShardEntry), "name"))
    name, sha256 = plain.text(given.pop("name"), "name"), plain.text(given.pop("sha256"), "sha256")
    if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
        raise ValueError(f"sha256 should have 64 hexadecimal digits, got {sha256[:80]!r}")
    shard = ShardEntry(sha256=sha256, **{key: plain.count(item, key) for key, item in given.items()})
    # The name follows from the rest, so one with a path in it, up or absolute, gets no further than here.
    if name != shard.name:
        raise ValueError(f"a shard should be named {shard.name}, got {name[:80]!r}")
    return shard


def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))
