"""The photographs that nano is trained on are all accounted for, and can be made again from where they come."""

import hashlib
import io
import subprocess
from collections import Counter
from pathlib import Path

import av
import media
import numpy as np
import photographs
import pytest
from photographs import Photograph, Source
from PIL import Image

from videoxl.video.writer import FilmWriter

SOURCES = photographs.read_sources()
FILES = photographs.read_photographs()
PACKAGES = {line.split("\t")[0] for line in (photographs.HERE / "media.tsv").read_text().splitlines()}
FPS = 2


def git(folder: Path, *arguments: str) -> str:
    """What git says in a folder."""
    command = ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def photograph(picture: Image.Image, path: str, second: str) -> tuple[Photograph, bytes]:
    """A line of a source called pond-life, and the file that it stands for."""
    written = io.BytesIO()
    picture.save(written, "WEBP", quality=60, method=4)
    content = written.getvalue()
    return Photograph(f"pond-life-{hashlib.sha256(content).hexdigest()[:8]}.webp", path, second), content


@pytest.fixture(scope="module")
def pond(tmp_path_factory) -> tuple[Path, Source, dict[Photograph, bytes]]:
    """A folder of one bare clone with a picture and a clip, and three files that are made of them."""
    work, clones = tmp_path_factory.mktemp("work"), tmp_path_factory.mktemp("clones")
    generator = np.random.default_rng(0)
    picture = Image.fromarray(generator.integers(0, 256, (30, 60, 3), dtype=np.uint8)).resize((600, 300))
    picture.save(work / "a picture.png")
    with FilmWriter(work / "clip.mp4", width=64, height=48, fps=FPS) as film:
        for frame_HW3 in generator.integers(0, 256, (6, 48, 64, 3), dtype=np.uint8):
            film.write(frame_HW3)
    with av.open(str(work / "clip.mp4")) as container:
        frames = [frame.to_image() for frame in container.decode(video=0)]
    git(work, "init", "--quiet")
    git(work, "add", ".")
    git(work, "commit", "--quiet", "--message", "a pond")
    git(work, "clone", "--quiet", "--bare", ".", str(clones / "someone+pond"))
    source = Source("pond-life", "someone/pond", git(work, "rev-parse", "HEAD"), "CC0", "3", "noise")
    small = picture.resize((400, 200), Image.Resampling.LANCZOS, reducing_gap=3)
    files = [photograph(small, "a picture.png", "-")]
    files += [photograph(frames[number], "clip.mp4", f"{number / FPS:.3f}") for number in (0, 3)]
    return clones, source, dict(files)


def test_every_photograph_has_its_line():
    """A scene that is of no package has exactly one line, and every line has its scene and a known source."""
    scenes = [path.name for path in photographs.SCENES.iterdir() if path.stem.rpartition("-")[0] not in PACKAGES]
    assert sorted(scenes) == sorted(line.file for line in FILES)
    assert {line.slug for line in FILES} <= {source.slug for source in SOURCES}


def test_sources_say_how_many_files_they_gave():
    """No slug is in photographs.tsv twice or a package's, and each has as many files as its line says."""
    assert len({source.slug for source in SOURCES} - PACKAGES) == len(SOURCES)
    assert {source.slug: int(source.files) for source in SOURCES} == Counter(line.slug for line in FILES)


def test_names_end_with_the_hash():
    """A photograph is, byte for byte, the one that its name was given for."""
    for line in FILES:
        digest = hashlib.sha256((photographs.SCENES / line.file).read_bytes()).hexdigest()
        assert line.file == f"{line.slug}-{digest[:8]}.webp"


def test_photographs_are_made_again_from_a_clone(pond, tmp_path):
    """A picture is made 400 pixels small and a film's frame taken at its second, byte for byte."""
    clones, source, files = pond
    assert photographs.rebuild(list(files), [source], clones, tmp_path / "scenes") == []
    made = {path.name: path.read_bytes() for path in (tmp_path / "scenes").iterdir()}
    assert made == {line.file: content for line, content in files.items()}


def test_what_cannot_be_made_is_named(pond, tmp_path):
    """A file whose clone lacks it, whose film is too short or whose bytes differ is named and not written."""
    clones, source, _ = pond
    gone = Photograph("pond-life-00000000.webp", "gone.png", "-")
    late = Photograph("pond-life-11111111.webp", "clip.mp4", "3.000")
    other = Photograph("pond-life-22222222.webp", "a picture.png", "-")
    lines = [gone, late, other]
    assert photographs.rebuild(lines, [source], clones, tmp_path) == [line.file for line in lines]
    assert photographs.rebuild([other], [source], tmp_path / "no clones", tmp_path) == [other.file]
    assert not list(tmp_path.iterdir())


def test_rebuilding_the_media_leaves_photographs(tmp_path):
    """What media.py removes before it builds is its own: strangers, and scenes of its packages."""
    for name in ("scenes/mate-1.webp", "scenes/mate-backgrounds-1.webp", "strangers/train/emoji-1f6.webp", "README.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    media.remove_own(tmp_path, {"mate-backgrounds"})
    left = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(left) == ["README.md", "scenes/mate-1.webp"]


def test_the_page_of_origins_is_written_from_the_tables():
    """README.md of the media is what media.py writes."""
    assert (photographs.SCENES.parent / "README.md").read_text(encoding="utf-8") == media.origins_page()
