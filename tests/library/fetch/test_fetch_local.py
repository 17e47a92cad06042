"""Files of this machine, and files inside addresses: only what is allowed, and exactly that."""

import base64
import hashlib
import os
from pathlib import Path

import pytest

from videoxl.errors import FetchError, FetchRefusedError, FetchTooLargeError, VideoFormatError, VideoNotFoundError
from videoxl.library import fetch_local
from videoxl.library.fetch import FetchLimits, fetch
from videoxl.library.fetch_local import open_local


@pytest.fixture
def house(tmp_path, film):
    """An allowed folder with a film and links of all kinds in it, and a secret outside."""
    allowed = tmp_path / "films"
    (allowed / "deep").mkdir(parents=True)
    (allowed / "deep" / "film.mp4").write_bytes(film)
    secret = tmp_path / "secret.mp4"
    secret.write_bytes(film)
    (tmp_path / "films-other").mkdir()
    (tmp_path / "films-other" / "film.mp4").write_bytes(film)
    (allowed / "inside.mp4").symlink_to(allowed / "deep" / "film.mp4")
    (allowed / "outside.mp4").symlink_to(secret)
    (allowed / "up").symlink_to(tmp_path)
    (allowed / "circle").symlink_to(allowed / "circle")
    os.mkfifo(allowed / "pipe")
    return tmp_path


def test_a_file_under_an_allowed_folder_is_opened(house, film) -> None:
    """By its own name, through `..` that stays inside, and by a link whose end is inside."""
    for name in ("deep/film.mp4", "deep/../deep/film.mp4", "inside.mp4"):
        with open_local(house / "films" / name, [house / "elsewhere", house / "films"]) as local:
            assert local.path == house / "films" / "deep" / "film.mp4"
            assert os.pread(local.descriptor, len(film), 0) == film


@pytest.mark.parametrize(
    "name",
    [
        "secret.mp4", "films/../secret.mp4", "films/outside.mp4", "films/up/secret.mp4", "films-other/film.mp4",
        "films/deep/../../secret.mp4", "gone.mp4", "films/circle", "films", "films/up/films-other/film.mp4",
    ],
)  # fmt: skip
def test_a_file_outside_is_refused(house, name: str) -> None:
    """By `..`, by a link, by a folder with a like name; one that is not there is refused in the same words."""
    path = f"{house}/{name}"
    with pytest.raises(FetchRefusedError, match="does not lie in a folder that may be read") as caught:
        open_local(path, [house / "films"])
    assert str(house) not in str(caught.value)


def test_nothing_is_allowed_by_default(house) -> None:
    """Without a folder no file may be read; a path from here on is none."""
    with pytest.raises(FetchRefusedError, match="may not be read from here"):
        open_local(house / "films" / "deep" / "film.mp4", [])
    with pytest.raises(FetchRefusedError, match="whole path"):
        open_local("films/deep/film.mp4", [house / "films"])
    with pytest.raises(FetchRefusedError, match="whole path"):
        open_local("/films/\0/film.mp4", [house / "films"])


def test_what_is_inside_and_no_file_is_told(house) -> None:
    """A pipe is not waited for, a folder is no video, a missing file is missing."""
    for name, error in (("pipe", VideoFormatError), ("deep", VideoFormatError), ("none.mp4", VideoNotFoundError)):
        before = len(os.listdir("/proc/self/fd"))
        with pytest.raises(error, match=name):
            open_local(house / "films" / name, [house / "films"])
        assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("part", ["deep", "deep/film.mp4"])
def test_a_link_put_there_after_the_check_is_not_followed(house, monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    """Between the check of a name and its opening, a folder or the file may become a link; the opening then fails."""
    walk = fetch_local._walk

    def swap_then_walk(folder: Path, parts, asked):
        victim = house / "films" / part
        victim.rename(house / "moved")
        victim.symlink_to(house / ("secret.mp4" if part.endswith("mp4") else "films-other"))
        return walk(folder, parts, asked)

    monkeypatch.setattr(fetch_local, "_walk", swap_then_walk)
    with pytest.raises(VideoNotFoundError):
        open_local(house / "films" / "deep" / "film.mp4", [house / "films"])


def test_a_file_address_is_a_file(house, tmp_path, film) -> None:
    """file:// gives the file itself, with blanks and letters escaped; it is not copied."""
    (house / "films" / "a b.mp4").write_bytes(film)
    folder = tmp_path / "files"
    got = fetch(f"file://{house}/films/a%20b.mp4", folder, allowed_folders=[house / "films"])
    assert got.path == house / "films" / "a b.mp4"
    assert (got.sha256, got.content_name, got.content_type.name) == (
        hashlib.sha256(film).hexdigest(), "a b.mp4", "mp4",
    )  # fmt: skip
    assert not folder.exists()


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "file://other.example/etc/passwd", "file://", "file:relative", "FILE:///etc/passwd"]
)
def test_a_file_address_of_elsewhere_is_refused(house, url: str) -> None:
    """Another machine, another folder, no path."""
    with pytest.raises(FetchRefusedError):
        fetch(url, house / "files", allowed_folders=[house / "films"])


def test_a_file_address_is_typed_and_measured(house) -> None:
    """What lies there and is no video, or is too large, is refused as a download is."""
    (house / "films" / "notes.mp4").write_text("just words")
    for limits, error in ((FetchLimits(), VideoFormatError), (FetchLimits(max_bytes=3), FetchTooLargeError)):
        with pytest.raises(error, match=r"notes\.mp4"):
            fetch(f"file://{house}/films/notes.mp4", house / "files", limits, allowed_folders=[house / "films"])


def test_a_film_inside_an_address_is_unpacked(tmp_path, film) -> None:
    """data: with base64, in any case, escaped or not."""
    text = base64.b64encode(film).decode()
    for url in (
        f"data:video/mp4;base64,{text}",
        f"DATA:Video/MP4;charset=x;Base64,{text}",
        f"data:image/png;base64,{text.replace('+', '%2B').replace('/', '%2F').replace('=', '%3D')}",
    ):
        got = fetch(url, tmp_path)
        assert got.path.read_bytes() == film
        assert (got.content_name, got.content_type.name, got.url) == ("video.mp4", "mp4", "data:")


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("data:text/html;base64,PGh0bWw+", FetchRefusedError),
        ("data:video/mp4,abc", FetchRefusedError),
        ("data:,abc", FetchRefusedError),
        ("data:", FetchRefusedError),
        ("data:video/mp4;base64", FetchRefusedError),
        ("data:" + "x" * 10_000 + ",abc", FetchRefusedError),
        ("data:video/mp4;base64,!!!!", FetchError),
        ("data:video/mp4;base64,AAA", FetchError),
        ("data:video/mp4;base64,\u00fcAAA", FetchError),
        ("data:video/mp4;base64,", VideoFormatError),
        ("data:video/mp4;base64," + base64.b64encode(b"<html></html>").decode(), VideoFormatError),
        ("data:video/mp4;base64," + "A" * 10_000, FetchTooLargeError),
        ("data:video/mp4;base64," + "%41" * 10_000, FetchTooLargeError),
    ],
)
def test_anything_else_inside_an_address_is_refused(tmp_path, url: str, error) -> None:
    """Other types, no base64, broken base64, too many bytes, no video: a sentence that does not repeat the data."""
    with pytest.raises(error) as caught:
        fetch(url, tmp_path, FetchLimits(max_bytes=5000))
    assert len(str(caught.value)) < 300
    assert os.listdir(tmp_path) == []
