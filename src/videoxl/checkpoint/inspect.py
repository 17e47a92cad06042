"""What a folder is, and what is missing for it to be a model we can load; headers only, no weight is read."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from videoxl.checkpoint import keymap
from videoxl.checkpoint.key_match import match_keys
from videoxl.checkpoint.load import PROCESSOR_FILES, TOKENIZER_FILES, read_config
from videoxl.checkpoint.official import OfficialConfig, is_official
from videoxl.checkpoint.tensor_files import PICKLED, TensorEntry, TensorFolder, read_folder, read_json
from videoxl.errors import CheckpointError
from videoxl.model import VideoXLConfig

Kind = Literal["videoxl", "official", "decoder", "vision tower", "projector", "no model"]

SENTENCES: dict[Kind, str] = {
    "videoxl": "a VideoXL model in our format",
    "official": "a Video-XL model in the authors' format",
    "decoder": "a language model without VSTs, projector and vision tower",
    "vision tower": "a vision tower alone",
    "projector": "a projector alone",
    "no model": "no model",
}
PROJECTOR_MARK = "mm_projector"
VISION_MARKS = ("vision_model.", "model.vision_model.")
DECODER_MARKS = ("model.embed_tokens.", "model.layers.")


@dataclass(frozen=True, slots=True)
class ShardReport:
    """One file of weights."""

    name: str
    num_bytes: int
    num_tensors: int


@dataclass(frozen=True, slots=True)
class FolderReport:
    """What a folder holds, in numbers."""

    path: str
    kind: Kind
    sentence: str
    is_loadable: bool
    """Whether `load_model` would take it."""
    problems: tuple[str, ...] = ()
    """What stands in the way, one sentence each."""
    notes: tuple[str, ...] = ()
    """What is worth knowing and does not."""
    num_parameters: int = 0
    parameters: Mapping[str, int] = field(default_factory=dict)
    """Parameters of vision tower, projector, VSTs, decoder and head."""
    num_bytes: int = 0
    dtypes: tuple[str, ...] = ()
    shards: tuple[ShardReport, ...] = ()
    compression_ratios: tuple[int, ...] = ()
    tokens_per_frame: int = 0
    interval_frames: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


def inspect_folder(path: str | Path) -> FolderReport:
    """Look into a folder; anything wrong with it is in the report, nothing is raised but for a path that is none."""
    folder = Path(path)
    if not folder.is_dir():
        raise CheckpointError(f"{folder} is not a folder. Give the folder of a model.")
    problems: list[str] = []
    tensors = _attempt(problems, lambda: read_folder(folder))
    fields = _attempt(problems, lambda: read_json(folder / "config.json")) or {}
    kind = _kind(folder, fields, tensors)
    description = None
    notes: list[str] = []
    if kind in ("videoxl", "official"):
        description = _attempt(problems, lambda: read_config(folder))
        notes += _check_weights(description, tensors, problems, is_official=kind == "official")
        notes += _check_files(folder, problems)
    elif kind != "no model":
        problems.append(f"it is {SENTENCES[kind]}; a whole Video-XL model also has the other parts")
    return FolderReport(
        path=str(folder),
        kind=kind,
        sentence=SENTENCES[kind],
        is_loadable=kind in ("videoxl", "official") and not problems,
        problems=tuple(problems),
        notes=tuple(notes),
        **_sizes(tensors, is_official=kind != "videoxl"),
        **_geometry(description),
    )


def _attempt(problems: list[str], read: Callable[[], Any]) -> Any:
    """The value, or its complaint among the problems."""
    try:
        return read()
    except CheckpointError as error:
        problems.append(str(error))
        return None


def _kind(folder: Path, fields: Mapping[str, Any], tensors: TensorFolder | None) -> Kind:
    names = list(tensors.entries) if tensors else []
    if fields.get("model_type") == VideoXLConfig.model_type:
        return "videoxl"
    if names and all(PROJECTOR_MARK in name for name in names):
        return "projector"
    if not names and any(path.name.startswith(PROJECTOR_MARK) for path in folder.glob("*") if path.suffix in PICKLED):
        return "projector"
    if is_official(fields):
        return "official"
    if any(name.startswith(VISION_MARKS) for name in names):
        return "vision tower"
    return "decoder" if any(name.startswith(DECODER_MARKS) for name in names) else "no model"


def _check_weights(
    description: OfficialConfig | None, tensors: TensorFolder | None, problems: list[str], *, is_official: bool
) -> list[str]:
    if description is None or tensors is None:
        return list(description.notes) if description else []
    match = _attempt(problems, lambda: match_keys(tensors.entries, description.config, is_official=is_official))
    return [*description.notes, *(match.notes if match else ())]


def _check_files(folder: Path, problems: list[str]) -> list[str]:
    if not any((folder / name).is_file() for name in TOKENIZER_FILES):
        problems.append("it has no tokenizer (tokenizer.json, or vocab.json with merges.txt)")
    if not any((folder / name).is_file() for name in PROCESSOR_FILES):
        return ["it has no preprocessor_config.json; frames are prepared as CLIP's own are"]
    return []


def _sizes(tensors: TensorFolder | None, *, is_official: bool) -> dict[str, Any]:
    if tensors is None:
        return {}
    entries = tensors.entries.values()
    parameters: dict[str, int] = {}
    for entry in entries:
        part = _part(entry, is_official=is_official)
        parameters[part] = parameters.get(part, 0) + entry.num_values
    return {
        "num_parameters": sum(parameters.values()),
        "parameters": parameters,
        "num_bytes": sum(file.num_bytes for file in tensors.files),
        "dtypes": tuple(sorted({entry.dtype for entry in entries})),
        "shards": tuple(ShardReport(file.path.name, file.num_bytes, len(file.entries)) for file in tensors.files),
    }


def _part(entry: TensorEntry, *, is_official: bool) -> str:
    name = (keymap.ours(entry.name) if is_official else entry.name) or entry.name
    if name.startswith((keymap.TOWER_PREFIX, *VISION_MARKS)):
        return "vision tower"
    if ".projector." in name or PROJECTOR_MARK in name:
        return "projector"
    if keymap.is_vst(name):
        return "VSTs"
    return "head" if name == keymap.HEAD else "decoder"


def _geometry(description: OfficialConfig | None) -> dict[str, Any]:
    if description is None:
        return {}
    config = description.config
    return {
        "compression_ratios": tuple(config.compression_ratios),
        "tokens_per_frame": config.tokens_per_frame,
        "interval_frames": config.interval_frames,
    }
