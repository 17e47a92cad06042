"""A video from a stranger, decoded behind a wall: what comes is what `FileSource` and `PictureSource` give."""

import gc
import os
import subprocess
import threading
from fractions import Fraction
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from videoxl.errors import UsageError, VideoDecodeError, VideoFormatError
from videoxl.video import DecodeLimits, open_video
from videoxl.video.file_source import FileSource
from videoxl.video.isolated import IsolatedSource

SECONDS = [0.0, 0.04, 0.5, 1.0, 1.3, 1.9]
KINDS = {
    "plain.mp4": {},
    "turned.mp4": {"rotation": 90},
    "uneven.mkv": {"milliseconds": [0, 40, 1000, 1010, 1500, 1960, 2000], "num_frames": 7},
    "wide.mp4": {"pixel_aspect": Fraction(4, 3)},
    "vp9.webm": {"codec": "libvpx-vp9", "options": {"cpu-used": "8", "deadline": "realtime"}},
    "mpeg4.avi": {"codec": "mpeg4"},
    "stream.ts": {"sound_seconds": 2.0},
    "interlaced.mkv": {"fields": True, "options": {"flags": "+ilme+ildct", "x264-params": "interlaced=1"}},
    "moving.gif": {"codec": "gif", "pixels": "rgb8", "fps": 10, "num_frames": 20},
}


def batches_of(source, seconds=SECONDS, **options):
    """All that a reading gives, with what was lost, as plain values."""
    batches = list(source.read(seconds, **options))
    return [
        (b.frames_FCHW.tobytes(), b.seconds_F.tolist(), b.asked_F.tolist(), b.num_lost, b.num_damaged) for b in batches
    ]


def handles() -> int:
    """Open descriptors of this process."""
    return len(os.listdir("/proc/self/fd"))


def children() -> list[psutil.Process]:
    """Processes that this one has started and not buried, zombies too."""
    return psutil.Process().children(recursive=True)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_frames_as_without_a_wall(clips, kind: str) -> None:
    """Pixels, times, losses, what is known of the file and its fingerprint are those of direct decoding."""
    path = clips.write(kind, **KINDS[kind])
    direct = FileSource(path)
    with IsolatedSource(path) as isolated:
        assert isolated.info == direct.info
        assert isolated.fingerprint() == direct.fingerprint()
        assert isolated.decoder == direct.decoder
        for options in ({}, {"max_side": 40, "chunk_frames": 2}):
            assert batches_of(isolated, **options) == batches_of(direct, **options)


@pytest.mark.parametrize("kind", ["noise.mp4", "noise.mkv"])
@pytest.mark.parametrize("hurt", ["cut", "flip"])
def test_damage_is_stepped_over_and_counted_alike(clips, kind: str, hurt: str) -> None:
    """A file that is cut off or has flipped bytes gives the same frames, and as many are lost or damaged."""
    whole = clips.write(
        kind, num_frames=50, has_noise=True, container_options={"movflags": "faststart"} if "mp4" in kind else {}
    )
    path = clips.cut(whole, 0.6) if hurt == "cut" else clips.flip_bytes(whole, 0.4, 0.6)
    seconds = [k / 25 for k in range(50)]
    with IsolatedSource(path) as isolated:
        found = batches_of(isolated, seconds)
    expected = batches_of(FileSource(path), seconds)
    assert [facts for _, *facts in found] == [facts for _, *facts in expected]
    if hurt == "cut":  # what a decoder puts in the place of flipped bytes is not the same each time
        assert found == expected
    assert sum(lost + damaged for *_, lost, damaged in found) > 0


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.bmp", "a.tiff", "lzw.tiff"])
def test_pictures_are_the_same_too(tmp_path: Path, name: str) -> None:
    """A picture comes upright and scaled as `PictureSource` gives it, whatever it is named."""
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / name
    options = {"exif": exif} if path.suffix in (".jpg", ".png", ".webp") else {}
    picture.save(path, **options | ({"compression": "tiff_lzw"} if name == "lzw.tiff" else {}))
    nameless = path.with_suffix(".upload")
    nameless.write_bytes(path.read_bytes())
    direct = open_video(path)
    with IsolatedSource(nameless) as isolated:
        assert (isolated.info.width, isolated.info.height) == (direct.info.width, direct.info.height)
        assert batches_of(isolated, [0.0], max_side=30) == batches_of(direct, [0.0], max_side=30)
        assert isolated.decoder == "pillow"


def test_it_can_be_watched_where_a_path_could_be_given(clips) -> None:
    """`open_video` takes it as it is, and makes one of a path when limits are given."""
    path = clips.write()
    with IsolatedSource(path) as source:
        assert open_video(source) is source
    opened = open_video(path, isolated=DecodeLimits())
    assert isinstance(opened, IsolatedSource)
    opened.close()
    with pytest.raises(UsageError, match="expected one file"):
        open_video([path], isolated=DecodeLimits())


def test_a_source_can_be_read_twice_at_once(clips) -> None:
    """Two readings of one source have a process each and do not touch each other."""
    with IsolatedSource(clips.write()) as source:
        first, second = source.read(SECONDS, chunk_frames=1), source.read(SECONDS, chunk_frames=1)
        pairs = list(zip(first, second, strict=True))
    assert len(pairs) == len(SECONDS)
    assert all(np.array_equal(a.frames_FCHW, b.frames_FCHW) for a, b in pairs)


def test_nothing_is_left_behind(clips) -> None:
    """After reading to the end, leaving midway and closing there is no process, zombie or descriptor."""
    path = clips.write(num_frames=200)
    before = handles()
    source = IsolatedSource(path)
    assert handles() == before + 1
    list(source.read(SECONDS))
    reader = source.read(np.arange(100) / 25, chunk_frames=1)
    next(reader)
    assert children()
    reader.close()
    assert not children()
    source.close()
    source.close()
    assert handles() == before


def test_a_source_that_is_forgotten_closes_its_file(clips) -> None:
    """Letting go of a source is enough."""
    gc.collect()  # what other tests forgot is not counted
    before = handles()
    source = IsolatedSource(clips.write())
    assert handles() > before
    del source
    gc.collect()
    assert handles() <= before


def test_the_file_stays_the_one_that_was_looked_at(clips, tmp_path: Path) -> None:
    """Another file put under the same name, or none at all, changes nothing."""
    path = tmp_path / "film.mp4"
    path.write_bytes(clips.write().read_bytes())
    with IsolatedSource(path) as source:
        expected, fingerprint = batches_of(source), source.fingerprint()
        path.unlink()
        path.write_bytes(clips.write(grey=200).read_bytes())
        assert (batches_of(source), source.fingerprint()) == (expected, fingerprint)


def test_an_open_file_is_enough(clips) -> None:
    """With a descriptor the path is only a name; the descriptor stays the caller's."""
    path = clips.write()
    with path.open("rb") as file, IsolatedSource("upload.mp4", descriptor=file.fileno()) as source:
        assert source.info.name == "upload.mp4"
        assert batches_of(source) == batches_of(FileSource(path))
        assert file.read(12)[4:8] == b"ftyp"


def test_sentences_use_the_name_that_people_know(tmp_path: Path) -> None:
    """A file that is kept under its digest is called what its owner calls it."""
    path = tmp_path / "0a1b2c.mp4"
    path.write_bytes(b"\x00\x00\x00\x18ftypisom" + bytes(1000))
    with pytest.raises(VideoFormatError, match=r"^holiday\.mp4 is"):
        IsolatedSource(path, name="holiday.mp4")


def test_a_closed_source_says_so(clips) -> None:
    """Reading after `close` is an error with a way out."""
    source = IsolatedSource(clips.write())
    source.close()
    with pytest.raises(VideoDecodeError, match="was closed"):
        list(source.read([0.0]))


def test_what_keeps_the_process_in_is_told(clips) -> None:
    """The guards in force are named, the limits of the kernel always."""
    with IsolatedSource(clips.write()) as source:
        assert source.held[0] == "limits"
        assert set(source.held) <= {"limits", "nobody", "namespaces", "system calls", "no threads"}


def test_the_environment_is_not_passed_on(clips, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys and tokens of the parent's environment do not reach the child."""
    from videoxl.video import isolated_process

    monkeypatch.setenv("SECRET_KEY", "hunter2")
    seen: list[dict[str, str]] = []
    start = subprocess.Popen

    def spy(*arguments, **options):
        seen.append(options["env"])
        return start(*arguments, **options)

    monkeypatch.setattr(isolated_process.subprocess, "Popen", spy)
    IsolatedSource(clips.write()).close()
    assert seen
    assert "SECRET_KEY" not in seen[0]
    assert "hunter2" not in str(seen[0])


def test_stopping_ends_the_reading(clips) -> None:
    """The event that a reader sets ends the frames and the process at once."""
    stopped = threading.Event()
    with IsolatedSource(clips.write(num_frames=200)) as source:
        frames = source.frames_at([k / 25 for k in range(200)], max_side=None, stopped=stopped)
        next(frames)
        frames.close()
        assert not children()
        stopped.set()
