"""Train nano: align the projector, train the decoder, write the folder that `videoxl.load` opens.

    python recipes/nano/train.py WORK TOWER.pth OUT [--recipe recipes/nano.yaml] [--until-step N]

WORK holds the frames of recipes/nano/frames.py and gets `aligned.safetensors` and the run's folder `run`. What exists
is not made again: a run that was stopped goes on at its last checkpoint. README.md and LIMITS.txt of OUT are kept.
"""

import argparse
import json
import logging
from pathlib import Path

import numpy as np
import torch
from frames import load_tower
from safetensors.torch import load_file, save_file

from videoxl.model import VideoXLForConditionalGeneration
from videoxl.training.alignment import align, measure_alignment, set_token_size, unit_rms
from videoxl.training.frame_bank import FrameBank
from videoxl.training.initialisation import initialise
from videoxl.training.model_folder import new_model, new_processor, write_model_folder
from videoxl.training.recipe import Recipe, read_recipe
from videoxl.training.trainer import Trainer

KEPT_TEXTS = ("README.md", "LIMITS.txt")
FRAMES_FOR_SIZE, FRAMES_AT_ONCE = 2048, 256
WORDS = "words"
BANK = (  # set, kinds, how often; edits are left out, for most of them cannot be told (docs/log.md)
    ("decoder", ("insert", "background", "stranger"), 1),
    ("projector", ("stranger",), 1),
    ("validation", ("background", "stranger"), 2),
)

log = logging.getLogger("train")


class Frames:
    """One set of frames on disk: features, labels, kinds."""

    def __init__(self, work: Path, name: str) -> None:
        about = json.loads((work / f"{name}.json").read_text())
        rows = about["rows"][: about["done"]]
        self.names: list[str] = about["names"]
        self.kinds = np.array([row[0] for row in rows])
        self.labels = np.array([row[3] for row in rows])
        self.features = np.load(work / f"{name}.npy", mmap_mode="r")[: len(rows)]


def main() -> None:
    """Do what is not done yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("work", "tower", "out"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--recipe", type=Path, default=Path(__file__).parents[1] / "nano.yaml")
    parser.add_argument("--until-step", type=int, help="stop before the recipe's end; run again to go on")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(1)
    recipe = read_recipe(options.recipe)
    frames = Frames(options.work, "decoder")
    processor = new_processor(recipe, frames.names)
    torch.manual_seed(recipe.seed)
    model = new_model(recipe, processor)
    model.model.vision_tower.load_state_dict(load_tower(options.tower).state_dict())
    words_CD = aligned(model, recipe, options.work)
    ids = processor.tokenizer.convert_tokens_to_ids(frames.names)
    generator = torch.Generator().manual_seed(recipe.seed)
    initialise(model, dict(zip(ids, words_CD, strict=True)), config=recipe.initialisation, generator=generator)
    model.requires_grad_(False)
    model.decoder.requires_grad_(True)
    trainer = Trainer(model, processor, frame_bank(model, options.work), recipe, options.work / "run")
    trainer.train(until_step=options.until_step)
    texts = {name: (options.out / name).read_text() for name in KEPT_TEXTS if (options.out / name).exists()}
    texts["names.txt"] = "".join(f"{name}\n" for name in frames.names)
    write_model_folder(options.out, model.eval(), processor, texts=texts)
    log.info("step %d of %d is in %s", trainer.step, recipe.num_steps, options.out)


def aligned(model: VideoXLForConditionalGeneration, recipe: Recipe, work: Path) -> torch.Tensor:
    """Train, or load, the projector; returns the names' words (C, D)."""
    path, projector = work / "aligned.safetensors", model.model.projector
    if not path.exists():
        frames, held_out = Frames(work, "projector"), Frames(work, "validation")
        generator = torch.Generator().manual_seed(recipe.seed)
        scores = align(
            projector, frames.features, frames.labels, num_names=len(frames.names), config=recipe.alignment,
            generator=generator,
        )  # fmt: skip
        for kind in np.unique(held_out.kinds):
            rows = np.flatnonzero(held_out.kinds == kind)
            log.info(
                "%s: %s", kind, measure_alignment(projector, scores, held_out.features[rows], held_out.labels[rows])
            )
        set_token_size(projector, frames.features[np.flatnonzero(frames.kinds == "insert")[:FRAMES_FOR_SIZE]])
        weights = {name: tensor.contiguous() for name, tensor in projector.state_dict().items()}
        save_file({**weights, WORDS: unit_rms(scores.words_CD.detach()).contiguous()}, path)
    tensors = load_file(path)
    words_CD = tensors.pop(WORDS)
    projector.load_state_dict(tensors)
    return words_CD


@torch.inference_mode()
def frame_bank(model: VideoXLForConditionalGeneration, work: Path) -> FrameBank:
    """Visual tokens of the frames that films are made of.

    Footage that the projector has never seen fires like pictures do, so the negatives of the validation set (plain film
    and strangers, no named picture) are among them: numbers measured on validation films are no longer held out.
    """
    tokens, labels, strangers = [], [], []
    for name, kinds, times in BANK:
        frames = Frames(work, name)
        rows = np.repeat(np.flatnonzero(np.isin(frames.kinds, kinds)), times)
        for chunk in np.array_split(rows, max(1, len(rows) // FRAMES_AT_ONCE)):
            tokens.append(model.model.projector(torch.from_numpy(frames.features[chunk]).float()).clone())
        labels.append(frames.labels[rows])
        strangers.append(frames.kinds[rows] == "stranger")
    return FrameBank(
        torch.cat(tokens), np.concatenate(labels), names=frames.names, is_distractor_R=np.concatenate(strangers)
    )


if __name__ == "__main__":
    main()
