"""What a file is, by its bytes: every format that is read is known, and nothing else passes for one."""

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from videoxl.errors import VideoFormatError, VideoNotFoundError
from videoxl.video.allow_list import VIDEO_DEMUXERS
from videoxl.video.content_type import HEAD_BYTES, content_type, content_type_of, why_refused
from videoxl.video.file_source import FileSource

CONTAINERS = {
    "clip.mp4": ("mp4", {}),
    "clip.mov": ("mov", {}),
    "fragmented.mp4": ("mp4", {"container_options": {"movflags": "frag_keyframe+empty_moov"}}),
    "clip.mkv": ("mkv", {}),
    "clip.webm": ("webm", {"codec": "libvpx-vp9", "options": {"cpu-used": "8", "deadline": "realtime"}}),
    "clip.avi": ("avi", {"codec": "mpeg4"}),
    "clip.ts": ("ts", {}),
    "clip.mpg": ("mpg", {"codec": "mpeg2video"}),
    "clip.flv": ("flv", {}),
    "clip.wmv": ("wmv", {"codec": "wmv2"}),
    "clip.ogv": ("ogg", {"codec": "libvpx", "options": {"cpu-used": "8", "deadline": "realtime"}}),
    "clip.gif": ("gif", {"codec": "gif", "pixels": "rgb8"}),
    "clip.ivf": ("ivf", {"codec": "libvpx", "options": {"cpu-used": "8", "deadline": "realtime"}}),
    "clip.mxf": ("mxf", {"codec": "mpeg2video"}),
    "clip.nut": ("nut", {"codec": "mpeg4"}),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_containers_are_known_by_their_bytes(clips, name: str) -> None:
    """What FFmpeg writes is known without its name, and is given to a demuxer that reads it."""
    expected, recipe = CONTAINERS[name]
    path = clips.write(name, **recipe)
    nameless = path.with_name("upload")
    nameless.write_bytes(path.read_bytes())
    found = content_type_of(nameless)
    assert (found.name, found.kind) == (expected, "video")
    assert set(found.demuxers) <= set(VIDEO_DEMUXERS)
    assert FileSource(nameless).info.duration_seconds > 0


@pytest.mark.parametrize("name", ["jpeg", "png", "webp", "bmp", "tiff"])
def test_pictures_are_known_by_their_bytes(name: str) -> None:
    """Every kind of picture that is read."""
    file = io.BytesIO()
    Image.new("RGB", (20, 10)).save(file, name.upper())
    found = content_type(file.getvalue())
    assert found is not None
    assert (found.name, found.kind, found.demuxers) == (name, "picture", ())


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mp3", "mp3"), ("a.m4a", "aac"), ("a.wav", "pcm_s16le"), ("a.flac", "flac")]
)
def test_sound_is_known_as_such(clips, name: str, codec: str) -> None:
    """So that the answer can be that there is nothing to see."""
    assert content_type_of(clips.write_sound(name, codec=codec)).kind == "sound"


def test_transport_streams_of_cameras_and_recorders_are_known(clips) -> None:
    """Packets of 188 bytes, of 192 with a time in front, of 204 with a checksum behind."""
    plain = clips.write("clip.ts").read_bytes()
    packets = [plain[start : start + 188] for start in range(0, 188 * 20, 188)]
    for whole in (plain, b"".join(bytes(4) + p for p in packets), b"".join(p + bytes(16) for p in packets)):
        found = content_type(whole)
        assert found is not None
        assert found.name == "ts"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"<?xml version='1.0'?><MPD/>", r"is a playlist \(DASH\)"),
        (b"  <!DOCTYPE html>", "is a page of HTML"),
        (b"%PDF-1.7", "is a PDF"),
        (b"\x00\x00\x00\x20ftypheic" + bytes(50), "HEIF or AVIF"),
        (b"just words", "expected mp4, mkv"),
        (b"BMW is a car" * 10, "expected mp4, mkv"),
        (b"G" * 500, "expected mp4, mkv"),
        (b"RIFF\x00\x00\x00\x00XXXX", "expected mp4, mkv"),
        (b"\x1aE\xdf\xa3" + bytes(100), "expected mp4, mkv"),
    ],
)
def test_what_is_on_no_list_is_refused_with_what_it_looks_like(tmp_path: Path, content: bytes, said: str) -> None:
    """By its bytes, in a sentence with its name."""
    path = tmp_path / "film.mp4"
    path.write_bytes(content)
    with pytest.raises(VideoFormatError, match=rf"film\.mp4 .*{said}"):
        content_type_of(path)
    with pytest.raises(VideoFormatError, match=rf"^your upload .*{said}"):
        content_type_of(io.BytesIO(content), name="your upload")


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    """No file, no type."""
    with pytest.raises(VideoNotFoundError, match=r"gone\.mp4"):
        content_type_of(tmp_path / "gone.mp4")


@given(st.binary(max_size=300))
def test_any_bytes_have_a_type_or_a_reason(content: bytes) -> None:
    """Typing never fails, and bytes behind the head do not change it."""
    found = content_type(content)
    assert found is not None or why_refused(content)
    head = content.ljust(HEAD_BYTES, b"\x00")
    assert content_type(head) == content_type(head + content)
