"""What every test shares: one hypothesis profile, and a real model small enough to run hundreds of times.

The tiny model has 8-pixel patches on 32-pixel frames (4 visual tokens a frame after pooling), 3 decoder layers and
random weights wide enough that positions and masks change the answer: with transformers' default initialisation every
token gets nearly the same logits, and a wrong position would pass unseen.
"""

import os
from collections.abc import Callable

import pytest
from hypothesis import settings

# Progress bars and advice of libraries would be warnings' only company in the output.
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

settings.register_profile("videoxl", deadline=None)
settings.load_profile("videoxl")

WEIGHT_STD = 0.15


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def make_model() -> Callable:
    """Builds a tiny model: `make_model(decoder="qwen2", seed=0, **config)`."""
    import torch
    from transformers import CLIPVisionConfig, LlamaConfig, Qwen2Config

    from videoxl.model import VideoXLConfig, VideoXLForConditionalGeneration

    def build(*, decoder: str = "qwen2", seed: int = 0, num_layers: int = 3, **options):
        text_class = {"qwen2": Qwen2Config, "llama": LlamaConfig}[decoder]
        text = text_class(
            vocab_size=97, hidden_size=32, intermediate_size=48, num_hidden_layers=num_layers, num_attention_heads=4,
            num_key_value_heads=2, max_position_embeddings=4096, eos_token_id=1, pad_token_id=0,
        )  # fmt: skip
        vision = CLIPVisionConfig(
            hidden_size=16,
            intermediate_size=24,
            num_hidden_layers=3,
            num_attention_heads=2,
            image_size=32,
            patch_size=8,
        )
        config = VideoXLConfig(vision_config=vision, text_config=text, video_token_id=96, **options)
        model = VideoXLForConditionalGeneration(config).eval()
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                scale = 1.0 if "norm" in name and "weight" in name else 0.0
                parameter.copy_(scale + WEIGHT_STD * torch.randn(parameter.shape, generator=generator))
        return model

    return build


@pytest.fixture(scope="session")
def tiny_model(make_model: Callable):
    """One tiny Qwen2-type model; tests must not change it."""
    return make_model()
