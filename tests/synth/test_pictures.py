"""Pictures: names, folders, art."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from videoxl.errors import UsageError, VideoError
from videoxl.synth.pictures import ASSETS, PictureSet

MIN_NAMES = 140
MAX_PACK_BYTES = 1_200_000


def test_builtin_names_are_single_plain_words() -> None:
    """The package brings at least 140 names, each one lower-case English word, within its size."""
    names = PictureSet.builtin().names
    assert len(names) >= MIN_NAMES
    assert all(name.isascii() and name.isalpha() and name.islower() for name in names)
    assert list(names) == (ASSETS / "pictures" / "NAMES.txt").read_text(encoding="ascii").split()
    assert sum(file.stat().st_size for file in (ASSETS / "pictures").iterdir()) <= MAX_PACK_BYTES


def test_builtin_art_is_cut_out() -> None:
    """Every drawing has something opaque, is cropped to it, and no two are alike."""
    seen = set()
    for picture in PictureSet.builtin():
        alpha = picture.image[..., 3]
        assert picture.image.dtype == np.uint8
        assert picture.image.shape[2] == 4
        assert (alpha > 200).mean() > 0.1, picture.name
        assert alpha[0].any()
        assert alpha[:, -1].any()
        seen.add(picture.image.tobytes())
    assert len(seen) == len(PictureSet.builtin())


def test_folder_takes_names_from_captions_or_files(tmp_path: Path) -> None:
    """NAME.txt beside a picture names it, without its article and full stop; else the file does."""
    for stem in ("IMG_1", "IMG_2", "red_fox"):
        Image.new("RGB", (8, 8), "red").save(tmp_path / f"{stem}.png")
    (tmp_path / "IMG_1.txt").write_text("An otter.\nUn loutre.\n", encoding="utf-8")
    (tmp_path / "IMG_2.txt").write_text("The otter", encoding="utf-8")
    pictures = PictureSet.folder(tmp_path)
    assert pictures.names == ("otter", "red fox")
    assert len(pictures) == 3


def test_folder_pictures_are_cropped_to_what_is_visible(tmp_path: Path) -> None:
    """A transparent margin does not make the thing smaller."""
    canvas = Image.new("RGBA", (20, 30))
    canvas.paste((255, 0, 0, 255), (4, 6, 9, 16))
    canvas.save(tmp_path / "brick.png")
    (picture,) = PictureSet.folder(tmp_path)
    assert picture.image.shape == (10, 5, 4)


def test_draw_reaches_every_art_of_a_name(tmp_path: Path) -> None:
    """Where several pictures share a name, each of them is drawn sooner or later."""
    for stem, side in (("a", 4), ("b", 6)):
        Image.new("RGB", (side, side)).save(tmp_path / f"{stem}.png")
        (tmp_path / f"{stem}.txt").write_text("box", encoding="utf-8")
    pictures, generator = PictureSet.folder(tmp_path), np.random.default_rng(0)
    assert {pictures.draw("box", generator).image.shape[0] for _ in range(30)} == {4, 6}


def test_bad_folders_are_refused(tmp_path: Path) -> None:
    """A folder that is missing, empty, or holds a broken or wholly transparent picture is refused by name."""
    with pytest.raises(VideoError, match="is not a folder"):
        PictureSet.folder(tmp_path / "none")
    with pytest.raises(VideoError, match="holds no pictures"):
        PictureSet.folder(tmp_path)
    (tmp_path / "bad.png").write_bytes(b"no picture")
    with pytest.raises(VideoError, match=r"bad\.png"):
        PictureSet.folder(tmp_path)
    Image.new("RGBA", (8, 8)).save(tmp_path / "bad.png")
    with pytest.raises(VideoError, match="transparent"):
        PictureSet.folder(tmp_path)
    with pytest.raises(UsageError, match="no picture is named"):
        PictureSet.builtin().draw("nonesuch", np.random.default_rng(0))
