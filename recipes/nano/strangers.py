"""Drawings without a name here: emoji whose words have nothing to do with any name of `videoxl.synth`.

    python recipes/nano/strangers.py FONT.ttf en.xml OUT

FONT.ttf is NotoColorEmoji of Debian's fonts-noto-color-emoji, en.xml the English annotations of unicode-cldr-core.
Shown like named pictures and labelled "nothing", they teach that not every picture on a backdrop has a name.
"""

import argparse
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from videoxl.synth.pictures import PictureSet

GLYPH_SIZE, CANVAS = 109, (136, 128)
LEAST_WIDTH, LEAST_PIXELS, LEAST_COLOUR = 40, 500, 12


def main() -> None:
    """Draw every emoji that shares no word with a name."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("font", "annotations", "out"):
        parser.add_argument(name, type=Path)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    font = ImageFont.truetype(str(options.font), GLYPH_SIZE)
    known = {_stem(name) for name in PictureSet.builtin().names}
    for character, words in annotations(options.annotations).items():
        if not {_stem(word) for word in words} & known:
            image = draw(character, font)
            if image is not None:
                image.save(options.out / f"{ord(character):x}.png")


def annotations(path: Path) -> dict[str, set[str]]:
    """Single characters that have a spoken name, with all of their words."""
    words: dict[str, set[str]] = {}
    spoken = set()
    for entry in ElementTree.parse(path).getroot().iter("annotation"):
        character = entry.get("cp") or ""
        if len(character) == 1:
            words.setdefault(character, set()).update(re.findall(r"[a-z]+", (entry.text or "").lower()))
            if entry.get("type") == "tts":
                spoken.add(character)
    return {character: found for character, found in words.items() if character in spoken}


def draw(character: str, font: ImageFont.FreeTypeFont) -> Image.Image | None:
    """The emoji, cut out; None where the font has none, or one that is nearly grey."""
    image = Image.new("RGBA", CANVAS)
    ImageDraw.Draw(image).text((0, 0), character, font=font, embedded_color=True)
    box = image.getchannel("A").getbbox()
    if box is None or box[2] - box[0] < LEAST_WIDTH:
        return None
    image = image.crop(box)
    pixels = np.asarray(image).reshape(-1, 4).astype(int)
    colours = pixels[pixels[:, 3] > 0, :3]
    is_plain = len(colours) < LEAST_PIXELS or (colours.max(1) - colours.min(1)).mean() < LEAST_COLOUR
    return None if is_plain else image


def _stem(word: str) -> str:
    return word.rstrip("s")


if __name__ == "__main__":
    main()
