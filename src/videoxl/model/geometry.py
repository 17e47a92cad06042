"""The sizes of a model that cost memory, from its config alone."""

import torch

from videoxl.compression.budget import Geometry, VisionGeometry
from videoxl.model.configuration_videoxl import VideoXLConfig
from videoxl.model.modeling_videoxl import VideoXLForConditionalGeneration


def geometry(
    config: VideoXLConfig, *, bytes_per_element: int, model: VideoXLForConditionalGeneration | None = None
) -> Geometry:
    """Numbers for `compression.budget`; without a model, its parameters are counted on one that takes no memory."""
    if model is None:
        with torch.device("meta"):
            model = VideoXLForConditionalGeneration(config)
    text, vision = config.text_config, config.vision_config
    rows, columns = config.patch_grid
    return Geometry(
        num_layers=text.num_hidden_layers,
        num_attention_heads=text.num_attention_heads,
        num_key_value_heads=text.num_key_value_heads,
        head_dim=getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads,
        hidden_size=text.hidden_size,
        intermediate_size=text.intermediate_size,
        vocab_size=text.vocab_size,
        tokens_per_frame=config.tokens_per_frame,
        num_parameters=sum(parameter.numel() for parameter in model.parameters()),
        vision=VisionGeometry(
            image_size=vision.image_size,
            num_patches=rows * columns,
            hidden_size=vision.hidden_size,
            intermediate_size=getattr(vision, "intermediate_size", vision.hidden_size),
        ),
        bytes_per_element=bytes_per_element,
        max_positions=text.max_position_embeddings,
    )
