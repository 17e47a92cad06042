"""A file is looked at once, and anew as soon as it may be another one."""

import os

import pytest

from videoxl.library.fetch_local import open_local
from videoxl.server import looks as module
from videoxl.server.looks import Looks
from videoxl.video import isolated, source_fingerprint


@pytest.fixture
def file(make_film, tmp_path):
    """A film that nobody has touched for long: as far as one may look at it by its times."""
    path = tmp_path / "film.mp4"
    path.write_bytes(make_film(8, seed=5).read_bytes())
    return path


@pytest.fixture
def looked(monkeypatch):
    """Names of the files that were opened to look into them."""
    names, whole = [], isolated.IsolatedSource

    def counted(*arguments, **options):
        names.append(options["name"])
        return whole(*arguments, **options)

    monkeypatch.setattr(isolated, "IsolatedSource", counted)
    return names


@pytest.fixture
def look(file):
    """Looks at the file: `look(looks)`."""

    def at(looks, **options):
        with open_local(file, [file.parent]) as opened:
            return looks.at(opened, name="film.mp4", **options)

    return at


def test_the_same_file_is_looked_at_once(file, look, looked, monkeypatch):
    """Once its times tell it from any later writing, what was seen of it is known."""
    monkeypatch.setattr(module, "COARSE_SECONDS", 0.0)
    looks = Looks()
    first = look(looks)
    assert look(looks) == first
    assert first.sha256 == source_fingerprint(file)
    assert first.duration_seconds == pytest.approx(8, abs=0.5)
    assert looked == ["film.mp4"]


def test_a_file_that_was_just_written_is_looked_at_every_time(look, looked):
    """Within a tick of the clock another content may have the same times."""
    looks = Looks()
    look(looks)
    look(looks)
    assert len(looked) == 2


@pytest.mark.parametrize("how", ["written", "replaced"])
def test_another_content_is_looked_at_anew(file, make_film, look, looked, monkeypatch, how):
    """Also where it is as long as the one before and its time of writing was set back."""
    monkeypatch.setattr(module, "COARSE_SECONDS", 0.0)
    looks, before = Looks(), os.stat(file)
    first = look(looks)
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    if how == "replaced":
        file.with_suffix(".new").write_bytes(content)
        file.with_suffix(".new").replace(file)
    else:
        file.write_bytes(content)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert look(looks).sha256 == source_fingerprint(file) != first.sha256
    assert len(looked) == 2


def test_a_digest_that_somebody_says_is_not_believed_for_others(file, look, monkeypatch):
    """A memory's video may have been replaced since: its old digest is not what the file at that path has now."""
    monkeypatch.setattr(module, "COARSE_SECONDS", 0.0)
    looks = Looks()
    assert look(looks, sha256="0" * 64).sha256 == "0" * 64
    assert look(looks).sha256 == source_fingerprint(file)


def test_what_is_no_video_is_refused_every_time(file, look, looked, monkeypatch):
    """A failure is not kept."""
    from videoxl.errors import VideoError

    monkeypatch.setattr(module, "COARSE_SECONDS", 0.0)
    file.write_bytes(b"no film")
    looks = Looks()
    for _ in range(2):
        with pytest.raises(VideoError):
            look(looks)
    assert len(looked) == 2


def test_only_so_many_are_kept(file, look, looked, monkeypatch, make_film):
    """The one that was not asked for the longest goes first."""
    monkeypatch.setattr(module, "COARSE_SECONDS", 0.0)
    monkeypatch.setattr(module, "MOST_KEPT", 1)
    looks = Looks()
    look(looks)
    file.write_bytes(make_film(8, seed=6).read_bytes())
    look(looks)
    assert len(looks._kept) == 1
    look(looks)
    assert len(looked) == 2
