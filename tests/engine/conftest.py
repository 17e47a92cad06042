"""A whole `VideoXL` on the tiny model, and short films whose every second has its own colour."""

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import CLIPImageProcessorPil, PreTrainedTokenizerFast

from videoxl.engine import VideoXL
from videoxl.model import VideoXLProcessor
from videoxl.video.writer import FilmWriter

WORDS = ["<pad>", "</s>", "<unk>", "<|im_start|>", "<|im_end|>", "<time>", "system", "user", "assistant", "You", "are"]
WORDS += ["a", "helpful", "what", "when", "appears", "in", "the", "film", "?", "cat", "dog", "second", "question"]


@pytest.fixture(scope="session")
def processor() -> VideoXLProcessor:
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
def vxl(make_model, processor) -> VideoXL:
    return VideoXL(make_model(evidence_layers=[1, 2]), processor, name="tiny")


@pytest.fixture(scope="session")
def make_film(tmp_path_factory):
    """Writes a film of so many seconds, each of one colour, at 4 frames a second."""
    folder = tmp_path_factory.mktemp("films")

    def make(seconds: int, *, seed: int = 0, name: str | None = None):
        path = folder / (name or f"film-{seconds}-{seed}.mp4")
        if not path.exists():
            colours = np.random.default_rng(seed).integers(0, 256, (seconds, 3), dtype=np.uint8)
            with FilmWriter(path, width=64, height=48, fps=4) as writer:
                for index in range(seconds * 4):
                    writer.write(np.broadcast_to(colours[index // 4], (48, 64, 3)))
        return path

    return make
