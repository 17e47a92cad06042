"""Build the photographs in `recipes/nano/media/scenes` from the public git repositories that they come from.

    python recipes/nano/photographs.py CLONES        CLONES holds OWNER+NAME, each as `git clone --bare` makes it

photographs.tsv names the repositories, their commits and licences, and what is seen; photographs_files.tsv names the
files, their paths, and of frames of films the second. A file's name ends with the sha256 of its bytes, and the same
versions of Pillow and PyAV give the same bytes (13.0.0 and 18.1.0 made what is committed). A file that comes out
otherwise, or whose clone lacks it, is not written but named, and the script exits 1.
"""

import argparse
import hashlib
import io
import logging
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import av
from PIL import Image, ImageOps

HERE = Path(__file__).parent
SCENES = HERE / "media" / "scenes"
SIDE = 400  # pixels, longer side
DRAFT_SIDE = 2 * SIDE  # a JPEG is decoded no larger than it need be for that
REDUCING_GAP = 3  # Pillow's word for good enough, and it decides the bytes

log = logging.getLogger("photographs")


@dataclass(frozen=True, slots=True)
class Source:
    """One line of photographs.tsv: a repository at a commit, and what is seen on its files."""

    slug: str
    repository: str
    commit: str
    licence: str
    files: str
    seen: str


@dataclass(frozen=True, slots=True)
class Photograph:
    """One line of photographs_files.tsv; a frame of a film has a second, a picture has "-"."""

    file: str
    path: str
    second: str

    @property
    def slug(self) -> str:
        """Its source."""
        return self.file.rpartition("-")[0]


def main() -> None:
    """Make all, say what could not be made."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clones", type=Path, metavar="CLONES")
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    photographs = read_photographs()
    missing = rebuild(photographs, read_sources(), parser.parse_args().clones, SCENES)
    log.info("%d of %d photographs made", len(photographs) - len(missing), len(photographs))
    sys.exit(1 if missing else 0)


def read_sources() -> list[Source]:
    """The lines of photographs.tsv."""
    return [Source(*fields) for fields in _table("photographs.tsv")]


def read_photographs() -> list[Photograph]:
    """The lines of photographs_files.tsv."""
    return [Photograph(*fields) for fields in _table("photographs_files.tsv")]


def rebuild(photographs: list[Photograph], sources: list[Source], clones: Path, target: Path) -> list[str]:
    """Write the photographs into the folder `target`; the names of those that could not be made."""
    target.mkdir(parents=True, exist_ok=True)
    of_slug = {source.slug: source for source in sources}
    missing = []
    for photograph in photographs:
        source = of_slug[photograph.slug]
        content = show(clones / source.repository.replace("/", "+"), source.commit, photograph.path)
        picture = _picture(content, photograph.second) if content else None
        webp = _webp(picture) if picture else b""
        if photograph.file == f"{source.slug}-{hashlib.sha256(webp).hexdigest()[:8]}.webp":
            (target / photograph.file).write_bytes(webp)
        else:
            why = "other bytes" if webp else "not there"
            log.info("%s: %s (%s:%s)", photograph.file, why, source.repository, photograph.path)
            missing.append(photograph.file)
    return missing


def show(clone: Path, commit: str, path: str) -> bytes:
    """A file of a repository; nothing where git has none, and git says why."""
    return subprocess.run(["git", "-C", str(clone), "show", f"{commit}:{path}"], stdout=subprocess.PIPE).stdout


def _picture(content: bytes, second: str) -> Image.Image | None:
    """A picture upright, or the first frame of a film from `second` on; None where the film ends before."""
    if second != "-":
        with av.open(io.BytesIO(content)) as film:
            later = (frame for frame in film.decode(video=0) if round(frame.time or 0.0, 3) >= float(second))
            frame = next(later, None)
            return frame and frame.to_image()
    picture = Image.open(io.BytesIO(content))
    picture.draft("RGB", (DRAFT_SIDE, DRAFT_SIDE))
    return ImageOps.exif_transpose(picture).convert("RGB")


def _webp(picture: Image.Image) -> bytes:
    """Made small, never larger."""
    scale = SIDE / max(picture.size)
    if scale < 1:
        size = tuple(max(1, round(side * scale)) for side in picture.size)
        picture = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=REDUCING_GAP)
    written = io.BytesIO()
    picture.save(written, "WEBP", quality=60, method=4)
    return written.getvalue()


def _table(name: str) -> list[list[str]]:
    lines = (HERE / name).read_text(encoding="ascii").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]


if __name__ == "__main__":
    main()
