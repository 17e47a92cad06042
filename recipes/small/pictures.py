"""Write pictures with true captions, as examples for `videoxl train`: named things, alone or over a scene.

    python recipes/small/pictures.py FOLDER --number 20000 [--seed 0] [--pictures-folder ...] [--footage-folder ...]

FOLDER/pictures.jsonl has an example a line, its picture beside it. Everything is drawn from the training split: what is
shown, how it is lit and turned, and the footage behind it. The same seed gives the same pictures.
"""

import argparse
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from videoxl.errors import UsageError
from videoxl.synth.footage import FootageSet
from videoxl.synth.needle import PictureKind, render_needle
from videoxl.synth.pictures import PictureSet

LINES = "pictures.jsonl"
SIZE = (320, 240)
QUALITY = 85
VOWELS = "aeiou"
ASKED = ("What does this picture show?", "What is this?", "Describe the picture.", "What can be seen here?")
ANSWERS: dict[PictureKind, tuple[str, ...]] = {
    "insert": ("It shows {thing}.", "This is {thing}.", "The picture shows {thing}.", "{Thing}."),
    "edit": ("{Thing} lies over the scene.", "A picture of {thing} is laid over a scene.", "{Thing}, over a scene."),
}
LONGEST_SECONDS = 60.0  # into endless footage

log = logging.getLogger("pictures")


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw, write, say how many."""
    options = _options(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if options.number < 1:
        raise UsageError(f"--number is {options.number}, expected 1 or more pictures.")
    given = options.pictures_folder, options.footage_folder
    pictures = PictureSet.folder(given[0]) if given[0] else PictureSet.builtin()
    footage = FootageSet.folder(given[1], "train") if given[1] else FootageSet.builtin("train")
    options.folder.mkdir(parents=True, exist_ok=True)
    with (options.folder / LINES).open("w", encoding="utf-8") as lines:
        for number in range(options.number):
            generator = np.random.default_rng([options.seed, number])
            lines.write(json.dumps(_example(number, generator, pictures, footage, options.folder)) + "\n")
    log.info("%s: %d pictures", options.folder / LINES, options.number)


def named(name: str) -> str:
    """The name as a thing in a sentence: "an otter"; several of them have no article."""
    if name.endswith("s") and not name.endswith("ss"):
        return name
    return f"{'an' if name[0] in VOWELS else 'a'} {name}"


def _example(
    number: int, generator: np.random.Generator, pictures: PictureSet, footage: FootageSet, folder: Path
) -> dict[str, Any]:
    name = pictures.names[int(generator.integers(len(pictures.names)))]
    kind: PictureKind = "insert" if generator.random() < 0.5 else "edit"
    behind = footage.draw(generator)
    scene = behind.frame(float(generator.uniform(0, min(behind.seconds, LONGEST_SECONDS))))
    shown = render_needle(pictures.draw(name, generator), scene, generator, SIZE, kind=kind)
    file = f"picture-{number:06d}.jpg"
    Image.fromarray(shown).save(folder / file, quality=QUALITY)
    thing = named(name)
    answer = _one_of(ANSWERS[kind], generator).format(thing=thing, Thing=thing[0].upper() + thing[1:])
    asked = [{"type": "image", "path": file}, {"type": "text", "text": _one_of(ASKED, generator)}]
    messages = [{"role": "user", "content": asked}, {"role": "assistant", "content": answer}]
    return {"id": file.removesuffix(".jpg"), "messages": messages}


def _one_of(texts: Sequence[str], generator: np.random.Generator) -> str:
    return texts[int(generator.integers(len(texts)))]


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--number", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pictures-folder", type=Path, help="your NAME.png instead of the built-in ones")
    parser.add_argument("--footage-folder", type=Path, help="your clips and stills instead of the built-in ones")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
