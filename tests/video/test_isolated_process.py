"""A decoding process that goes wrong, in every way: the parent says one sentence, and nothing is left of it.

The processes here are real ones that misbehave on purpose, put in the place of ours.
"""

import os
import struct
import time

import psutil
import pytest

from videoxl.errors import CapacityError, VideoDecodeError, VideoError
from videoxl.video import DecodeLimits, isolated_process
from videoxl.video.isolated import IsolatedSource
from videoxl.video.isolated_report import ReportError, video_info

SAY = """
import json, os, signal, struct, sys
def say(kind, content): os.write(1, struct.pack("<cQ", kind, len(content)) + content)
def tell(kind, content): say(kind, json.dumps(content).encode())
def frame(seconds, height, width, pixels): say(b"F", struct.pack("<d?II", seconds, False, height, width) + pixels)
def read_job(): return os.read(0, 2**16)
REPORT = dict(duration_seconds=2.0, width=4, height=2, rotation=0, codec="h264", fps=25.0, has_audio=False)
"""
READY = SAY + 'read_job(); tell(b"R", {"held": ["limits"]})\n'


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch):
    """Puts a program in the place of ours."""
    return lambda program: monkeypatch.setattr(isolated_process, "CHILD", ("-S", "-c", program))


@pytest.fixture(autouse=True)
def _nothing_is_left():
    before = len(os.listdir("/proc/self/fd"))
    yield
    assert not psutil.Process().children(recursive=True)
    assert len(os.listdir("/proc/self/fd")) == before


FAST = DecodeLimits(probe_seconds=20, stall_seconds=20)
IMPATIENT = DecodeLimits(probe_seconds=0.5, stall_seconds=0.5)
ENDS = {
    "segfault": ("os.kill(os.getpid(), signal.SIGSEGV)", FAST, r"crashed its decoder \(SIGSEGV\)"),
    "abort": ("os.abort()", FAST, r"crashed its decoder \(SIGABRT\)"),
    "exit": ("os._exit(3)", FAST, r"crashed its decoder \(exit code 3\)"),
    "killed": ("os.kill(os.getpid(), signal.SIGKILL)", FAST, "was killed from outside"),
    "computing": ("os.kill(os.getpid(), signal.SIGXCPU)", FAST, "needs more than 3600 s of computing"),
    "closed": ("os.close(1); os._exit(0)", FAST, r"crashed its decoder \(exit code 0\)"),
    "hang": ("signal.pause()", IMPATIENT, r"said nothing for 0\.5 s"),
    "spin": ("while True: pass", IMPATIENT, r"said nothing for 0\.5 s"),
    "half a message": ('os.write(1, b"L"); signal.pause()', IMPATIENT, r"said nothing for 0\.5 s"),
    "memory": ('tell(b"E", {"kind": "memory", "sentence": ""})', FAST, "needs more than 3,072 MiB of memory"),
    "unexpected": ('tell(b"E", {"kind": "x", "sentence": "KeyError"})', FAST, "an unexpected KeyError"),
}
NONSENSE = {
    "unknown kind": 'say(b"?", b"")',
    "unexpected kind": 'tell(b"Z", {})',
    "too much text": 'os.write(1, struct.pack("<cQ", b"L", 2**60))',
    "no json": 'say(b"L", b"not json")',
    "no object": 'say(b"L", b"[1]")',
    "nested json": 'say(b"L", b"[" * 60000)',
    "no report": 'tell(b"L", {"info": None})',
    "lies": 'tell(b"L", {"info": REPORT | {"width": "wide"}})',
    "endless": 'tell(b"L", {"info": REPORT | {"duration_seconds": float("inf")}})',
}
BAD_FRAMES = {
    "too large": "frame(0.0, 10**6, 10**6, b'')",
    "larger than asked": "frame(0.0, 600, 600, bytes(600*600*3))",
    "fewer pixels than said": "frame(0.0, 2, 4, bytes(23))",
    "more pixels than said": "frame(0.0, 2, 4, bytes(25))",
    "flat": "frame(0.0, 0, 4, b'')",
    "no time": "frame(float('nan'), 2, 4, bytes(24))",
    "before the beginning": "frame(-1.0, 2, 4, bytes(24))",
    "a report": 'tell(b"L", {})',
    "an end too early": 'tell(b"Z", {})',
}


@pytest.mark.parametrize("end", ENDS)
def test_whatever_happens_while_looking_is_one_sentence(clips, child, end: str) -> None:
    """A crash, a hang, a kill, and too much of anything are told apart and told in a line that names the file."""
    program, limits, said = ENDS[end]
    child(READY + program)
    began = time.monotonic()
    with pytest.raises(VideoDecodeError, match=said) as caught:
        IsolatedSource(clips.write(), limits)
    assert str(caught.value).startswith("clip.mp4 ")
    assert "\n" not in str(caught.value)
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("what", NONSENSE)
def test_nonsense_stops_the_process(clips, child, what: str) -> None:
    """Whatever a process that was taken over says, its parent believes none of it and stops it."""
    child(READY + NONSENSE[what] + "\nsignal.pause()")
    with pytest.raises(VideoError, match=r"^clip\.mp4 "):
        IsolatedSource(clips.write(), FAST)


@pytest.mark.parametrize("what", BAD_FRAMES)
def test_a_frame_that_is_none_stops_the_process(clips, child, what: str) -> None:
    """Sizes, times and counts of frames are checked before memory is taken for them."""
    with IsolatedSource(clips.write(), FAST) as source:
        child(READY + "frame(0.0, 2, 4, bytes(24))\n" + BAD_FRAMES[what] + "\nsignal.pause()")
        with pytest.raises(VideoDecodeError, match="took over its decoder"):
            list(source.read([0.0, 0.5], max_side=500))


def test_more_frames_than_asked_stop_the_process(clips, child) -> None:
    """A flood of frames is cut off at the number that was asked for."""
    with IsolatedSource(clips.write(), FAST) as source:
        child(READY + "while True: frame(0.0, 2, 4, bytes(24))")
        with pytest.raises(VideoDecodeError, match="took over its decoder"):
            list(source.read([0.0, 0.5]))


def test_what_came_before_a_crash_is_kept(clips, child) -> None:
    """Frames that arrived are given; then comes the sentence."""
    with IsolatedSource(clips.write(), FAST) as source:
        child(READY + "frame(0.25, 2, 4, bytes(range(24)))\nos.kill(os.getpid(), signal.SIGSEGV)")
        frames = source.read([0.25, 0.5], chunk_frames=1)
        with pytest.raises(VideoDecodeError, match="SIGSEGV"):
            list(frames)
        single = source.frames_at([0.25, 0.5], max_side=None, stopped=isolated_process.threading.Event())
        first = next(single)
        assert (first.asked_seconds, first.seconds, first.picture_HWC.tobytes()) == (0.25, 0.25, bytes(range(24)))
        with pytest.raises(VideoDecodeError, match="SIGSEGV"):
            next(single)


def test_a_reader_that_leaves_does_not_wait_for_a_hanging_process(clips, child) -> None:
    """Stopping is looked for while nothing comes, and the process is killed."""
    with IsolatedSource(clips.write()) as source:
        child(READY + "frame(0.0, 2, 4, bytes(24))\nsignal.pause()")
        reader = source.read([0.0, 0.5], chunk_frames=1, time_limit_seconds=1.0)
        began = time.monotonic()
        with pytest.raises(VideoDecodeError, match="limit of 1 s"):
            list(reader)
        assert time.monotonic() - began < 20


def test_a_process_that_never_takes_its_job_is_given_up(clips, child) -> None:
    """A job larger than a pipe holds does not make the parent wait forever."""
    with IsolatedSource(clips.write(), DecodeLimits(stall_seconds=0.5)) as source:
        child("import signal; signal.pause()")
        with pytest.raises(VideoDecodeError, match=r"said nothing for 0\.5 s"):
            list(source.read([k / 1e6 for k in range(300_000)]))


@pytest.mark.parametrize("program", ["import nothing_of_that_name", "raise SystemExit(7)"])
def test_a_process_that_cannot_start_says_where_to_look(clips, child, program: str) -> None:
    """An installation that is broken is not blamed on the file."""
    child(program)
    with pytest.raises(VideoDecodeError, match=r"could not start .*`videoxl doctor`"):
        IsolatedSource(clips.write())


def test_a_machine_without_room_for_a_process_says_so(clips, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no process can be started, that is told, and no file stays open."""

    def refuse(*arguments, **options):
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(isolated_process.subprocess, "Popen", refuse)
    with pytest.raises(CapacityError, match="no further process can be started"):
        IsolatedSource(clips.write())


def test_letters_that_move_the_cursor_do_not_reach_a_terminal(clips, child) -> None:
    """What a process says is shown without control characters."""
    child(READY + 'tell(b"E", {"kind": "format", "sentence": "clip\\x1b[2J\\nis bad"})')
    with pytest.raises(VideoError) as caught:
        IsolatedSource(clips.write())
    assert str(caught.value) == "clip[2Jis bad"


GOOD = {
    "duration_seconds": 2.0, "width": 4, "height": 2, "rotation": 90, "codec": "h264", "fps": None, "has_audio": True,
}  # fmt: skip


@pytest.mark.parametrize(
    "lie",
    [
        {"duration_seconds": 0}, {"duration_seconds": float("nan")}, {"duration_seconds": None}, {"width": 0},
        {"width": 4.5}, {"width": True}, {"height": -1}, {"height": 10**30}, {"rotation": 45}, {"rotation": "90"},
        {"codec": ""}, {"codec": "x" * 50}, {"codec": "a\nb"}, {"codec": 7}, {"fps": float("inf")}, {"fps": "25"},
        {"claimed_num_frames": -1}, {"claimed_duration_seconds": [1]}, {"has_audio": 1},
    ],
)  # fmt: skip
def test_a_report_with_a_lie_in_it_is_no_report(tmp_path, lie: dict) -> None:
    """Every field has a type and a range, and is checked for both."""
    assert video_info(GOOD, path=tmp_path, num_bytes=5).size_bytes == 5
    with pytest.raises(ReportError):
        video_info(GOOD | lie, path=tmp_path, num_bytes=5)


def test_the_wire_has_the_form_that_these_programs_speak() -> None:
    """The messages written by hand here are those of the wire."""
    from videoxl.video.isolated_wire import FRAME, HEADER

    assert (HEADER.format, FRAME.format) == ("<cQ", "<d?II")
    assert HEADER.size == struct.calcsize("<cQ")
