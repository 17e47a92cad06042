"""How far watching is: a bar for people, lines for files."""

import io
import sys

from videoxl.cli.progress import WatchProgress
from videoxl.engine import Progress


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True


def watch(stream, monkeypatch, *, num_resumed=0):
    """What ten reports of a run write to a stream."""
    monkeypatch.setattr(sys, "stderr", stream)
    with WatchProgress("film[1].mp4") as progress:
        for num_frames in range(num_resumed + 16, 161, 16):
            progress(Progress(num_frames, 160, num_frames // 4, num_frames / 100, num_resumed))
    return stream.getvalue(), progress.last


def test_a_file_gets_the_first_and_the_last_line(monkeypatch):
    """Where nobody looks on, a line now and then is enough, each with frames, rate, rows and time left."""
    text, last = watch(io.StringIO(), monkeypatch)
    lines = text.splitlines()
    assert "16/160 frames, 100.0 frames/s, 4 rows" in lines[0]
    assert "160/160 frames, 100.0 frames/s, 40 rows, 0 s left" in lines[-1]
    assert last.num_frames == 160


def test_a_terminal_gets_a_bar(monkeypatch):
    """The bar names the film as it is written, and counts frames."""
    monkeypatch.setenv("COLUMNS", "200")
    text, _ = watch(Terminal(), monkeypatch)
    assert "watching film[1].mp4" in text
    assert "160/160 frames" in text


def test_no_color_is_respected(monkeypatch):
    """With NO_COLOR the bar is drawn without colours."""
    monkeypatch.setenv("NO_COLOR", "1")
    text, _ = watch(Terminal(), monkeypatch)
    assert "\x1b[3" not in text.replace("\x1b[3m", "")


def test_a_resumed_run_says_where_it_goes_on(monkeypatch):
    """Frames of an earlier run are named once, and do not count for the rate."""
    text, _ = watch(io.StringIO(), monkeypatch, num_resumed=96)
    assert text.startswith("going on with film[1].mp4 behind frame 96")
    assert "112/160 frames, 14.3 frames/s" in text
