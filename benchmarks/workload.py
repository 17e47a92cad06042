"""The model and video on which prefill and generation are compared: small, random, the real window of 1,440 tokens.

It is the configuration on which the released code itself was timed: 64 frames of 144 visual tokens, 8 to one.
"""

from dataclasses import dataclass

import torch
from transformers import CLIPVisionConfig, Qwen2Config

from videoxl.compression.interval import Interval
from videoxl.compression.plan import fixed_plan
from videoxl.memory.cache import MemoryCache
from videoxl.model import VideoXLConfig, VideoXLForConditionalGeneration

RATIO = 8
INTERVAL_FRAMES = 10
NUM_FRAMES = 64
PREFIX_TOKENS = 14
SUFFIX_TOKENS = 20


@dataclass(frozen=True, slots=True)
class Workload:
    """A prompt around a video, its visual tokens given."""

    prefix_ids: torch.Tensor
    visual_FMD: torch.Tensor
    suffix_ids: torch.Tensor

    @property
    def intervals(self) -> list[Interval]:
        return fixed_plan(len(self.visual_FMD), ratio=RATIO, interval_frames=INTERVAL_FRAMES)

    @property
    def window(self) -> int:
        """Visual tokens of one interval."""
        return INTERVAL_FRAMES * self.visual_FMD.shape[1]


def random_model(*, seed: int = 0) -> VideoXLForConditionalGeneration:
    """Vocabulary 32,000, width 256, 6 layers, 8 query and 2 key/value heads; 144 visual tokens a frame."""
    text = Qwen2Config(
        vocab_size=32000, hidden_size=256, intermediate_size=704, num_hidden_layers=6, num_attention_heads=8,
        num_key_value_heads=2, max_position_embeddings=16384, rope_theta=1e6, eos_token_id=1, pad_token_id=0,
    )  # fmt: skip
    vision = CLIPVisionConfig(
        hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2, image_size=336, patch_size=14
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return VideoXLForConditionalGeneration(VideoXLConfig(vision_config=vision, text_config=text)).eval()


def random_workload(model: VideoXLForConditionalGeneration, *, num_frames: int = NUM_FRAMES, seed: int = 0) -> Workload:
    """Random text around random visual tokens."""
    generator = torch.Generator().manual_seed(seed)
    text = model.config.text_config
    visual_FMD = torch.randn(num_frames, model.config.tokens_per_frame, text.hidden_size, generator=generator)
    prefix, suffix = (torch.randint(text.vocab_size, (n,), generator=generator) for n in (PREFIX_TOKENS, SUFFIX_TOKENS))
    return Workload(prefix, visual_FMD, suffix)


@torch.no_grad()
def prefill(model: VideoXLForConditionalGeneration, work: Workload) -> tuple[MemoryCache, torch.Tensor]:
    """Our side of the comparison: the cache, and the logits (1, C) behind the last token of the suffix."""
    cache = model.cache()
    model.remember_text(cache, work.prefix_ids[None])
    model.remember_video(cache, work.visual_FMD, work.intervals)
    return cache, model(work.suffix_ids[None], past_key_values=cache, logits_to_keep=1).logits[0]
