"""The folder of a library, which several processes change at once."""

import os
import shutil

import pytest

from videoxl.library.folder import LibraryFolder


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder whose trash somebody else empties in the moment before something is moved there."""
    folder, move, emptied = LibraryFolder(tmp_path / "library"), os.replace, []

    def move_late(source, target):
        if not emptied:
            emptied.extend(folder.trash.iterdir())
            for place in emptied:
                shutil.rmtree(place)
        move(source, target)

    monkeypatch.setattr(os, "replace", move_late)
    yield folder
    assert emptied, "nothing was to be thrown away"


def test_what_is_thrown_away_goes_though_the_trash_is_emptied_meanwhile(folder):
    """It leaves its place whole, and nothing is taken for gone that is still there."""
    film = folder.fetched / "film.mp4"
    film.write_bytes(b"film")
    place = folder.throw_away(film)
    assert not film.exists()
    assert (place / "film.mp4").read_bytes() == b"film"
    assert list(folder.trash.iterdir()) == [place]


def test_throwing_nothing_away_is_no_failure_though_the_trash_is_emptied_meanwhile(folder):
    """What is not there is not thrown away, and leaves nothing in the trash."""
    assert folder.throw_away(folder.fetched / "film.mp4") is None
    assert list(folder.trash.iterdir()) == []
