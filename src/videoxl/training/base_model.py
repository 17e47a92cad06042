"""The model that a first stage begins with: somebody's decoder and tower, a projector that knows nothing, new VSTs."""

import torch
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PreTrainedConfig
from transformers.initialization import no_init_weights

from videoxl.errors import CheckpointError
from videoxl.model import VideoXLConfig, VideoXLForConditionalGeneration, VideoXLProcessor
from videoxl.model.configuration_videoxl import DECODER_TYPES
from videoxl.training.base_tower import load_tower, tower_config, tower_pixels
from videoxl.training.reading import read_pretrained
from videoxl.training.recipe import BaseConfig

INITIAL_STD = 0.02  # of the projector, as transformers starts a Linear


def base_config(base: BaseConfig) -> VideoXLConfig:
    """The config of the composed model; no weight is read or fetched."""
    text, vision = _config(base.decoder), tower_config(base)
    if text.model_type not in DECODER_TYPES:
        raise CheckpointError(
            f"base: decoder {base.decoder} is a {text.model_type}, expected one of {', '.join(DECODER_TYPES)}: VSTs "
            "need a decoder of the Llama kind."
        )
    return VideoXLConfig(
        vision_config=vision,
        text_config=text,
        vision_feature_layer=base.vision_feature_layer,
        spatial_pool_stride=base.spatial_pool_stride,
        video_token_id=text.vocab_size - 1,  # as released: a row of the vocabulary that no token has
        tie_word_embeddings=bool(text.tie_word_embeddings),
    )


def compose_model(
    base: BaseConfig, *, seed: int, device: str | torch.device, dtype: torch.dtype
) -> tuple[VideoXLForConditionalGeneration, VideoXLProcessor]:
    """The model and its processor. Projector and VSTs follow from the seed and the decoder."""
    config = base_config(base)
    tokenizer = read_pretrained(
        lambda: AutoTokenizer.from_pretrained(base.decoder, trust_remote_code=False), base.decoder
    )
    if len(tokenizer) >= config.text_config.vocab_size:
        config.video_token_id = len(tokenizer)
    with no_init_weights(), torch.device(device):
        model = VideoXLForConditionalGeneration(config).to(dtype)
    pretrained = load_tower(base, config.vision_config, dtype=dtype)
    _copy(pretrained, model.model.vision_tower, base.vision_tower)
    del pretrained
    decoder = read_pretrained(
        lambda: AutoModelForCausalLM.from_pretrained(base.decoder, dtype=dtype, use_safetensors=True), base.decoder
    )
    _copy(decoder.model, model.model.language_model, base.decoder, new=("vst_",))
    _copy(decoder.lm_head, model.lm_head, base.decoder)
    _initialise_projector(model.model.projector, torch.Generator().manual_seed(seed))
    model.tie_weights()
    model.initialise_vst()
    processor = VideoXLProcessor(tower_pixels(base, config), tokenizer, video_token_id=config.video_token_id)
    return model.eval(), processor


def _copy(source: nn.Module, target: nn.Module, name: str, *, new: tuple[str, ...] = ()) -> None:
    """Every weight of one into the other; only names that hold one of `new` may be missing."""
    missing, unexpected = target.load_state_dict(source.state_dict(), strict=False)
    missing = [key for key in missing if not any(part in key for part in new)]
    if missing or unexpected:
        odd = [*missing, *unexpected]
        raise CheckpointError(
            f"{name} does not fit: {len(missing)} weights are missing and {len(unexpected)} are not known, such as "
            f"{odd[0]}. Give a model of the kind that its config says."
        )


def _initialise_projector(projector: nn.Module, generator: torch.Generator) -> None:
    with torch.no_grad():
        for name, parameter in projector.named_parameters():
            start = torch.zeros(parameter.shape)
            if not name.endswith("bias"):
                start.normal_(0.0, INITIAL_STD, generator=generator)
            parameter.copy_(start)


def _config(name: str) -> PreTrainedConfig:
    if name.endswith(".gguf"):
        raise CheckpointError(
            f"base: decoder {name} is a GGUF file, expected a folder or hub id with safetensors. Convert it once, as "
            "docs/howto/train.md says under `small`."
        )
    return read_pretrained(lambda: AutoConfig.from_pretrained(name, trust_remote_code=False), name)
