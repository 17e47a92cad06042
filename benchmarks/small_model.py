"""A model folder with random weights, small enough to watch thousands of frames in a minute, and a film for it."""

from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import CLIPImageProcessorPil, CLIPVisionConfig, PreTrainedTokenizerFast, Qwen2Config

from videoxl.model import VideoXLConfig, VideoXLForConditionalGeneration, VideoXLProcessor
from videoxl.video.writer import FilmWriter

WORDS = ("<pad>", "</s>", "<unk>", "<|im_start|>", "<|im_end|>", "<video>", "system", "user", "assistant", "what", "is")
VOCAB_SIZE = 512
IMAGE_PIXELS, PATCH_PIXELS = 32, 8  # 16 patches, 4 visual tokens a frame
FILM_WIDTH, FILM_HEIGHT = 64, 48


def save_small_model(folder: Path, *, seed: int = 0) -> Path:
    """Write a model of 4 layers, 128 wide, with a tower of 2 layers and a tokenizer of a few words."""
    text = Qwen2Config(
        vocab_size=VOCAB_SIZE, hidden_size=128, intermediate_size=256, num_hidden_layers=4, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=65536, eos_token_id=1, pad_token_id=0,
    )  # fmt: skip
    vision = CLIPVisionConfig(
        hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
        image_size=IMAGE_PIXELS, patch_size=PATCH_PIXELS,
    )  # fmt: skip
    video_token_id = WORDS.index("<video>")
    config = VideoXLConfig(
        vision_config=vision, text_config=text, video_token_id=video_token_id, evidence_layers=[1, 2]
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        VideoXLForConditionalGeneration(config).save_pretrained(folder)
    _processor(video_token_id).save_pretrained(folder)
    return folder


def write_film(path: Path, *, num_frames: int, seed: int = 0) -> Path:
    """A film of random flat pictures, one a second."""
    colours = np.random.default_rng(seed).integers(0, 256, (num_frames, 3), dtype=np.uint8)
    with FilmWriter(path, width=FILM_WIDTH, height=FILM_HEIGHT, fps=1) as film:
        for colour in colours:
            film.write(np.broadcast_to(colour, (FILM_HEIGHT, FILM_WIDTH, 3)))
    return path


def _processor(video_token_id: int) -> VideoXLProcessor:
    words = [*WORDS, *(f"word{number}" for number in range(VOCAB_SIZE - len(WORDS)))]
    tokenizer = Tokenizer(models.WordLevel({word: index for index, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>",
        additional_special_tokens=["<|im_start|>", "<|im_end|>"],
    )  # fmt: skip
    size = {"height": IMAGE_PIXELS, "width": IMAGE_PIXELS}
    pixels = CLIPImageProcessorPil(size={"shortest_edge": IMAGE_PIXELS}, crop_size=size)
    return VideoXLProcessor(pixels, fast, video_token_id=video_token_id)
