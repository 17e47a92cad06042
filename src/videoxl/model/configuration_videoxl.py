"""What the weights of a VideoXL model need to be read: a vision tower, a projector, a decoder with VSTs.

Read-only after loading. What a person chooses per call (fps, ratio, question) is never written here.
"""

from typing import Any

from transformers import CONFIG_MAPPING, AutoConfig, PreTrainedConfig

from videoxl.errors import CheckpointError

DECODER_TYPES = ("qwen2", "llama")
KEYS = {
    "word_gate": {"num_words", "cosine", "lead", "lead_weight", "softness", "floor", "nearly", "zoom"},
    "word_focus": {"num_words", "unsure", "sure", "size", "mark_size"},
    "inventory": {
        "next_id", "one_id", "after_id", "before_id", "has_id", "all_id", "question", "sight_question", "nothing",
        "certainty", "named_certainty", "numbers", "name_tokens", "answer_tokens",
    },
}  # fmt: skip


class VideoXLConfig(PreTrainedConfig):
    """Configuration of a VideoXL model.

    Args:
        vision_config: Configuration of the tower: `clip_vision_model`, `siglip_vision_model` or `efficientnet_lite`.
        text_config: Configuration of the decoder: `qwen2` or `llama`.
        vision_feature_layer: Which hidden state of the tower is read; -1 is the last layer's, -2 the one before.
        vision_feature_select_strategy: `default` drops the tower's class token, `full` keeps every patch.
        projector_hidden_size: Width between the projector's two Linears; the decoder's own, as released, unless given.
        word_gate: Number of words, and thresholds, of a gate behind the projector (word_gate.py), and of the second
            look at frames that are near them (second_look.py); None, as released, for models without a list of words.
        word_focus: Number of classes of the tower's own classifier, and thresholds, of a focus behind that gate, which
            says in words what the classifier sees (word_focus.py); None, as released, for towers without one.
        spatial_pool_stride: Patches are averaged in squares of this side; an odd edge is dropped.
        compression_ratios: Ratios that the weights were trained for; 1 is always possible.
        interval_frames: Frames that one interval holds when the plan is fixed.
        layout_rule: What happens to a remainder: `close` gives it a VST, `drop` forgets it (released code).
        evidence_layers: Decoder layers whose attention shows best where an answer comes from.
        evidence_background: Whether what a question without words looks at is no evidence. False for weights that were
            taught where to look: there it is what stands out in the video.
        inventory: Tokens by which the model asks for what the memory shows, which is made by asking `question` of each
            interval by itself, and `sight_question` for ordinary things (engine/inventory.py). None, as released, for
            weights that were not taught to.
        video_token_id: The token that stands for a whole video in `input_ids`.
        time_token_id: A token that the engine replaces by the time of the best evidence; None where unknown.
    """

    model_type = "videoxl"
    sub_configs = {"vision_config": AutoConfig, "text_config": AutoConfig}

    vision_config: Any = None
    text_config: Any = None
    vision_feature_layer: int = -2
    vision_feature_select_strategy: str = "default"
    projector_hidden_size: int | None = None
    word_gate: dict[str, Any] | None = None
    word_focus: dict[str, Any] | None = None
    spatial_pool_stride: int = 2
    compression_ratios: list[int] | None = None
    interval_frames: int = 10
    layout_rule: str = "close"
    evidence_layers: list[int] | None = None
    evidence_background: bool = True
    inventory: dict[str, Any] | None = None
    video_token_id: int | None = None
    time_token_id: int | None = None
    tie_word_embeddings: bool = False

    def __post_init__(self, **kwargs: Any) -> None:
        self.vision_config = _sub_config(self.vision_config, default="clip_vision_model")
        self.text_config = _sub_config(self.text_config, default="qwen2")
        if self.text_config.model_type not in DECODER_TYPES:
            raise CheckpointError(
                f"text_config.model_type is {self.text_config.model_type!r}, expected one of "
                f"{', '.join(DECODER_TYPES)}; VSTs need a decoder of the Llama kind."
            )
        if self.compression_ratios is None:
            self.compression_ratios = [2, 4, 8, 16]
        for name, keys in KEYS.items():
            given = getattr(self, name)
            if given is not None and set(given) != keys:
                raise CheckpointError(f"{name} has {', '.join(sorted(given))}; expected {', '.join(sorted(keys))}.")
        if self.word_gate is not None and self.word_gate["num_words"] < 2:
            raise CheckpointError(f"word_gate has {self.word_gate['num_words']} words; expected 2 or more.")
        if self.layout_rule not in ("close", "drop"):
            raise CheckpointError(f"layout_rule is {self.layout_rule!r}, expected 'close' or 'drop'.")
        super().__post_init__(**kwargs)

    @property
    def patch_grid(self) -> tuple[int, int]:
        """Rows and columns of the tower's patch grid for one frame."""
        vision = self.vision_config
        side = vision.image_size // vision.patch_size
        return side, side

    @property
    def tokens_per_frame(self) -> int:
        """Visual tokens (M) that one frame becomes after pooling."""
        rows, columns = self.patch_grid
        return (rows // self.spatial_pool_stride) * (columns // self.spatial_pool_stride)


def _sub_config(config: Any, *, default: str) -> Any:
    if isinstance(config, PreTrainedConfig):
        return config
    fields = dict(config or {})
    model_type = fields.pop("model_type", default)
    if model_type not in CONFIG_MAPPING:
        raise CheckpointError(f"model_type {model_type!r} is not known to this transformers; install a newer release.")
    return CONFIG_MAPPING[model_type](**fields)
