"""Ordinary footage: what the tower's published classifier sees in it, and questions about that.

The classifier is the teacher: a frame clearly shows a thing to which it gives `CLEAR` or more; a film does not show a
thing to which it gives less than `POSSIBLE` in every frame. What lies between is not asked for. A thing that a film
does not show is drawn from what other films clearly show, so that the word alone gives nothing away.

F frames, I classes of the teacher, N patches, D width of the tower.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file

from evaluation.asking import Asked
from evaluation.films import Group, World
from evaluation.questions import NEVER, question_generator, worded
from videoxl.errors import UsageError
from videoxl.model.efficientnet_lite import EfficientNetLiteConfig
from videoxl.model.modeling_videoxl import FRAMES_AT_ONCE
from videoxl.model.vision_tower import build_vision_tower
from videoxl.synth.questions import NOTHING

CLEAR, POSSIBLE = 0.5, 0.03
SIDE = 192  # pixels: frames are squashed to this square, as nano's processor does
PIXEL_MEAN, PIXEL_STD = 127.0, 128.0  # what EfficientNet-Lite was trained with
THINGS_ASKED, THINGS_ASKED_WHEN = 4, 2  # of a film, as many that it shows as that it does not

Film = tuple[Group, int]


class PublishedTower:
    """The tower with its own classifier, as they were published."""

    def __init__(self, path: Path) -> None:
        tensors = {name: tensor.float() for name, tensor in load_file(path).items()}
        self._tower = build_vision_tower(EfficientNetLiteConfig.variant("lite0", image_size=SIDE))
        self._tower.load_state_dict({name[6:]: part for name, part in tensors.items() if name.startswith("tower.")})
        self._tower.eval()
        self._weight, self._bias = tensors["classifier.weight"], tensors["classifier.bias"]

    @torch.no_grad()
    def __call__(self, frames_FCHW: np.ndarray) -> np.ndarray:
        """Probabilities (F, I) of frames (F, 3, H, W), uint8."""
        parts = [frames_FCHW[start : start + FRAMES_AT_ONCE] for start in range(0, len(frames_FCHW), FRAMES_AT_ONCE)]
        return np.concatenate([self._some(part) for part in parts])

    def _some(self, frames_FCHW: np.ndarray) -> np.ndarray:
        images = [Image.fromarray(frame.transpose(1, 2, 0)) for frame in frames_FCHW]
        squares = np.stack([np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BICUBIC)) for image in images])
        pixels = torch.from_numpy(squares).permute(0, 3, 1, 2).float().sub(PIXEL_MEAN).div(PIXEL_STD)
        patches_FND = self._tower(pixels).last_hidden_state
        return (patches_FND.mean(1) @ self._weight.T + self._bias).softmax(1).numpy()


@dataclass(frozen=True, slots=True)
class Seen:
    """Of one film: frames that clearly show a thing, and things that it may show."""

    clear: Mapping[str, tuple[int, ...]]
    possible: frozenset[str]


def seen_things(probabilities_FI: np.ndarray, things: Sequence[str], known: Sequence[str]) -> Seen:
    """What the teacher sees of the things that the model knows."""
    column = {thing: things.index(thing) for thing in known}
    best = probabilities_FI.max(0)
    clear = {
        thing: tuple(np.flatnonzero(probabilities_FI[:, number] >= CLEAR).tolist())
        for thing, number in column.items()
        if best[number] >= CLEAR
    }
    return Seen(clear, frozenset(thing for thing, number in column.items() if best[number] >= POSSIBLE))


def thing_questions(world: World, seen: Mapping[Film, Seen], known: Sequence[str]) -> dict[Film, list[Asked]]:
    """For each film: whether things are there and when (balanced), and what was inserted (nothing)."""
    everywhere = [thing for each in seen.values() for thing in each.clear]
    asked = {}
    for film, here in seen.items():
        generator = question_generator(world, *film)
        clear = list(here.clear)
        shown = [clear[number] for number in generator.permutation(len(clear))[:THINGS_ASKED]]
        others = [thing for thing in everywhere if thing not in here.possible]
        absent = _draw(others, len(shown), generator) or _draw(
            [thing for thing in known if thing not in here.possible], len(shown), generator
        )
        shown = shown[: len(absent)]
        asked[film] = [Asked("what", worded(world, generator, "what"), NOTHING)]
        for thing, other in zip(shown, absent, strict=True):
            asked[film] += [
                Asked("is there", worded(world, generator, "is_there", thing), "yes", here.clear[thing]),
                Asked("is there", worded(world, generator, "is_there", other), "no"),
            ]
        for thing, other in list(zip(shown, absent, strict=True))[:THINGS_ASKED_WHEN]:
            asked[film] += [
                Asked("when", worded(world, generator, "when", thing), "", here.clear[thing]),
                Asked("never", worded(world, generator, "when", other), NEVER),
            ]
    return asked


def read_things(path: Path) -> list[str]:
    """Words of the teacher's classes, in their order."""
    words = path.read_text(encoding="utf-8").splitlines()
    if len(words) < 2:
        raise UsageError(f"{path} has {len(words)} lines, expected one for each class of the tower's classifier.")
    return words


def _draw(things: Sequence[str], number: int, generator: np.random.Generator) -> list[str]:
    """So many different things, each as likely as it is frequent; fewer where there are not so many."""
    drawn: list[str] = []
    for index in generator.permutation(len(things)).tolist():
        if len(drawn) < number and things[index] not in drawn:
            drawn.append(things[index])
    return drawn
