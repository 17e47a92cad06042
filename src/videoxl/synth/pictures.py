"""Pictures with a name and a transparent background: what films hide and questions ask for.

The built-in set is art of the Noto Color Emoji font (see assets/pictures/LICENSE.md). Any folder of NAME.png, NAME.webp
or NAME.jpg works too; where NAME.txt lies beside the picture, its first line is the name ("An otter." is read as
"otter"). Several pictures may share a name.

Shapes: H height, W width; RGBA, alpha not premultiplied.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from videoxl.errors import UsageError, VideoFormatError, VideoNotFoundError

ASSETS = Path(__file__).parent / "assets"
PICTURE_SUFFIXES = (".png", ".webp", ".jpg", ".jpeg")
ARTICLES = ("a ", "an ", "the ", "some ")


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One drawing of a named thing, cropped to what is visible."""

    name: str
    image: np.ndarray  # uint8 (H, W, 4)


class PictureSet:
    """Pictures found by name, always in the same order."""

    def __init__(self, pictures: Sequence[Picture]) -> None:
        if not pictures:
            raise UsageError("a picture set needs at least one picture; got none.")
        self._by_name: dict[str, tuple[Picture, ...]] = {}
        for picture in sorted(pictures, key=lambda picture: picture.name):
            self._by_name[picture.name] = (*self._by_name.get(picture.name, ()), picture)

    @staticmethod
    @cache
    def builtin() -> PictureSet:
        """The pictures that come with the package."""
        return PictureSet.folder(ASSETS / "pictures")

    @staticmethod
    def folder(path: str | Path) -> PictureSet:
        """Every picture of a folder, with its name from NAME.txt or from the file."""
        folder = Path(path)
        if not folder.is_dir():
            raise VideoNotFoundError(f"{folder} is not a folder; give one that holds NAME.png files.")
        files = sorted(file for file in folder.iterdir() if file.suffix.lower() in PICTURE_SUFFIXES)
        if not files:
            raise VideoFormatError(f"{folder} holds no pictures; expected NAME.png, .webp or .jpg files.")
        return PictureSet([Picture(caption_name(file), _image(file)) for file in files])

    @property
    def names(self) -> tuple[str, ...]:
        """Every name once, sorted."""
        return tuple(self._by_name)

    def draw(self, name: str, generator: np.random.Generator) -> Picture:
        """One of the pictures of that name."""
        if name not in self._by_name:
            raise UsageError(f"no picture is named {name!r}; this set has {len(self.names)} names, see `.names`.")
        pictures = self._by_name[name]
        return pictures[int(generator.integers(len(pictures)))]

    def __iter__(self) -> Iterator[Picture]:
        return (picture for pictures in self._by_name.values() for picture in pictures)

    def __len__(self) -> int:
        return sum(len(pictures) for pictures in self._by_name.values())


def caption_name(file: Path) -> str:
    """What a picture or clip is called: the first line of the NAME.txt beside it, without article, or its own name."""
    caption = file.with_suffix(".txt")
    text = caption.read_text(encoding="utf-8").strip().partition("\n")[0] if caption.exists() else file.stem
    name = text.strip().rstrip(".!").lower().replace("_", " ")
    for article in ARTICLES:
        name = name.removeprefix(article)
    return name


def _image(file: Path) -> np.ndarray:
    try:
        with Image.open(file) as opened:
            image = opened.convert("RGBA")
    except OSError as error:
        raise VideoFormatError(f"{file} is not a picture that can be read ({error}); replace or remove it.") from None
    visible = image.getchannel("A").getbbox()
    if visible is None:
        raise VideoFormatError(f"{file} is wholly transparent; replace or remove it.")
    return np.asarray(image.crop(visible))
