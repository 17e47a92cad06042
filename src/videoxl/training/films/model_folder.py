"""From a recipe to a model, and from a trained model to a folder that `videoxl.load` opens."""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from PIL import Image
from transformers import CLIPImageProcessorPil, Qwen2Config

from videoxl.engine.inventory import InventoryConfig
from videoxl.model import VideoXLConfig, VideoXLForConditionalGeneration, VideoXLProcessor
from videoxl.model.efficientnet_lite import EfficientNetLiteConfig
from videoxl.synth.questions import NOTHING, NUMBERS
from videoxl.training.films.recipe import Recipe
from videoxl.training.films.vocabulary import (
    AFTER,
    ALL,
    BEFORE,
    HAS,
    INVENTORY_QUESTION,
    NEXT,
    ONE,
    SIGHT_QUESTION,
    TIME,
    build_tokenizer,
)

TOWER = "lite0"
PIXEL_MEAN, PIXEL_STD = 127 / 255, 128 / 255  # what EfficientNet-Lite was trained with
READABLE = 0o644
TOWER_DTYPE = torch.float16  # halves the largest part, and moves visual tokens by 0.4 % of their size


def new_processor(recipe: Recipe, names: Sequence[str], sights: Sequence[str] = ()) -> VideoXLProcessor:
    """Frames squashed to a square, and whole words: names of pictures, and of ordinary things."""
    side = recipe.model.image_size
    tokenizer = build_tokenizer(names, sights)
    pixels = CLIPImageProcessorPil(
        size={"height": side, "width": side},
        resample=Image.Resampling.BICUBIC,
        do_center_crop=False,
        image_mean=[PIXEL_MEAN] * 3,
        image_std=[PIXEL_STD] * 3,
    )
    return VideoXLProcessor(
        pixels, tokenizer, chat_template=tokenizer.chat_template, video_token_id=video_token_id(tokenizer)
    )


def new_model(
    recipe: Recipe, processor: VideoXLProcessor, *, num_names: int = 0, num_things: int = 0
) -> VideoXLForConditionalGeneration:
    """A model of the recipe's sizes, its values of chance.

    Behind its projector are a gate where it gets names, and a focus, and beside its tower a classifier, where it gets
    ordinary things.
    """
    sizes, tokenizer = recipe.model, processor.tokenizer
    text = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=sizes.hidden_size,
        intermediate_size=sizes.intermediate_size,
        num_hidden_layers=sizes.num_hidden_layers,
        num_attention_heads=sizes.num_attention_heads,
        num_key_value_heads=sizes.num_key_value_heads,
        max_position_embeddings=sizes.max_position_embeddings,
        rope_parameters={"rope_type": "default", "rope_theta": sizes.rope_theta},
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        tie_word_embeddings=True,
    )
    id_of = tokenizer.convert_tokens_to_ids
    inventory = InventoryConfig(
        next_id=id_of(NEXT),
        one_id=id_of(ONE),
        after_id=id_of(AFTER),
        before_id=id_of(BEFORE),
        has_id=id_of(HAS),
        all_id=id_of(ALL),
        question=INVENTORY_QUESTION,
        sight_question=SIGHT_QUESTION,
        nothing=NOTHING,
        certainty=recipe.certainty,
        named_certainty=recipe.named_certainty,
        numbers=NUMBERS,
        name_tokens=1,  # words are whole, and what is asked of a film is answered by one
        answer_tokens=1,
    )
    config = VideoXLConfig(
        vision_config=EfficientNetLiteConfig.variant(
            TOWER, image_size=sizes.image_size, num_classes=num_things, classifier_from=recipe.tagger.first_block
        ),
        text_config=text,
        vision_feature_layer=-1,
        projector_hidden_size=sizes.projector_hidden_size,
        word_gate={"num_words": num_names, **asdict(recipe.gate)} if num_names else None,
        word_focus={"num_words": num_things, **asdict(recipe.focus)} if num_things else None,
        spatial_pool_stride=sizes.spatial_pool_stride,
        compression_ratios=list(sizes.compression_ratios),
        interval_frames=recipe.curriculum.interval_frames,
        evidence_layers=list(sizes.evidence_layers),
        evidence_background=False,  # measured: first range right in 0.92 instead of 0.61 (docs/log.md)
        inventory=asdict(inventory) if recipe.examples.talk.takes_inventories else None,
        video_token_id=video_token_id(tokenizer),
        time_token_id=tokenizer.convert_tokens_to_ids(TIME),
        tie_word_embeddings=True,
    )
    return VideoXLForConditionalGeneration(config)


def video_token_id(tokenizer: object) -> int:
    """The placeholder of a video: the first number that is no word."""
    return len(tokenizer)  # type: ignore[arg-type]


def write_model_folder(
    folder: str | Path,
    model: VideoXLForConditionalGeneration,
    processor: VideoXLProcessor,
    *,
    texts: Mapping[str, str],
) -> None:
    """Write weights (the tower in half precision), configs, tokenizer and `texts` (file name to content).

    The folder is replaced as a whole, so that nobody ever opens half a model.
    """
    folder = Path(folder)
    new, old = folder.with_name(f"{folder.name}.new"), folder.with_name(f"{folder.name}.old")
    for leftover in (new, old):
        shutil.rmtree(leftover, ignore_errors=True)
    weights = model.state_dict()
    weights.pop("lm_head.weight")
    stored = {
        name: tensor.to(TOWER_DTYPE) if name.startswith("model.vision_tower.") else tensor
        for name, tensor in weights.items()
    }
    model.generation_config.eos_token_id = processor.tokenizer.eos_token_id
    model.generation_config.pad_token_id = processor.tokenizer.pad_token_id
    model.save_pretrained(new, state_dict=stored)
    processor.tokenizer.save_pretrained(new)
    processor.image_processor.save_pretrained(new)
    (new / "chat_template.jinja").write_text(processor.chat_template, encoding="utf-8")
    for name, text in texts.items():
        (new / name).write_text(text, encoding="utf-8")
    for path in new.iterdir():
        path.chmod(READABLE)  # safetensors writes files that only their owner may read
    if folder.exists():
        os.replace(folder, old)
    os.replace(new, folder)
    shutil.rmtree(old, ignore_errors=True)
