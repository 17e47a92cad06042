"""Documents on disk: whole or not there, and nothing of a person's lost."""

import os
from pathlib import Path

import pytest

from videoxl.errors import CapacityError, UsageError
from videoxl.export import FORMATS, check_free, format_of, write_document
from videoxl.export import file as file_module


@pytest.fixture
def document(make_document):
    return make_document((0, 8, "a drum"))


def test_every_format_is_written_as_it_is_rendered(tmp_path, document):
    """The file holds the rendered text in UTF-8, line ends as they are, and nothing else is left in the folder."""
    for made in FORMATS.values():
        path = tmp_path / f"film{made.suffixes[0]}"
        write_document(document, made, path)
        assert path.read_bytes() == made.render(document).encode()
        assert path.stat().st_mode & 0o777 == 0o666 & ~_umask()
    assert len(list(tmp_path.iterdir())) == len(FORMATS)


def test_a_file_is_replaced_only_where_that_is_said(tmp_path, document):
    """What is there stays, unless it may be overwritten."""
    path = tmp_path / "film.srt"
    path.write_text("mine")
    with pytest.raises(UsageError, match=r"film\.srt exists\. Give another name, or say --overwrite"):
        write_document(document, FORMATS["srt"], path)
    assert path.read_text() == "mine"
    write_document(document, FORMATS["srt"], path, overwrite=True)
    assert "a drum" in path.read_text()


def test_a_file_that_comes_meanwhile_is_not_lost(tmp_path, document, monkeypatch):
    """Somebody else's file that appears between the check and the writing stays as it is."""
    path = tmp_path / "film.srt"
    monkeypatch.setattr(file_module, "check_free", lambda path, **_: path.write_text("theirs"))
    with pytest.raises(UsageError, match="exists"):
        write_document(document, FORMATS["srt"], path)
    assert path.read_text() == "theirs"
    assert list(tmp_path.iterdir()) == [path]


def test_file_systems_without_links_do_as_well(tmp_path, document, monkeypatch):
    """Where no link can be made the file is renamed into its place, and still never over another."""
    monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(PermissionError("no links")))
    path = tmp_path / "film.srt"
    write_document(document, FORMATS["srt"], path)
    assert "a drum" in path.read_text()
    with pytest.raises(UsageError, match="exists"):
        write_document(document, FORMATS["srt"], path)


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("stop", [KeyboardInterrupt(), OSError(28, "No space left on device"), OSError(5, "I/O error")])
def test_what_is_stopped_leaves_nothing_half(tmp_path, document, monkeypatch, stop, overwrite):
    """After Ctrl-C, a full disk or a broken one the folder is as it was."""
    path = tmp_path / "film.srt"
    if overwrite:
        path.write_text("mine")

    def fail(_):
        raise stop

    monkeypatch.setattr(os, "fsync", fail)
    expected = {KeyboardInterrupt: KeyboardInterrupt, OSError: (CapacityError, UsageError)}[type(stop)]
    with pytest.raises(expected):
        write_document(document, FORMATS["srt"], path, overwrite=overwrite)
    assert [each.name for each in tmp_path.iterdir()] == (["film.srt"] if overwrite else [])
    assert not overwrite or path.read_text() == "mine"


def test_what_is_no_plain_file_is_refused(tmp_path):
    """Folders, links, pipes and devices are not written to, even where overwriting is allowed."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "folder", tmp_path / "link", tmp_path / "pipe", Path(os.devnull)):
        with pytest.raises(UsageError, match="is not a regular file"):
            check_free(path, overwrite=True)
    with pytest.raises(UsageError, match="is not a folder"):
        check_free(tmp_path / "none" / "film.srt", overwrite=False)
    with pytest.raises(UsageError, match="cannot be written"):
        check_free(Path("a\0b"), overwrite=False)


def test_a_format_is_known_by_its_name_or_suffix():
    """Names win over suffixes; what neither says is refused with what there is."""
    assert format_of("SRT", Path("a.csv")) is FORMATS["srt"]
    assert format_of(None, Path("a.Markdown")) is FORMATS["md"]
    assert format_of(None, None, default="md") is FORMATS["md"]
    with pytest.raises(UsageError, match=r"the format is 'doc', expected one of srt, vtt, csv, json, edl, otio, md"):
        format_of("doc")
    with pytest.raises(UsageError, match=r"a\.txt does not say its format"):
        format_of(None, Path("a.txt"))
    with pytest.raises(UsageError, match="no format was given"):
        format_of()


def test_formats_know_their_suffixes():
    """No suffix belongs to two formats, and each format has its own name for a suffix."""
    suffixes = [suffix for made in FORMATS.values() for suffix in made.suffixes]
    assert len(suffixes) == len(set(suffixes))
    assert all(f".{name}" in made.suffixes and made.name == name for name, made in FORMATS.items())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
