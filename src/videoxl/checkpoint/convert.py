"""A model folder of the authors to ours, or back, shard by shard.

Only names change, so weights are copied as bytes (see `shard`). A shard is compared with its source before it takes its
name, and one that is already there and equal is kept, so a conversion that was killed goes on where it stopped.
config.json is written last: a folder that has one is whole.
"""

import errno
import logging
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from math import prod
from pathlib import Path
from typing import Any, Literal

from videoxl.checkpoint import keymap
from videoxl.checkpoint.key_match import Source, match_keys
from videoxl.checkpoint.load import TOKENIZER_FILES, image_processor, load_processor, read_config
from videoxl.checkpoint.official import is_official, official_fields
from videoxl.checkpoint.shard import Shard, write_json
from videoxl.checkpoint.tensor_files import INDEX_NAME, SINGLE_NAME, read_folder, read_json
from videoxl.errors import CapacityError, UsageError
from videoxl.model import VideoXLConfig

logger = logging.getLogger(__name__)

Format = Literal["videoxl", "official"]

UNFINISHED = "conversion.unfinished"
"""A file that marks a folder as the target of a conversion that has not ended."""

COPIED_FILES = (
    "tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt", "special_tokens_map.json",
    "added_tokens.json", "generation_config.json",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ConvertedTensor:
    """One weight under both names."""

    source_name: str
    name: str
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True, slots=True)
class ConversionReport:
    """What a conversion did."""

    source: str
    target: str
    to: Format
    tensors: tuple[ConvertedTensor, ...]
    num_parameters: int
    num_bytes: int
    num_shards: int
    num_shards_kept: int
    """Shards that an earlier, interrupted run had finished."""
    largest_difference: float
    """Between stored values, over all weights: every file was read back and found equal byte by byte, which is 0."""
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


def convert(source: str | Path, target: str | Path, *, to: Format = "videoxl") -> ConversionReport:
    """Write the model in folder `source` to folder `target` in the other format.

    Raises:
        CheckpointError: A weight has no place, or a place has no weight; nothing is written then.
        CapacityError: The disk is full; finished shards stay, and the same call goes on from them.
    """
    source, target = Path(source), Path(target)
    fields = read_json(source / "config.json")
    if is_official(fields) == (to == "official"):
        raise UsageError(f"{source} is in the format {to} already. Choose the other format.")
    description = read_config(source)
    config = description.config
    match = match_keys(read_folder(source).entries, config, is_official=is_official(fields))
    new_fields = official_fields(config) if to == "official" else _our_fields(config)
    shards = _plan(_renamed(match.sources, config, to))
    _check_target(source, target, shards)
    with _full_disk_said(target):
        num_kept = _write_shards(target, shards)
        _write_processor(source, target, config, to)
        write_json(target / "config.json", new_fields)
        (target / UNFINISHED).unlink()
    tensors = [
        ConvertedTensor(origin.entry.name, name, origin.shape, origin.entry.dtype)
        for shard in shards
        for name, origin in shard.weights.items()
    ]
    return ConversionReport(
        source=str(source),
        target=str(target),
        to=to,
        tensors=tuple(tensors),
        num_parameters=sum(prod(tensor.shape) for tensor in tensors),
        num_bytes=sum(shard.num_bytes for shard in shards),
        num_shards=len(shards),
        num_shards_kept=num_kept,
        largest_difference=0.0,
        notes=(*description.notes, *match.notes),
    )


def _renamed(sources: Mapping[str, Source], config: VideoXLConfig, to: Format) -> dict[str, Source]:
    """Weights by the names of the target format; a head that is tied to the embedding is not written."""
    kept = {
        name: source for name, source in sources.items() if not (config.tie_word_embeddings and name == keymap.HEAD)
    }
    if to == "videoxl":
        return kept
    renamed = {keymap.official(name): source for name, source in kept.items()}
    assert None not in renamed, "official_fields refuses every model whose weights have no official names"
    assert len(renamed) == len(kept), "no two weights share an official name"
    return {str(name): source for name, source in renamed.items()}


def _plan(weights: Mapping[str, Source]) -> list[Shard]:
    """One shard for each file that was read, weights in the order in which they lie there."""
    by_file: dict[Path, list[tuple[str, Source]]] = {}
    for name, source in weights.items():
        by_file.setdefault(source.entry.file, []).append((name, source))
    groups = [sorted(by_file[path], key=lambda pair: (pair[1].start, pair[0])) for path in sorted(by_file)]
    if len(groups) == 1:
        return [Shard(SINGLE_NAME, dict(groups[0]))]
    return [
        Shard(f"model-{number:05d}-of-{len(groups):05d}.safetensors", dict(group))
        for number, group in enumerate(groups, start=1)
    ]


def _check_target(source: Path, target: Path, shards: list[Shard]) -> None:
    """Refuse to write over anything but this same conversion; look whether the rest fits the disk."""
    if target.exists() and not target.is_dir():
        raise UsageError(f"{target} is a file, expected a folder to write to. Choose another name.")
    if target.resolve() == source.resolve():
        raise UsageError(f"{target} is the source itself. Choose another folder to write to.")
    is_ours = (target / UNFINISHED).is_file() or not target.exists() or not any(target.iterdir())
    if not is_ours and not all(shard.equals(target / shard.name) for shard in shards):
        raise UsageError(f"{target} holds other files. Choose an empty folder, or one that does not exist yet.")
    existing = next(place for place in (target, *target.resolve().parents) if place.exists())
    needed = sum(shard.num_bytes for shard in shards if not (target / shard.name).exists())
    if (free := shutil.disk_usage(existing).free) < needed:
        raise CapacityError(
            f"{target} needs {needed / 2**30:.1f} GiB more, its disk has {free / 2**30:.1f} GiB free. "
            "Make room, or choose another disk."
        )


def _write_shards(target: Path, shards: list[Shard]) -> int:
    """Write what is not there yet, and the index; returns how many shards were there."""
    target.mkdir(parents=True, exist_ok=True)
    (target / UNFINISHED).touch()
    num_kept = 0
    for shard in shards:
        if shard.equals(target / shard.name):
            num_kept += 1
            logger.info("%s is there already and equal", shard.name)
        else:
            shard.write(target)
            logger.info("wrote %s: %d weights, %d bytes", shard.name, len(shard.weights), shard.num_bytes)
    if len(shards) > 1:
        total = sum(source.num_bytes for shard in shards for source in shard.weights.values())
        weight_map = {name: shard.name for shard in shards for name in shard.weights}
        write_json(target / INDEX_NAME, {"metadata": {"total_size": total}, "weight_map": weight_map})
    return num_kept


def _write_processor(source: Path, target: Path, config: VideoXLConfig, to: Format) -> None:
    """What belongs to a model beside its weights, as far as the source has it."""
    if to == "videoxl" and any((source / name).is_file() for name in TOKENIZER_FILES):
        load_processor(source, config).save_pretrained(target)
    else:
        image_processor(source, config).save_pretrained(target)
    for name in COPIED_FILES:
        if (source / name).is_file() and not (target / name).is_file():
            shutil.copyfile(source / name, target / name)


def _our_fields(config: VideoXLConfig) -> dict[str, Any]:
    return {**config.to_dict(), "architectures": ["VideoXLForConditionalGeneration"]}


@contextmanager
def _full_disk_said(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise CapacityError(
            f"the disk of {target} is full. Make room and convert again: finished shards are kept."
        ) from error
