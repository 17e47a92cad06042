"""The footage that nano is tested on comes from no source of its training, and is made again from where it comes."""

import hashlib
import subprocess
from dataclasses import replace
from pathlib import Path

import clips
import numpy as np
import photographs
import pytest
from clips import Clip

from videoxl.synth.pictures import ASSETS
from videoxl.video import open_video
from videoxl.video.writer import FilmWriter


def git(folder: Path, *arguments: str) -> str:
    """What git says in a folder."""
    command = ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="module")
def brook(tmp_path_factory) -> tuple[Path, Clip]:
    """A folder of one bare clone with a film of six seconds, and the line of a clip of four of them."""
    work, clones = tmp_path_factory.mktemp("work"), tmp_path_factory.mktemp("clones")
    with FilmWriter(work / "brook.mp4", width=640, height=360, fps=10) as film:
        for shade in np.linspace(0, 255, 60).astype(np.uint8):
            film.write(np.full((360, 640, 3), shade, np.uint8))
    git(work, "init", "--quiet")
    git(work, "add", ".")
    git(work, "commit", "--quiet", "--message", "a brook")
    git(work, "clone", "--quiet", "--bare", ".", str(clones / "someone+brook"))
    digest = hashlib.sha256((work / "brook.mp4").read_bytes()).hexdigest()
    commit = git(work, "rev-parse", "HEAD")
    return clones, Clip("brook", "someone/brook", commit, "CC0", "brook.mp4", digest, "1", "5", "grey")


def test_no_source_is_one_of_training():
    """Neither photographs nor the package's own footage come from a repository of the clips; names are their own."""
    tested = clips.read_clips()
    trained = {source.repository for source in photographs.read_sources()}
    assert tested
    assert not trained & {clip.repository for clip in tested}
    assert len({clip.name for clip in tested}) == len(tested)
    assert not {clip.name for clip in tested} & {path.stem for path in (ASSETS / "footage").iterdir()}


def test_a_clip_is_made_again_from_a_clone(brook, tmp_path):
    """The seconds that its line names are cut out, ten frames a second, made small."""
    clones, clip = brook
    assert clips.build([clip], clones, tmp_path) == []
    info = open_video(tmp_path / "brook.mp4").info
    assert info.duration_seconds == pytest.approx(4.0, abs=0.11)
    assert (info.width, info.height) == (320, 180)


def test_what_cannot_be_made_is_named(brook, tmp_path):
    """A file that is not there, or not the one that was tested on, is named and not written."""
    clones, clip = brook
    gone, other = replace(clip, name="gone", path="gone.mp4"), replace(clip, name="other", sha256="0" * 64)
    assert clips.build([gone, other], clones, tmp_path) == ["gone", "other"]
    assert not list(tmp_path.iterdir())
