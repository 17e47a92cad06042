"""What tests share: one hypothesis profile, a real model small enough to run hundreds of times, films, and a browser.

The tiny model has 8-pixel patches on 32-pixel frames (4 visual tokens a frame after pooling), 3 decoder layers and
random weights wide enough that positions and masks change the answer: with transformers' default initialisation every
token gets nearly the same logits, and a wrong position would pass unseen.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# Progress bars and advice of libraries would be warnings' only company in the output.
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

settings.register_profile("videoxl", deadline=None)
settings.load_profile("videoxl")

WEIGHT_STD = 0.15
CHROMIUM_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--process-per-site", "--autoplay-policy=no-user-gesture-required",
]  # fmt: skip


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where the Chromium of this machine is."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("no Chromium on this machine: install chromium to test what is shown in a browser")
    return found


@pytest.fixture(scope="module")
def browser(chromium: str) -> "Iterator[Browser]":
    """A Chromium without a window. Playwright keeps an event loop running in its thread as long as it lives, and other
    tests need theirs: a browser lives for one module."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, headless=True, args=CHROMIUM_FLAGS)
        yield launched
        launched.close()


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def make_film(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Writes a film of so many seconds, each of one colour, at 4 frames a second: `make_film(12, seed=0)`."""
    import numpy as np

    from videoxl.video.writer import FilmWriter

    folder = tmp_path_factory.mktemp("films")

    def make(seconds: int, *, seed: int = 0) -> Path:
        path = folder / f"film-{seconds}-{seed}.mp4"
        if not path.exists():
            colours = np.random.default_rng(seed).integers(0, 256, (seconds, 3), dtype=np.uint8)
            with FilmWriter(path, width=64, height=48, fps=4) as writer:
                for index in range(seconds * 4):
                    writer.write(np.broadcast_to(colours[index // 4], (48, 64, 3)))
        return path

    return make


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


WORDS = ["<pad>", "</s>", "<unk>", "<|im_start|>", "<|im_end|>", "<time>", "system", "user", "assistant", "You", "are"]
WORDS += ["a", "helpful", "what", "when", "appears", "in", "the", "film", "?", "cat", "dog", "second", "question"]


@pytest.fixture(scope="session")
def processor():
    """A processor for the tiny models: 32-pixel frames, 96 words."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import CLIPImageProcessorPil, PreTrainedTokenizerFast

    from videoxl.model import VideoXLProcessor

    words = WORDS + [f"w{number}" for number in range(96 - len(WORDS))]
    tokenizer = Tokenizer(models.WordLevel({word: index for index, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>",
        additional_special_tokens=["<|im_start|>", "<|im_end|>", "<time>"],
    )  # fmt: skip
    pixels = CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    return VideoXLProcessor(pixels, fast, video_token_id=96)


@pytest.fixture(scope="session")
def tiny_model(make_model: Callable):
    """One tiny Qwen2-type model; tests must not change it."""
    return make_model()


CONTROLS = ("<pad>", "</s>", "<|im_start|>", "<|im_end|>")
MERGES = [("t", "r"), ("u", "e"), ("tr", "ue"), ('"', ":"), ("a", "b"), ("1", "2")]
MORE_LOGITS = 7  # than the tokenizer has tokens, as large models have


@pytest.fixture(scope="session")
def spelling_vxl(processor):
    """A tiny random model whose tokenizer spells every byte; tests must not change it."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import CLIPVisionConfig, PreTrainedTokenizerFast, Qwen2Config

    from videoxl.engine import VideoXL
    from videoxl.model import VideoXLConfig, VideoXLForConditionalGeneration, VideoXLProcessor

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = [*CONTROLS, *alphabet, *("".join(pair) for pair in MERGES)]
    tokenizer = Tokenizer(models.BPE(vocab={word: index for index, word in enumerate(words)}, merges=MERGES))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", additional_special_tokens=list(CONTROLS[2:])
    )
    text = Qwen2Config(
        vocab_size=len(words) + MORE_LOGITS, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, eos_token_id=1, pad_token_id=0, tie_word_embeddings=False,
    )  # fmt: skip
    vision = CLIPVisionConfig(
        hidden_size=16, intermediate_size=24, num_hidden_layers=1, num_attention_heads=2, image_size=32, patch_size=8
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = VideoXLForConditionalGeneration(VideoXLConfig(vision_config=vision, text_config=text)).eval()
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter, std=0.3)
    return VideoXL(model, VideoXLProcessor(processor.image_processor, fast), name="bytes")
