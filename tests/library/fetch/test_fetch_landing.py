"""Bytes that come down: counted, typed, placed whole, and gone without a trace where they are not."""

import errno
import hashlib
import os
import time

import pytest

from videoxl.errors import CapacityError, FetchTooLargeError, VideoFormatError
from videoxl.library.fetch_landing import PARTIAL_PREFIX, Landing, sweep


def test_content_is_placed_under_the_name_of_its_bytes(tmp_path, film) -> None:
    """In any portions; until it is placed it has no name that anyone looks for."""
    folder = tmp_path / "new" / "files"
    with Landing(folder, len(film)) as landing:
        for start in range(0, len(film), 1000):
            landing.write(film[start : start + 1000])
        assert [name.startswith(PARTIAL_PREFIX) for name in os.listdir(folder)] == [True]
        landed = landing.place()
    assert landed.path == folder / (hashlib.sha256(film).hexdigest() + ".mp4")
    assert (landed.path.read_bytes(), landed.num_bytes) == (film, len(film))
    assert os.listdir(folder) == [landed.path.name]
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("failure", [KeyboardInterrupt, RuntimeError])
def test_whatever_ends_it_leaves_nothing(tmp_path, film, failure) -> None:
    """An interruption and an error remove the partial file and close it."""
    before = len(os.listdir("/proc/self/fd"))

    def be_interrupted():
        with Landing(tmp_path, 10**9) as landing:
            landing.write(film)
            raise failure

    with pytest.raises(failure):
        be_interrupted()
    assert os.listdir(tmp_path) == []
    assert len(os.listdir("/proc/self/fd")) == before


def test_leaving_without_placing_leaves_nothing(tmp_path, film) -> None:
    """An upload that is given up halfway is no file."""
    with Landing(tmp_path, 10**9) as landing:
        landing.write(film[:100])
    assert os.listdir(tmp_path) == []


def test_one_byte_too_many_is_refused(tmp_path, film) -> None:
    """The limit itself is allowed."""
    with Landing(tmp_path, len(film), name="upload") as landing:
        landing.write(film)
        with pytest.raises(FetchTooLargeError, match="upload has more than"):
            landing.write(b"x")
    assert os.listdir(tmp_path) == []


def test_what_is_no_video_is_refused_as_soon_as_it_shows(tmp_path) -> None:
    """After the first bytes where there are many, at the end where there are few."""
    with pytest.raises(VideoFormatError, match="the file is a page of HTML"), Landing(tmp_path, 10**9) as landing:
        landing.write(b"<html>" + bytes(5000))
    with Landing(tmp_path, 10**9) as landing:
        landing.write(b"<html>")
        with pytest.raises(VideoFormatError, match="the file is a page of HTML"):
            landing.place()
    assert os.listdir(tmp_path) == []


def test_a_link_in_the_place_of_the_file_is_replaced_not_followed(tmp_path, film) -> None:
    """Nobody who can guess the name can have another file written to."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / (hashlib.sha256(film).hexdigest() + ".mp4")).symlink_to(victim)
    with Landing(folder, 10**9) as landing:
        landing.write(film)
        landed = landing.place()
    assert victim.read_bytes() == b"precious"
    assert not landed.path.is_symlink()
    assert landed.path.read_bytes() == film


def test_what_a_killed_process_left_is_swept(tmp_path, film) -> None:
    """Old partial files go when the next one begins; young ones and others stay."""
    for name, age in ((f"{PARTIAL_PREFIX}old", 2 * 24 * 3600), (f"{PARTIAL_PREFIX}young", 60), ("film.mp4", 10**7)):
        (tmp_path / name).write_bytes(b"x")
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    with Landing(tmp_path, 10**9):
        pass
    assert sorted(os.listdir(tmp_path)) == [f"{PARTIAL_PREFIX}young", "film.mp4"]
    assert sweep(tmp_path, older_than_seconds=1) == 1


@pytest.mark.parametrize("step", ["open", "write", "fsync", "replace"])
def test_a_disk_that_is_full_is_said_to_be(tmp_path, film, monkeypatch, step) -> None:
    """At whichever step there is no room: the sentence says so, and nothing is left."""
    make = getattr(os, step)

    def full(target, *arguments):
        if step == "open" and PARTIAL_PREFIX not in str(target):
            return make(target, *arguments)
        raise OSError(errno.ENOSPC, "No space left on device")

    def land():
        with Landing(tmp_path, 10**9) as landing:
            landing.write(film)
            landing.place()

    monkeypatch.setattr(os, step, full)
    with pytest.raises(CapacityError, match="the disk is full: the file could not be kept"):
        land()
    assert os.listdir(tmp_path) == []
