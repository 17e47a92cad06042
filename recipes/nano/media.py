"""Build `recipes/nano/media`: what nano is trained on beside the pictures and footage of `videoxl.synth`.

    python recipes/nano/media.py FOLDER        FOLDER holds the packages named in media.tsv, as downloaded

scenes      wallpapers and stills, made small: plain film of every kind
strangers   drawings and photographs without a name here, on transparency, in three splits by file: shown like named
            pictures and labelled "nothing", they teach (in other splits: measure) that not every picture has a name

An emoji or photograph is a stranger only where none of its words is a word of any name. Among the scenes are also the
files of `photographs.py`; they are left alone here.
"""

import argparse
import hashlib
import re
import shutil
import subprocess
import tempfile
import xml.etree.ElementTree as ElementTree
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from videoxl.synth.pictures import PictureSet

HERE = Path(__file__).parent
MEDIA = HERE / "media"
SCENE_SIDE, STRANGER_SIDE = 800, 144  # pixels, longer side
GLYPH_SIZE, CANVAS = 109, (136, 128)
LEAST_WIDTH, LEAST_PIXELS, LEAST_COLOUR = 40, 500, 12
FONT = "usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"
ANNOTATIONS = "usr/share/unicode/cldr/common/annotations/en.xml"
STAMPS = "usr/share/tuxpaint/stamps"
STAMP_SHELVES = (
    *("animals", "clothes", "food", "hobbies", "household"),
    *("plants", "seasonal", "sports", "town", "vehicles"),
)
STILLS = (
    "000",
    "001",
    "002",
    "Blender_Suzanne1",
    "WindowsLogo",
    "cards",
    "cell",
    "color",
    "detect_blob",
    "digits",
    "ellipses",
    "gradient",
    "imageTextN",
    "licenseplate_motion",
    "microaneurysms",
    "moon",
    "notes",
    "opencv-logo",
    "pca_test1",
    "phantom",
    "pic1",
    "pic3",
    "pic5",
    "retina",
    "rubberwhale1",
    "templ",
    "text_defocus",
)
"""Of opencv-doc and scikit-image: those without anything named that are in no split of the footage."""
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".tif")
SPLIT_OF_TEN = ("train",) * 7 + ("validation",) + ("test",) * 2


def main() -> None:
    """Unpack, choose, make small, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    rows = _table("media.tsv")
    remove_own(MEDIA, {row[0] for row in rows})
    with tempfile.TemporaryDirectory() as temporary:
        roots = {}
        for name, file, _registry, _licence in rows:
            roots[name] = Path(temporary) / name
            _unpack(folder / file, roots[name])
        for name, root in roots.items():
            for place in _scenes(name, root):
                target = MEDIA / "scenes" / f"{name}-{_key(place, root)}.webp"
                _save(Image.open(place).convert("RGB"), target, SCENE_SIDE)
        _emoji(roots["fonts-noto-color-emoji"] / FONT, roots["unicode-cldr-core"] / ANNOTATIONS)
        _stamps(roots["tuxpaint-stamps-default"] / STAMPS)
    (MEDIA / "README.md").write_text(origins_page(), encoding="utf-8")


def remove_own(media: Path, packages: set[str]) -> None:
    """Remove the strangers and the scenes of these packages: all that this script makes but its page of origins."""
    shutil.rmtree(media / "strangers", ignore_errors=True)
    for place in (media / "scenes").glob("*.webp"):
        if place.stem.rpartition("-")[0] in packages:
            place.unlink()


def origins_page() -> str:
    """Where everything comes from, and under which licence."""
    lines = [
        "# Training media of nano",
        "",
        "Written by `recipes/nano/media.py`; made smaller than the originals. Not part of the installed package.",
        "",
        "| package | file | from | licence |",
        "|---|---|---|---|",
        *_table_lines("media.tsv"),
        "",
        "## Photographs",
        "",
        "Made by `recipes/nano/photographs.py`: each under the licence that its repository declares for its content at",
        "the named commit; made 400 pixels small, used for training only, not part of the installed package.",
        "",
        "| source | repository | commit | licence | files | what is seen |",
        "|---|---|---|---|---|---|",
        *_table_lines("photographs.tsv"),
    ]
    return "\n".join(lines) + "\n"


def _scenes(name: str, root: Path) -> list[Path]:
    """One file of each wallpaper (of several sizes the smallest that is large enough), and stills of examples."""
    found: dict[str, list[Path]] = {}
    for place in sorted(root.rglob("*")):
        if place.suffix.lower() in SUFFIXES and place.is_file() and _is_scene(name, place):
            motif = place.parents[2].name if place.parent.name == "images" else place.stem
            found.setdefault(motif, []).append(place)
    return [min(places, key=lambda place: place.stat().st_size) for places in found.values()]


def _is_scene(name: str, place: Path) -> bool:
    if name in ("opencv-doc", "scikit_image"):
        return place.stem in STILLS and place.parent.name == "data"
    if name == "plasma-workspace-wallpapers":
        return place.parent.name == "images"
    return name in ("gnome-backgrounds", "mate-backgrounds")


def _emoji(font_file: Path, annotations: Path) -> None:
    known = _known_words()
    font = ImageFont.truetype(str(font_file), GLYPH_SIZE)
    words: dict[str, set[str]] = {}
    spoken = set()
    for entry in ElementTree.parse(annotations).getroot().iter("annotation"):
        character = entry.get("cp") or ""
        if len(character) == 1:
            words.setdefault(character, set()).update(_words(entry.text or ""))
            if entry.get("type") == "tts":
                spoken.add(character)
    for character in sorted(spoken):
        if not words[character] & known:
            image = _glyph(character, font)
            if image is not None:
                _save_stranger(image, f"emoji-{ord(character):x}")


def _glyph(character: str, font: ImageFont.FreeTypeFont) -> Image.Image | None:
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


def _stamps(root: Path) -> None:
    known = _known_words()
    for shelf in STAMP_SHELVES:
        for place in sorted((root / shelf).rglob("*.png")):
            caption = place.with_suffix(".txt")
            if place.stem.endswith("_mirror") or not caption.exists():
                continue
            said = caption.read_text(encoding="utf-8", errors="replace").partition("\n")[0]
            if not (_words(said) | _words(place.stem)) & known:
                image = Image.open(place).convert("RGBA")
                box = image.getchannel("A").getbbox()
                if box is not None:
                    _save_stranger(image.crop(box), f"stamp-{_key(place, root)}")


def _known_words() -> set[str]:
    return {word for name in PictureSet.builtin().names for word in _words(name)}


def _words(text: str) -> set[str]:
    """Words in the singular, roughly."""
    return {word.rstrip("s") for word in re.findall(r"[a-z]+", text.lower())}


def _save_stranger(image: Image.Image, name: str) -> None:
    split = SPLIT_OF_TEN[int(hashlib.sha256(name.encode()).hexdigest(), 16) % 10]
    _save(image, MEDIA / "strangers" / split / f"{name}.webp", STRANGER_SIDE)


def _save(image: Image.Image, target: Path, side: int) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    image.save(target, quality=60, alpha_quality=70, method=6)


def _key(place: Path, root: Path) -> str:
    return hashlib.sha256(place.relative_to(root).as_posix().encode()).hexdigest()[:8]


def _unpack(package: Path, target: Path) -> None:
    target.mkdir()
    if package.suffix == ".deb":
        subprocess.run(["dpkg", "-x", str(package), str(target)], check=True)
    else:
        with zipfile.ZipFile(package) as archive:
            archive.extractall(target)


def _table_lines(name: str) -> list[str]:
    return ["| " + " | ".join(row) + " |" for row in _table(name)]


def _table(name: str) -> list[list[str]]:
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]


if __name__ == "__main__":
    main()
