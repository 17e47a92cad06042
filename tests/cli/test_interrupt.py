"""Ctrl-C, and whoever reads our output leaving: nothing is lost, nothing is left open."""

import signal

from .conftest import QUESTION, files_of

NUM_FRAMES = 1600  # seconds of work for a tiny model, so that the signal finds it at work on a busy machine, too


def first_line_with(stream, words):
    """Read on until a line holds these words."""
    for line in stream:
        if words in line:
            return line
    raise AssertionError(f"the command ended before it said {words!r}")


def test_ctrl_c_keeps_what_was_watched(videoxl, start_videoxl, make_film, model_folder, tmp_path):
    """Exit 130 with the command that goes on; it does, and ends with the bytes of an uninterrupted run."""
    film, path = make_film(60), tmp_path / "film.vxl"
    options = ("--num-frames", NUM_FRAMES, "--ratio", 16, "--model", model_folder, "--device", "cpu")
    process = start_videoxl("watch", film, "-o", path, *options)
    first_line_with(process.stderr, "frames/s")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert "Traceback" not in err
    [complaint] = [line for line in err.splitlines() if line.startswith("videoxl: ")]
    assert "Go on with: videoxl watch" in complaint
    assert str(path) in complaint
    unfinished = videoxl("ask", path, QUESTION, "--model", model_folder)
    assert (unfinished.code, len(unfinished.complaints)) == (1, 1)
    assert "not finished" in unfinished.err
    assert videoxl("ask", path, QUESTION, "--max-new-tokens", 3, "--partial", "--model", model_folder).code == 0
    resumed = videoxl("watch", film, "-o", path, *options)
    assert resumed.code == 0, resumed.err
    assert "going on with film.mp4 behind frame" in resumed.err
    assert videoxl("watch", film, "-o", tmp_path / "whole.vxl", *options).code == 0
    assert files_of(path) == files_of(tmp_path / "whole.vxl")


def test_ctrl_c_while_asking_keeps_what_was_watched(videoxl, film, model_folder, monkeypatch, tmp_path):
    """The memory in the home folder is gone on with by the same question."""
    from videoxl.engine.watcher import Watcher

    finish = Watcher.finish

    def interrupt(watcher):
        raise KeyboardInterrupt

    monkeypatch.setattr(Watcher, "finish", interrupt)
    stopped = videoxl("ask", film, QUESTION, "--model", model_folder)
    assert (stopped.code, len(stopped.complaints)) == (130, 1)
    assert "what was watched is kept" in stopped.err
    monkeypatch.setattr(Watcher, "finish", finish)
    assert videoxl("ask", film, QUESTION, "--max-new-tokens", 3, "--model", model_folder).code == 0


def test_a_reader_that_leaves_is_no_error(start_videoxl, memory):
    """A closed pipe ends the command without a word."""
    process = start_videoxl("info", memory, "--json")
    process.stdout.close()
    assert process.wait(timeout=60) == 1
    assert process.stderr.read() == ""


def test_a_run_that_kept_nothing_binds_nobody(videoxl, film, model_folder, monkeypatch, tmp_path):
    """Stopped before the first interval, a folder takes other settings without --overwrite."""
    from videoxl.engine.watcher import Watcher

    def interrupt(watcher):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Watcher, "finish", interrupt)
        stopped = videoxl("watch", film, "-o", "film.vxl", "--ratio", 4, "--model", model_folder)
    assert stopped.code == 130
    assert "before anything was kept" in stopped.err
    again = videoxl("watch", film, "-o", "film.vxl", "--ratio", 8, "--model", model_folder)
    assert again.code == 0, again.err
