"""Pictures as a video of one picture a second."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from videoxl.errors import VideoDecodeError, VideoFormatError, VideoNotFoundError
from videoxl.video import open_video, source_fingerprint
from videoxl.video import pictures as pictures_module


def save(path: Path, grey: int, size: tuple[int, int] = (8, 6), **options) -> Path:
    """A picture of one grey."""
    Image.new("RGB", size, (grey, grey, grey)).save(path, **options)
    return path


def greys(batches) -> list[int]:
    """The greys of the frames of these batches."""
    return [int(frame_CHW[0, 0, 0]) for batch in batches for frame_CHW in batch.frames_FCHW]


def test_a_folder_is_read_in_natural_order(tmp_path: Path) -> None:
    """Picture 2 comes before picture 10, and what is no picture is passed over."""
    for number in (10, 2, 1):
        save(tmp_path / f"view{number}.png", number)
    (tmp_path / "notes.txt").write_text("not a picture")
    source = open_video(tmp_path)
    assert source.info.duration_seconds == 3.0
    assert source.info.codec == "pictures"
    assert greys(source.read([0, 1, 2])) == [1, 2, 10]


def test_a_list_keeps_its_order_and_may_repeat(tmp_path: Path) -> None:
    """A list is taken as given."""
    first, second = save(tmp_path / "a.png", 1), save(tmp_path / "b.png", 2)
    assert greys(open_video([second, first, second]).read([0, 1, 2])) == [2, 1, 2]


def test_picture_i_is_on_screen_in_second_i(tmp_path: Path) -> None:
    """Any time in [i, i + 1) shows picture i and says i; past the last picture is lost."""
    source = open_video([save(tmp_path / f"{grey}.png", grey) for grey in (5, 6)])
    (batch,) = source.read([0, 0.9, 1, 1.5, 2, 9])
    assert greys([batch]) == [5, 5, 6, 6]
    assert list(batch.seconds_F) == [0, 0, 1, 1]
    assert batch.num_lost == 2


def test_a_single_picture_is_a_video_of_one_second(tmp_path: Path) -> None:
    """An image prompt is a short video."""
    source = open_video(save(tmp_path / "a.jpg", 77))
    assert (source.info.duration_seconds, source.info.name) == (1.0, "a.jpg")
    assert greys(source.read([0])) == [77]


def test_a_new_size_begins_a_new_batch(tmp_path: Path) -> None:
    """Frames of one batch have one size, and no picture is stretched to fit."""
    sizes = [(8, 6), (8, 6), (4, 4), (8, 6)]
    paths = [save(tmp_path / f"{index}.png", index, size) for index, size in enumerate(sizes)]
    shapes = [batch.frames_FCHW.shape for batch in open_video(paths).read([0, 1, 2, 3])]
    assert shapes == [(2, 3, 6, 8), (1, 3, 4, 4), (1, 3, 6, 8)]


def test_exif_orientation_is_respected(tmp_path: Path) -> None:
    """A photo stored lying down and marked so comes out standing, and the info says so."""
    exif = Image.Exif()
    exif[0x0112] = 6
    source = open_video(save(tmp_path / "phone.jpg", 9, exif=exif))
    assert (source.info.width, source.info.height) == (6, 8)
    assert next(source.read([0])).frames_FCHW.shape == (1, 3, 8, 6)


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK", "I;16", "1"])
def test_every_kind_of_pixel_becomes_rgb(tmp_path: Path, mode: str) -> None:
    """Grey, transparent, palette, print and deep pictures all come out as 8-bit RGB of the same brightness."""
    path = tmp_path / ("deep.tiff" if mode == "CMYK" else "deep.png")
    if mode == "I;16":
        Image.fromarray(np.full((6, 8), 255 << 8, np.uint16)).save(path)
    else:
        Image.new("RGB", (8, 6), (255, 255, 255)).convert(mode).save(path)
    assert greys(open_video(path).read([0])) == [255]


def test_max_side_shrinks_pictures(tmp_path: Path) -> None:
    """Pictures shrink like frames do."""
    source = open_video(save(tmp_path / "a.png", 3, size=(40, 20)))
    assert next(source.read([0], max_side=10)).frames_FCHW.shape == (1, 3, 5, 10)


def test_a_broken_picture_is_named_before_anything_is_read(tmp_path: Path) -> None:
    """Rubbish with a picture's name, or a missing picture, stops at the door and says which one."""
    good, bad = save(tmp_path / "good.png", 1), tmp_path / "bad.png"
    bad.write_bytes(b"rubbish")
    with pytest.raises(VideoFormatError, match=r"bad\.png is not a picture"):
        open_video([good, bad])
    with pytest.raises(VideoNotFoundError, match=r"gone\.png"):
        open_video([good, tmp_path / "gone.png"])
    with pytest.raises(VideoFormatError, match="empty list"):
        open_video([])


def test_a_picture_cut_short_is_named_when_it_is_read(tmp_path: Path) -> None:
    """A whole header on half a picture passes the door; reading names the file."""
    path = tmp_path / "half.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (60, 80, 3)).astype(np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(VideoDecodeError, match=r"half\.png is a damaged picture"):
        list(open_video(path).read([0]))


def test_a_bomb_is_refused_by_its_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture that would unpack to too many pixels is never unpacked."""
    monkeypatch.setattr(pictures_module, "MAX_PICTURE_PIXELS", 40)
    with pytest.raises(VideoFormatError, match="more than 40 pixels"):
        open_video(save(tmp_path / "bomb.png", 1))


def test_fingerprints_follow_content_not_names(clips, tmp_path: Path) -> None:
    """Equal bytes have equal fingerprints wherever they lie; a changed byte or another order does not."""
    video = clips.write()
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(video.read_bytes())
    assert source_fingerprint(video) == source_fingerprint(str(copy))
    copy.write_bytes(video.read_bytes() + b"x")
    assert source_fingerprint(video) != source_fingerprint(copy)
    folder = tmp_path / "pictures"
    folder.mkdir()
    paths = [save(folder / f"{grey}.png", grey) for grey in (1, 2)]
    assert source_fingerprint(folder) == source_fingerprint(paths) != source_fingerprint(paths[::-1])
    with pytest.raises(VideoNotFoundError):
        source_fingerprint(tmp_path / "gone.mp4")
