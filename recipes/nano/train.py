"""Train nano: align the projector, train the decoder, write the folder that `videoxl.load` opens.

    python recipes/nano/train.py WORK TOWER.pth OUT [--recipe recipes/nano.yaml] [--until-step N]

WORK holds the frames of recipes/nano/frames.py and gets `aligned.safetensors` and the run's folder `run`. What exists
is not made again: a run that was stopped goes on at its last checkpoint. README.md and LIMITS.txt of OUT are kept.
"""

import argparse
import json
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from frames import load_tower
from safetensors.torch import load_file, save_file

from videoxl.model import VideoXLForConditionalGeneration
from videoxl.training.alignment import align, measure_alignment, unit_rms
from videoxl.training.frame_bank import FrameBank
from videoxl.training.initialisation import initialise
from videoxl.training.model_folder import new_model, new_processor, write_model_folder
from videoxl.training.recipe import Recipe, read_recipe
from videoxl.training.trainer import Trainer

KEPT_TEXTS = ("README.md", "LIMITS.txt")
FRAMES_AT_ONCE = 256
WORDS = "words"
ALIGNED_ON = (  # sets and kinds; edits are left out, for most of them cannot be told (docs/log.md)
    ("projector", ("insert", "background", "stranger")),
    ("decoder", ("background",)),
    ("stills", ("crop",)),
)
BANK = (
    ("decoder", ("insert", "background", "stranger")),
    ("projector", ("stranger",)),
    ("stills", ("crop",)),
)

HELD_OUT = (("validation", ("insert", "background", "stranger")),)

log = logging.getLogger("train")


class Frames:
    """Some kinds of some sets of frames, as if they were one: features on disk, labels, kinds."""

    def __init__(self, work: Path, parts: Sequence[tuple[str, Sequence[str]]]) -> None:
        self._features, places, labels, kinds = [], [], [], []
        for index, (name, wanted) in enumerate(parts):
            about = json.loads((work / f"{name}.json").read_text())
            rows = about["rows"][: about["done"]]
            chosen = [row for row in range(len(rows)) if rows[row][0] in wanted]
            self.names: list[str] = about["names"]
            self._features.append(np.load(work / f"{name}.npy", mmap_mode="r"))
            places += [(index, row) for row in chosen]
            labels += [rows[row][3] for row in chosen]
            kinds += [rows[row][0] for row in chosen]
        self._places, self.labels, self.kinds = np.array(places), np.array(labels), np.array(kinds)

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        """Features (R, N, D) of some rows."""
        return np.stack([self._features[index][row] for index, row in self._places[rows]])


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
    frames = Frames(options.work, BANK)
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
    bank = frame_bank(model, frames)
    trainer = Trainer(model, processor, bank, recipe, options.work / "run")
    trainer.train(until_step=options.until_step)
    texts = {name: (options.out / name).read_text() for name in KEPT_TEXTS if (options.out / name).exists()}
    texts["names.txt"] = "".join(f"{name}\n" for name in frames.names)
    write_model_folder(options.out, model.eval(), processor, texts=texts)
    log.info("step %d of %d is in %s", trainer.step, recipe.num_steps, options.out)


def aligned(model: VideoXLForConditionalGeneration, recipe: Recipe, work: Path) -> torch.Tensor:
    """Train, or load, the projector; returns the names' words (C, D)."""
    path, projector = work / "aligned.safetensors", model.model.projector
    if not path.exists():
        frames, held_out = Frames(work, ALIGNED_ON), Frames(work, HELD_OUT)
        generator = torch.Generator().manual_seed(recipe.seed)
        scores = align(
            projector, frames, frames.labels, num_names=len(frames.names), config=recipe.alignment, generator=generator
        )
        for kind in np.unique(held_out.kinds):
            rows = np.flatnonzero(held_out.kinds == kind)
            log.info("%s: %s", kind, measure_alignment(projector, scores, held_out[rows], held_out.labels[rows]))
        weights = {name: tensor.contiguous() for name, tensor in projector.state_dict().items()}
        save_file({**weights, WORDS: unit_rms(scores.words_CD.detach()).contiguous()}, path)
    tensors = load_file(path)
    words_CD = tensors.pop(WORDS)
    projector.load_state_dict(tensors)
    return words_CD


@torch.inference_mode()
def frame_bank(model: VideoXLForConditionalGeneration, frames: Frames) -> FrameBank:
    """Visual tokens of the frames that films are made of."""
    rows = np.arange(len(frames.labels))
    chunks = np.array_split(rows, max(1, len(rows) // FRAMES_AT_ONCE))
    tokens = [model.model.projector(torch.from_numpy(frames[chunk]).float()).clone() for chunk in chunks]
    is_stranger = frames.kinds == "stranger"
    return FrameBank(torch.cat(tokens), frames.labels, names=frames.names, is_distractor_R=is_stranger)


if __name__ == "__main__":
    main()
