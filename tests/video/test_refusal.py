"""What is not a video, or means harm, is refused with one sentence that names it and says what to do."""

import json
from pathlib import Path

import pytest

from videoxl.errors import UsageError, VideoFormatError, VideoNotFoundError
from videoxl.video import open_video


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"just some words\n" * 200, "is not a video"),
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:2,\nSECRET\n#EXT-X-ENDLIST\n", r"is a playlist \(HLS\)"),
        (b"ffconcat version 1.0\nfile SECRET\n", r"is a playlist \(concat\)"),
        (b"<?xml version='1.0'?><MPD><Period/></MPD>", r"is a playlist \(DASH\)"),
    ],
)
def test_files_that_are_no_video_are_refused(clips, tmp_path: Path, content: bytes, said: str) -> None:
    """Whatever its name says, a file that is no video, or that points at others, is not opened, and nor are they."""
    secret = clips.write("secret.mp4")
    path = tmp_path / "film.mp4"
    path.write_bytes(content.replace(b"SECRET", str(secret).encode()))
    with pytest.raises(VideoFormatError, match=f"film.mp4 {said}"):
        open_video(path)


def test_a_script_for_ffmpeg_is_refused_even_where_it_would_work(clips) -> None:
    """A concat script beside a real video, which plain FFmpeg would follow, is refused."""
    video = clips.write("real.mp4")
    script = video.with_name("script.mp4")
    script.write_text("ffconcat version 1.0\nfile real.mp4\n")
    with pytest.raises(VideoFormatError, match="points at other files"):
        open_video(script)


def test_a_path_to_nothing_is_not_found(tmp_path: Path) -> None:
    """A missing file is named."""
    with pytest.raises(VideoNotFoundError, match=r"gone\.mp4 does not exist"):
        open_video(tmp_path / "gone.mp4")


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    """A folder is fine, but only with pictures in it."""
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(VideoFormatError, match="folder without pictures"):
        open_video(tmp_path)


def test_a_device_is_refused() -> None:
    """Endless files are not read."""
    with pytest.raises(VideoFormatError, match="not a regular file"):
        open_video("/dev/zero")


def test_a_url_is_refused() -> None:
    """Nothing is fetched."""
    with pytest.raises(UsageError, match="is a URL"):
        open_video("https://example.org/film.mp4")


def test_an_unknown_backend_is_refused(clips) -> None:
    """A backend that is not offered is named, with those that are."""
    with pytest.raises(UsageError, match="auto, pyav, torchcodec"):
        open_video(clips.write(), backend="opencv")


@pytest.mark.parametrize(("name", "codec"), [("song.mp3", "mp3"), ("song.m4a", "aac"), ("song.mp4", "aac")])
def test_sound_alone_is_no_video(clips, name: str, codec: str) -> None:
    """A file with sound and nothing to see says so."""
    with pytest.raises(VideoFormatError, match="no video stream, only sound"):
        open_video(clips.write_sound(name, codec=codec))


def test_cover_art_is_no_video(clips) -> None:
    """The picture on a song's cover is not a moving picture."""
    with pytest.raises(VideoFormatError, match="only sound and a cover picture"):
        open_video(clips.write_sound("song.mp3", has_cover=True))


def test_a_file_cut_before_its_index_says_what_happened(clips) -> None:
    """An mp4 whose index was never written is told apart from a file that is no video."""
    with pytest.raises(VideoFormatError, match="without its index"):
        open_video(clips.cut(clips.write("clip.mp4"), 0.5))


def test_a_video_without_frames_is_refused(clips) -> None:
    """A stream that holds nothing lasts zero seconds."""
    empty = clips.write("none.avi", num_frames=0)
    with pytest.raises(VideoFormatError, match="lasts zero seconds"):
        open_video(empty)


@pytest.mark.parametrize(
    ("seconds", "options"),
    [
        ([1.0, 0.5], {}),
        ([-1.0], {}),
        ([float("nan")], {}),
        ([[0.0]], {}),
        ([0.0], {"chunk_frames": 0}),
        ([0.0], {"max_side": 0}),
        ([0.0], {"time_limit_seconds": 0}),
    ],
)
def test_reading_without_sense_is_refused_at_once(clips, seconds, options: dict) -> None:
    """Times out of order and sizes of zero are refused when reading is asked for, before the first batch."""
    source = open_video(clips.write())
    with pytest.raises(UsageError):
        source.read(seconds, **options)


def test_every_refusal_is_one_sentence_a_person_can_print(tmp_path: Path) -> None:
    """Messages have one line and survive being put into JSON."""
    path = tmp_path / "bad.mp4"
    path.write_bytes(b"\x00" * 5000)
    with pytest.raises(VideoFormatError) as caught:
        open_video(path)
    assert "\n" not in str(caught.value)
    assert json.loads(json.dumps(str(caught.value))) == str(caught.value)
