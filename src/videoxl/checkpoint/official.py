"""The authors' config.json, which is a Qwen2 config with further fields, to a VideoXLConfig and back.

What a field leaves out has the released code's default. A value that means another method than the paper's is refused
by name; a field that only concerns how training ran is left aside. The tower is looked for in this order:

    1. a `vision_config` object in config.json (ours, for towers that are no stock CLIP)
    2. a config.json in the folder that `mm_vision_tower` names, as a path or inside the checkpoint
    3. the last part of `mm_vision_tower`, where it is a tower that this file knows: the authors' own local paths end so
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from huggingface_hub.errors import StrictDataclassError
from transformers import CLIPVisionConfig, Qwen2Config

from videoxl.checkpoint import keymap
from videoxl.checkpoint.tensor_files import listed, read_json
from videoxl.compression.layout import Rule
from videoxl.errors import CheckpointError
from videoxl.model import VideoXLConfig

CLIP_L_336 = "clip-vit-large-patch14-336"
KNOWN_TOWERS: dict[str, tuple[str, dict[str, Any]]] = {
    CLIP_L_336: (
        f"openai/{CLIP_L_336}",
        {
            "hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16,
            "image_size": 336, "patch_size": 14, "hidden_act": "quick_gelu", "layer_norm_eps": 1e-5,
            "projection_dim": 768,
        },
    ),
}  # fmt: skip
"""Last part of a tower's name, the hub name it means, and its geometry, so that no network is needed."""

TEXT_FIELDS = (
    "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
    "num_key_value_heads", "head_dim", "hidden_act", "max_position_embeddings", "initializer_range", "rms_norm_eps",
    "attention_dropout", "tie_word_embeddings", "bos_token_id", "eos_token_id", "pad_token_id",
)  # fmt: skip
NEEDED_FIELDS = ("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads")
RESIZED_VOCABULARIES = {152065: 152064, 151937: 151936}
"""Qwen2's two vocabulary sizes as they read after the released loader added a row and someone saved the result."""

MULTIMODAL_FIELDS: dict[str, tuple[object, ...]] = {  # the first is what is meant where the field is missing
    "mm_projector_type": ("mlp2x_gelu",),
    "mm_resampler_type": ("spatial_pool", None),
    "mm_spatial_pool_mode": ("average",),
    "mm_vision_select_feature": ("patch",),
    "mm_use_im_start_end": (False,),
    "mm_patch_merge_type": ("unires",),
    "use_sliding_window": (False,),
}
DEFAULT_WINDOW_TOKENS = 1024
DEFAULT_RATIOS = [2, 4, 8, 16, 32]
DEFAULT_ROPE_THETA = 1e6
DEFAULT_FEATURE_LAYER = -1


@dataclass(frozen=True, slots=True)
class OfficialConfig:
    """A config of the authors as we read it, and what a person may want to know about the reading."""

    config: VideoXLConfig
    notes: tuple[str, ...] = ()


def is_official(fields: Mapping[str, Any]) -> bool:
    """Whether a config.json is the authors' kind: Qwen2 with VSTs or a projector of LLaVA."""
    if fields.get("model_type") == VideoXLConfig.model_type:
        return False
    return any(name.startswith((keymap.FIELD_PREFIX, "mm_")) for name in fields)


def read_official_config(folder: str | Path, *, layout_rule: Rule = "close") -> OfficialConfig:
    """The config of a folder in the authors' format."""
    folder = Path(folder)
    return translate_config(read_json(folder / "config.json"), folder=folder, layout_rule=layout_rule)


def translate_config(
    fields: Mapping[str, Any], *, folder: Path | None = None, layout_rule: Rule = "close"
) -> OfficialConfig:
    """The fields of a config.json of the authors as a VideoXLConfig.

    Args:
        folder: Where to look for a tower's own config.json.
        layout_rule: `close` loses no token; `drop` is the released code's behaviour, for comparing with it.
    """
    notes: list[str] = []
    _check_values(fields, {**keymap.SUPPORTED_FIELDS, **MULTIMODAL_FIELDS})
    _check_projections(fields)
    notes += _unknown_fields(fields)
    text = _text_config(fields, notes)
    vision = _vision_config(fields, folder, notes)
    if (width := fields.get("mm_hidden_size", vision.hidden_size)) != vision.hidden_size:
        raise _refused("mm_hidden_size", width, f"{vision.hidden_size}, the width of the vision tower")
    config = VideoXLConfig(
        vision_config=vision,
        text_config=text,
        vision_feature_layer=_whole(fields, "mm_vision_select_layer", DEFAULT_FEATURE_LAYER, least=None),
        spatial_pool_stride=_whole(fields, "mm_spatial_pool_stride", 2),
        compression_ratios=_ratios(fields),
        layout_rule=layout_rule,
        video_token_id=text.vocab_size - 1,
        tie_word_embeddings=bool(text.tie_word_embeddings),
    )
    config.interval_frames = _interval_frames(fields, config.tokens_per_frame, notes)
    return OfficialConfig(config, tuple(notes))


def official_fields(config: VideoXLConfig) -> dict[str, Any]:
    """A config.json that the authors' code, and `translate_config`, reads as this config."""
    text, vision = config.text_config, config.vision_config
    if text.model_type != "qwen2" or vision.model_type != "clip_vision_model":
        raise CheckpointError(
            f"the authors' format holds a qwen2 decoder and a CLIP tower, got {text.model_type} and "
            f"{vision.model_type}. Keep this model in our own format."
        )
    window = config.interval_frames * config.tokens_per_frame
    geometry = {name: getattr(vision, name) for name in KNOWN_TOWERS[CLIP_L_336][1]}
    is_stock = geometry == KNOWN_TOWERS[CLIP_L_336][1]
    return {
        "architectures": ["LlavaQwenForCausalLM"],
        "model_type": "qwen2",
        **{name: value for name in TEXT_FIELDS if (value := getattr(text, name, None)) is not None},
        "rope_theta": text.rope_parameters["rope_theta"],
        **{name: allowed[0] for name, allowed in {**keymap.SUPPORTED_FIELDS, **MULTIMODAL_FIELDS}.items()},
        keymap.WINDOW_TOKENS: window,
        keymap.STRIDE_TOKENS: window,
        keymap.RATIOS: list(config.compression_ratios),
        keymap.OWN_PROJECTIONS: ["q", "k", "v"],
        "mm_vision_tower": KNOWN_TOWERS[CLIP_L_336][0] if is_stock else "vision_tower",
        "mm_vision_select_layer": config.vision_feature_layer,
        "mm_spatial_pool_stride": config.spatial_pool_stride,
        "mm_hidden_size": vision.hidden_size,
        **({} if is_stock else {"vision_config": {**geometry, "model_type": vision.model_type}}),
    }


def _text_config(fields: Mapping[str, Any], notes: list[str]) -> Qwen2Config:
    for name in NEEDED_FIELDS:
        _whole(fields, name)
    chosen = {name: fields[name] for name in TEXT_FIELDS if fields.get(name) is not None}
    if (resized := RESIZED_VOCABULARIES.get(chosen["vocab_size"])) is not None:
        notes.append(f"vocab_size {chosen['vocab_size']} is read as {resized}: the last row was added by a loader")
        chosen["vocab_size"] = resized
    if fields.get("rope_scaling") is not None:
        notes.append("rope_scaling is left aside, as the released code does")
    theta = fields.get("rope_theta", (fields.get("rope_parameters") or {}).get("rope_theta", DEFAULT_ROPE_THETA))
    try:
        return Qwen2Config(**chosen, rope_parameters={"rope_type": "default", "rope_theta": float(theta)})
    except (StrictDataclassError, TypeError, ValueError) as error:
        raise CheckpointError(f"config.json does not describe a Qwen2 decoder: {error}") from error


def _vision_config(fields: Mapping[str, Any], folder: Path | None, notes: list[str]) -> CLIPVisionConfig:
    name = str(fields.get("mm_vision_tower") or "")
    found = fields.get("vision_config") or _tower_folder_config(name, folder)
    if found is None:
        base = PurePosixPath(name.replace("\\", "/")).name
        if base not in KNOWN_TOWERS:
            raise _refused(
                "mm_vision_tower", name, f"{KNOWN_TOWERS[CLIP_L_336][0]}, or a folder with the tower's config.json"
            )
        hub_name, found = KNOWN_TOWERS[base]
        if name != hub_name:
            notes.append(f"mm_vision_tower {name} is taken for {hub_name}")
    model_type = found.get("model_type", CLIPVisionConfig.model_type)
    if model_type != CLIPVisionConfig.model_type:
        raise _refused("vision_config.model_type", model_type, CLIPVisionConfig.model_type)
    try:
        return CLIPVisionConfig(**{key: value for key, value in found.items() if key != "model_type"})
    except (StrictDataclassError, TypeError, ValueError) as error:
        raise CheckpointError(f"vision_config does not describe a CLIP tower: {error}") from error


def _tower_folder_config(name: str, folder: Path | None) -> dict[str, Any] | None:
    """The config of the tower's own folder, where there is one."""
    if not name or folder is None:
        return None
    for place in (folder / name, folder / PurePosixPath(name).name):  # an absolute name stays absolute
        if (place / "config.json").is_file():
            own = read_json(place / "config.json")
            return own.get("vision_config", own) if own.get("model_type") == "clip" else own
    return None


def _ratios(fields: Mapping[str, Any]) -> list[int]:
    ratios = fields.get(keymap.RATIOS, DEFAULT_RATIOS)
    ratios = [ratios] if isinstance(ratios, int) else ratios
    if not ratios or not all(isinstance(ratio, int) and ratio > 1 for ratio in ratios):
        raise _refused(keymap.RATIOS, ratios, "a list of whole numbers from 2 on")
    return sorted(set(ratios))


def _interval_frames(fields: Mapping[str, Any], tokens_per_frame: int, notes: list[str]) -> int:
    window = _whole(fields, keymap.WINDOW_TOKENS, DEFAULT_WINDOW_TOKENS)
    if (stride := fields.get(keymap.STRIDE_TOKENS, window)) != window:
        raise _refused(keymap.STRIDE_TOKENS, stride, f"{window}, as {keymap.WINDOW_TOKENS}")
    if window % tokens_per_frame:
        notes.append(
            f"an interval of {window} visual tokens is no whole number of frames ({tokens_per_frame} tokens each); "
            f"intervals hold {max(1, window // tokens_per_frame)} frames"
        )
    return max(1, window // tokens_per_frame)


def _check_projections(fields: Mapping[str, Any]) -> None:
    own = fields.get(keymap.OWN_PROJECTIONS, ["q", "k", "v"])
    if not isinstance(own, list) or sorted(map(str, own)) != ["k", "q", "v"]:
        raise _refused(keymap.OWN_PROJECTIONS, own, "['q', 'k', 'v']")


def _check_values(fields: Mapping[str, Any], supported: Mapping[str, tuple[object, ...]]) -> None:
    for name, allowed in supported.items():
        value = fields.get(name, allowed[0])
        if not any(value == choice and isinstance(value, bool) == isinstance(choice, bool) for choice in allowed):
            raise _refused(name, value, " or ".join(map(repr, allowed)))


def _unknown_fields(fields: Mapping[str, Any]) -> list[str]:
    known = {
        *keymap.SUPPORTED_FIELDS, *keymap.IGNORED_FIELDS,
        keymap.WINDOW_TOKENS, keymap.STRIDE_TOKENS, keymap.RATIOS, keymap.OWN_PROJECTIONS,
    }  # fmt: skip
    unknown = sorted(name for name in fields if name.startswith(keymap.FIELD_PREFIX) and name not in known)
    return [f"fields of config.json that we do not know are left aside: {listed(unknown)}"] if unknown else []


def _whole(fields: Mapping[str, Any], name: str, default: int | None = None, *, least: int | None = 1) -> int:
    value = fields.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or (least is not None and value < least):
        raise _refused(name, value, "a whole number" + ("" if least is None else f" from {least} on"))
    return value


def _refused(field: str, value: object, expected: str) -> CheckpointError:
    shown = "nothing" if value is None or value == "" else repr(value)
    return CheckpointError(
        f"config.json has {field} = {shown}, expected {expected}. "
        "Correct the field, or check that the folder is a Video-XL checkpoint."
    )
