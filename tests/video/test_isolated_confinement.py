"""What a process can still do once it has locked itself in, tried out by one that has."""

import json
import subprocess
import sys

import pytest

from videoxl.video import isolated_process
from videoxl.video.isolated import IsolatedSource
from videoxl.video.isolated_syscalls import CALLS, MACHINES, filter_for

TRY = """
import ctypes, json, mmap, os, signal, socket, subprocess, sys, threading
from videoxl.video.isolated_confinement import confine
from videoxl.video.isolated_limits import DecodeLimits
parent = os.getppid()
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
reader = os.open("/etc/hostname", os.O_RDONLY)
held = confine(DecodeLimits(max_memory_bytes=600 * 2**20))
found = {"held": held}
def attempt(name, work):
    try:
        found[name] = repr(work())
    except (OSError, MemoryError, RuntimeError, PermissionError) as error:
        found[name] = type(error).__name__
"""
TELL = "\nos.write(1, json.dumps(found).encode()); os._exit(0)"
NEEDS_FILTER = "this system offers no filter of system calls"


def tried(attempts: str) -> dict[str, str]:
    """What a confined process found, by name of the attempt."""
    done = subprocess.run([sys.executable, "-c", TRY + attempts + TELL], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_the_guards_of_this_machine_are_those_that_its_decoders_have(tmp_path) -> None:
    """What is said to be in force is what a decoder of a real file reports; nothing that could hold is left out."""
    from PIL import Image

    from videoxl.video.isolated_guards import GUARDS, guards_here

    Image.new("RGB", (8, 8)).save(tmp_path / "picture.png")
    with IsolatedSource(tmp_path / "picture.png") as source:
        held = source.held
    guards = guards_here()
    assert {guard.name for guard in guards if guard.is_held} == set(held) <= set(GUARDS)
    assert {"limits", "namespaces", "system calls"} <= {guard.name for guard in guards}
    assert all(guard.what for guard in guards)


def test_memory_files_and_cores_are_limited() -> None:
    """More memory than allowed is refused, and no byte can be written to a file that is open already."""
    found = tried("""
import resource
attempt("memory", lambda: bytearray(700 * 2**20))
attempt("little", lambda: len(bytearray(50 * 2**20)))
attempt("core", lambda: resource.getrlimit(resource.RLIMIT_CORE) if "system calls" not in held else (0, 0))
""")
    assert found["memory"] == "MemoryError"
    assert found["little"] == str(50 * 2**20)
    assert found["core"] == "(0, 0)"


def test_no_byte_is_written_to_a_file(tmp_path) -> None:
    """A file that is open for writing stays as it was."""
    path = tmp_path / "kept"
    program = f"kept = open({str(path)!r}, 'wb', buffering=0)\n"
    attempts = 'attempt("write", lambda: os.write(kept.fileno(), b"x"))'
    program = TRY.replace("reader = ", program + "reader = ") + attempts + TELL
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["write"] == "OSError"
    assert path.read_bytes() == b""


def test_nothing_but_decoding_can_be_asked_of_the_system() -> None:
    """No file is opened, no socket made, nothing started, nobody signalled, no code written; what was open is read."""
    found = tried("""
attempt("open", lambda: os.open("/etc/passwd", os.O_RDONLY))
attempt("list", lambda: os.listdir("/"))
attempt("stat", lambda: os.stat("/etc/passwd"))
attempt("socket", lambda: socket.socket())
attempt("local socket", lambda: socket.socketpair())
attempt("fork", lambda: os.fork())
attempt("start", lambda: subprocess.Popen(["/bin/true"]))
attempt("replace", lambda: os.execv("/bin/true", ["true"]))
attempt("signal", lambda: os.kill(parent, 0))
attempt("pipe", lambda: os.pipe())
attempt("trace", lambda: libc.ptrace(16, parent, 0, 0))
attempt("become root", lambda: os.setuid(0))
attempt("code", lambda: libc.mmap(None, 4096, 7, 34, -1, 0) == 2**64 - 1)
attempt("data", lambda: libc.mmap(None, 4096, 3, 34, -1, 0) == 2**64 - 1)
attempt("read", lambda: len(os.pread(reader, 1, 0)))
done = []
def thread():
    one = threading.Thread(target=lambda: done.append(1)); one.start(); one.join()
    return len(done)
attempt("thread", thread)
""")
    if "system calls" not in found["held"]:
        pytest.skip(NEEDS_FILTER)
    denied = {"open", "list", "stat", "socket", "local socket", "fork", "start", "replace", "signal", "pipe"}
    assert {name for name in denied if found[name] != "PermissionError"} == set()
    assert found["become root"] == "PermissionError"
    assert found["trace"] == "-1"
    assert (found["code"], found["data"]) == ("True", "False")
    assert (found["read"], found["thread"]) == ("1", "1")


def test_computing_has_an_end() -> None:
    """A process that computes for longer than allowed is ended by the signal that says so."""
    program = TRY.replace("DecodeLimits(", "DecodeLimits(cpu_seconds=1, ") + "\nwhile True: pass"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -24  # SIGXCPU


def test_threads_have_an_end() -> None:
    """A process cannot fill the machine with threads where it has a count of its own."""
    found = tried("""
def many():
    stop = threading.Event()
    threads = []
    threading.stack_size(65536)
    try:
        for _ in range(200):
            threads.append(threading.Thread(target=stop.wait, daemon=True)); threads[-1].start()
    except RuntimeError:
        return len(threads)
    finally:
        stop.set()
    return "endless"
attempt("threads", many)
""")
    if "namespaces" not in found["held"]:
        pytest.skip("this system does not give a process a user namespace of its own")
    assert int(found["threads"]) <= 33


def test_a_confined_process_dies_with_its_parent() -> None:
    """Killing the parent ends the child, however long it would have gone on."""
    program = """
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {child!r}], stdout=subprocess.PIPE)
child.stdout.read(1)
print(child.pid, flush=True)
os.kill(os.getpid(), 9)
"""
    child = TRY + '\nos.write(1, b"x")\nimport time\nwhile True: time.sleep(0.05)'
    done = subprocess.run(
        [sys.executable, "-c", program.format(child=child)], stdout=subprocess.PIPE, text=True, check=False
    )
    import psutil

    try:
        psutil.Process(int(done.stdout)).wait(timeout=20)
    except psutil.NoSuchProcess:
        return


@pytest.mark.parametrize("machine", MACHINES)
def test_the_filter_is_well_formed(machine: str) -> None:
    """On every machine every jump lands inside, every path ends in a return, and no call is listed twice."""
    steps = filter_for(machine, process_id=1234)
    ways_out = [index for index, (code, *_) in enumerate(steps) if code == 0x06]
    assert ways_out[-1] == len(steps) - 1
    for index, (code, yes, no, _) in enumerate(steps):
        if code in (0x15, 0x35, 0x45):
            assert max(index + 1 + yes, index + 1 + no) < len(steps)
            assert 0 <= yes < 256
            assert 0 <= no < 256
    column = list(MACHINES).index(machine)
    numbers = [pair[column] for pair in CALLS.values() if pair[column] is not None]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize(
    ("missing", "held"),
    [
        (("_leave_namespaces",), {"system calls"}),
        (("forbid_all_but_decoding",), {"namespaces"}),
        (("_become_nobody",), {"namespaces", "system calls"}),
        (("_leave_namespaces", "forbid_all_but_decoding"), {"no threads"}),
    ],
)
def test_where_a_guard_is_not_to_be_had_the_others_hold(
    clips, monkeypatch: pytest.MonkeyPatch, missing: tuple[str, ...], held: set[str]
) -> None:
    """Without namespaces, without the filter, without either: the same frames, and what holds is told."""
    path = clips.write()
    with IsolatedSource(path) as source:
        if not {"namespaces", "system calls"} <= set(source.held):
            pytest.skip("this system does not offer every guard")
    without = "".join(f"confinement.{name} = lambda: False; " for name in missing)
    program = (
        f"import videoxl.video.isolated_confinement as confinement; {without}"
        "from videoxl.video.isolated_child import main; main()"
    )
    monkeypatch.setattr(isolated_process, "CHILD", ("-P", "-s", "-B", "-c", program))
    with IsolatedSource(path) as source:
        assert set(source.held) - {"limits", "nobody"} == held
        assert clips.indices(source.read([0.0, 1.0])) == [0, 25]
