"""What nobody foresaw still ends in one line, and in a traceback for those who ask for one."""

import errno

import pytest

from videoxl.errors import CapacityError, UsageError, VideoXLError


def subclasses(kind):
    return [kind, *(each for child in kind.__subclasses__() for each in subclasses(child))]


@pytest.fixture
def failing(videoxl, monkeypatch):
    """Runs a command whose work raises this error."""
    from videoxl import video

    def run(error):
        def raise_it(source):
            raise error

        monkeypatch.setattr(video, "open_video", raise_it)
        return videoxl("info", "film.mp4")

    return run


@pytest.mark.parametrize("kind", subclasses(VideoXLError), ids=lambda kind: kind.__name__)
def test_every_error_of_ours_is_one_line_with_its_code(failing, kind):
    """The message, whatever its line breaks, is one line; the exit code is the class's."""
    result = failing(kind("got this,\nexpected that."))
    assert (result.code, result.err) == (kind.exit_code, "videoxl: got this, expected that.\n")


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (MemoryError(), CapacityError.exit_code, "ran out of memory"),
        (RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB"), CapacityError.exit_code, "ran out of memory"),
        (OSError(errno.ENOSPC, "No space left on device", "film.vxl"), 1, "the disk is full (film.vxl)"),
        (PermissionError(errno.EACCES, "Permission denied", "film.mp4"), UsageError.exit_code, "film.mp4: Permission"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (ZeroDivisionError("by nothing"), 1, "unexpected ZeroDivisionError: by nothing"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_other_errors_are_said_in_our_words(failing, error, code, words):
    """Memory, disk, permissions, Ctrl-C and the unforeseen: one line each."""
    result = failing(error)
    assert result.code == code
    assert len(result.err.splitlines()) == 1
    assert words in result.complaints[0]
    assert "Traceback" not in result.err


def test_debug_shows_where(failing, monkeypatch):
    """VIDEOXL_LOG=debug adds the traceback that the hint promises."""
    assert "VIDEOXL_LOG=debug" in failing(ZeroDivisionError("by nothing")).err
    monkeypatch.setenv("VIDEOXL_LOG", "debug")
    result = failing(ZeroDivisionError("by nothing"))
    assert "Traceback" in result.err
    assert len(result.complaints) == 1


def test_an_unknown_log_level_is_refused(videoxl, film, monkeypatch):
    """A slip in VIDEOXL_LOG is named, with the levels that there are."""
    monkeypatch.setenv("VIDEOXL_LOG", "loud")
    result = videoxl("info", film)
    assert result.code == 2
    assert "debug, info, warning, error" in result.err
