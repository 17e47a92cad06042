"""A model and its processor from a folder or a hub id: our own format, or the authors' as it is.

Weights are read one tensor at a time from safetensors, straight to the device; nothing pickled is opened and no code
from the folder is run. Nothing is filled by chance: what is missing or left over is refused by name, but for VSTs that
a checkpoint lacks altogether (see `key_match`).
"""

import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import transformers
from huggingface_hub import snapshot_download
from huggingface_hub.errors import EntryNotFoundError, HFValidationError, StrictDataclassError
from safetensors import safe_open
from transformers import AutoModelForImageTextToText, AutoTokenizer
from transformers.initialization import no_init_weights

from videoxl.checkpoint import keymap
from videoxl.checkpoint.key_match import KeyMatch, Source, match_keys
from videoxl.checkpoint.official import OfficialConfig, is_official, read_official_config
from videoxl.checkpoint.tensor_files import TensorFolder, read_folder, read_json
from videoxl.errors import CheckpointError
from videoxl.model import VideoXLConfig, VideoXLForConditionalGeneration, VideoXLProcessor

logger = logging.getLogger(__name__)

HUB_PATTERNS = ["*.safetensors", "*.json", "*.txt", "*.jinja"]
HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
STORED_DTYPES = {"F32": torch.float32, "BF16": torch.bfloat16, "F16": torch.float16}
TOKENIZER_FILES = ("tokenizer.json", "vocab.json", "tokenizer_config.json")
PROCESSOR_FILES = ("processor_config.json", "preprocessor_config.json")
IMAGE_PROCESSORS = ("CLIPImageProcessor", "SiglipImageProcessor")


def load_model(
    path_or_hub_id: str | Path, *, device: str | torch.device | None = None, dtype: torch.dtype | str | None = None
) -> tuple[VideoXLForConditionalGeneration, VideoXLProcessor]:
    """A model in evaluation mode, and the processor that belongs to it.

    Args:
        path_or_hub_id: A folder in our format or the authors', or a hub id such as `owner/name`.
        device: Where to; a GPU where there is one.
        dtype: What to compute in; `auto` is what the weights are stored in. Without it: float32 on a CPU, where half
            precision is slow, and `auto` elsewhere.
    """
    folder = find_folder(path_or_hub_id)
    model = load_weights(folder, device=device, dtype=dtype)
    return model, load_processor(folder, model.config)


def load_weights(
    folder: str | Path, *, device: str | torch.device | None = None, dtype: torch.dtype | str | None = None
) -> VideoXLForConditionalGeneration:
    """The model of a folder, without its processor."""
    folder = Path(folder)
    device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    description = read_config(folder)
    tensors = read_folder(folder)
    match = match_keys(tensors.entries, description.config, is_official=_is_official(folder))
    for note in (*description.notes, *match.notes):
        logger.warning("%s: %s", folder.name, note)
    model = fill(description.config, match, device=device, dtype=_dtype(dtype, device, tensors))
    _set_end_tokens(model, folder)
    return model


def read_config(folder: str | Path) -> OfficialConfig:
    """The configuration of a folder in either format."""
    folder = Path(folder)
    fields = read_json(folder / "config.json")
    if fields.get("model_type") == VideoXLConfig.model_type:
        try:
            return OfficialConfig(VideoXLConfig.from_dict(fields))
        except (StrictDataclassError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"{folder / 'config.json'} describes no model ({error}). Fetch it again.") from error
    if is_official(fields):
        return read_official_config(folder)
    raise CheckpointError(
        f"{folder} holds a model of type {fields.get('model_type')!r}, expected 'videoxl' or the authors' format "
        "(a Qwen2 config with fields of VSTs). See what it is with `videoxl inspect`."
    )


def fill(
    config: VideoXLConfig, match: KeyMatch, *, device: torch.device, dtype: torch.dtype
) -> VideoXLForConditionalGeneration:
    """A model whose every weight comes from `match`; at no time is more than one tensor held beside it."""
    with no_init_weights(), device:
        model = AutoModelForImageTextToText.from_config(config, dtype=dtype)
    model.tie_weights()
    weights = model.state_dict(keep_vars=True)
    with torch.no_grad():
        for name, tensor in _tensors(match.sources):
            if not (name == keymap.HEAD and config.tie_word_embeddings):
                weights[name].copy_(tensor)
    return model.eval()


def load_processor(folder: str | Path, config: VideoXLConfig) -> VideoXLProcessor:
    """The processor of a folder; the authors' folders have a tokenizer, and pictures as CLIP sees them."""
    folder = Path(folder)
    if not any((folder / name).is_file() for name in TOKENIZER_FILES):
        raise CheckpointError(
            f"{folder} has no tokenizer, expected tokenizer.json or vocab.json with merges.txt. "
            "Copy the files of the tokenizer of the decoder (Qwen2-7B-Instruct for Video-XL) into the folder."
        )
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except Exception as error:  # the tokenizers library raises nothing narrower
        raise CheckpointError(f"the tokenizer of {folder} cannot be read ({error}). Fetch its files again.") from error
    template = folder / "chat_template.jinja"
    ours = template.is_file() and not _is_official(folder)  # the authors' folders may hold one without videos
    return VideoXLProcessor(
        image_processor(folder, config),
        tokenizer,
        chat_template=template.read_text(encoding="utf-8") if ours else None,
        video_token_id=config.video_token_id,
    )


def image_processor(folder: Path | None, config: VideoXLConfig) -> Any:
    """What turns frames into pixel values: what the folder says, else CLIP's own for the tower's image size.

    Always the Pillow kind: the torchvision kind resizes slightly differently, and a memory must not depend on what
    else is installed.
    """
    fields = None if folder is None else _image_processor_fields(folder)
    if fields is None:
        side = config.vision_config.image_size
        return transformers.CLIPImageProcessorPil(
            size={"shortest_edge": side}, crop_size={"height": side, "width": side}
        )
    kind = str(fields.get("image_processor_type", "CLIPImageProcessor"))
    pillow_kind = getattr(transformers, kind.removesuffix("Fast").removesuffix("Pil") + "Pil", None)
    if pillow_kind is None or not kind.startswith(IMAGE_PROCESSORS):
        raise CheckpointError(
            f"{folder} prepares frames with {kind!r}, expected one of {', '.join(IMAGE_PROCESSORS)}. "
            "Correct its preprocessor_config.json."
        )
    return pillow_kind.from_dict(fields)


def find_folder(path_or_hub_id: str | Path) -> Path:
    """The folder itself, or the hub's, fetched into its cache (weights, configs and tokenizer only)."""
    path = Path(path_or_hub_id).expanduser()
    if path.is_dir():
        return path
    name = str(path_or_hub_id)
    if path.exists() or not HUB_ID.fullmatch(name):
        raise CheckpointError(f"{name} is no model folder and no hub id. Give a folder, or owner/name.")
    try:
        return Path(snapshot_download(name, allow_patterns=HUB_PATTERNS))
    except (OSError, HFValidationError, EntryNotFoundError) as error:
        raise CheckpointError(
            f"{name} is no folder here and could not be fetched from the hub ({_first_line(error)}). "
            "Check the name and the network, or give the path of a folder."
        ) from error


def _image_processor_fields(folder: Path) -> dict[str, Any] | None:
    """The fields of a folder's image processor, from either of the files that may hold them."""
    for name in PROCESSOR_FILES:
        if (folder / name).is_file():
            fields = read_json(folder / name)
            nested = fields.get("image_processor", fields if name == PROCESSOR_FILES[-1] else None)
            if isinstance(nested, dict):
                return nested
    return None


def _is_official(folder: Path) -> bool:
    return is_official(read_json(folder / "config.json"))


def _tensors(sources: Mapping[str, Source]) -> Any:
    """Pairs of our name and tensor, file by file; the bytes are mapped, not read, until they are copied."""
    by_file: dict[Path, list[tuple[str, Source]]] = {}
    for name, source in sources.items():
        by_file.setdefault(source.entry.file, []).append((name, source))
    for path, group in by_file.items():
        with safe_open(path, framework="pt") as file:
            for name, source in group:
                tensor = file.get_tensor(source.entry.name)
                yield name, tensor if source.rows is None else tensor[slice(*source.rows)]


def _dtype(dtype: torch.dtype | str | None, device: torch.device, tensors: TensorFolder) -> torch.dtype:
    if isinstance(dtype, torch.dtype):
        return dtype
    if dtype is None and device.type == "cpu":
        return torch.float32
    if dtype not in (None, "auto"):
        named = getattr(torch, str(dtype), None)
        if not isinstance(named, torch.dtype) or named not in STORED_DTYPES.values():
            raise CheckpointError(f"dtype is {dtype!r}, expected auto, float32, bfloat16 or float16.")
        return named
    stored = {entry.dtype for entry in tensors.entries.values()} & set(STORED_DTYPES)
    return STORED_DTYPES[min(stored, key=lambda name: name == "F32")] if stored else torch.float32


def _set_end_tokens(model: VideoXLForConditionalGeneration, folder: Path) -> None:
    """Take the tokens that end an answer, and nothing else, from generation_config.json: it may ask for sampling."""
    path = folder / "generation_config.json"
    fields = read_json(path) if path.is_file() else {}
    for name in ("bos_token_id", "eos_token_id", "pad_token_id"):
        value = fields.get(name)
        value = getattr(model.config.text_config, name, None) if value is None else value
        if value is not None:
            setattr(model.generation_config, name, value)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
