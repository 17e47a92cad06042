"""Two runs never write one folder at once, and a dead one is never in the way."""

import os
import subprocess
import sys

import pytest

from videoxl.errors import UsageError
from videoxl.memory import MemoryWriter, open_memory, save
from videoxl.memory.lock import FolderLock, is_locked

HOLD = """
import sys, pathlib
from videoxl.memory.lock import FolderLock, is_locked
lock = FolderLock(pathlib.Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_writer_is_refused_until_the_first_is_done(make_memory, tmp_path, about, feed):
    """While one writer holds a folder every other way to write it is refused, and reading it is not."""
    memory, folder = make_memory(), tmp_path / "a.vxl"
    writer = MemoryWriter(folder, about)
    feed(writer, memory, 0, 2)
    writer.checkpoint()
    for attempt in (
        lambda: MemoryWriter.resume(folder, about),
        lambda: MemoryWriter(folder, about, overwrite=True),
        lambda: save(memory, folder, overwrite=True),
    ):
        with pytest.raises(UsageError, match=rf"being written by another run \(process {os.getpid()}\)"):
            attempt()
    assert len(open_memory(folder).segments) == 2
    writer.close()
    MemoryWriter.resume(folder, about)[0].close()


def test_the_lock_of_a_killed_process_is_taken_over(tmp_path):
    """A lock is held against other processes while its holder lives, and free as soon as that is killed."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(UsageError, match=f"process {holder.pid}"):
            FolderLock(tmp_path)
        holder.kill()
    assert (tmp_path / "writer.lock").exists()
    lock = FolderLock(tmp_path)
    lock.release()
    assert not list(tmp_path.iterdir())


def test_a_refused_writer_leaves_no_lock(make_memory, tmp_path, about):
    """A writer that is refused for any reason lets go of the folder."""
    save(make_memory(), tmp_path / "a.vxl")
    for _ in range(2):
        with pytest.raises(UsageError, match="already holds"):
            MemoryWriter(tmp_path / "a.vxl", about)
    assert not (tmp_path / "a.vxl" / "writer.lock").exists()
    MemoryWriter(tmp_path / "a.vxl", about, overwrite=True).close()


def test_looking_at_a_lock_does_not_take_it(tmp_path):
    """Whether somebody writes can be asked before, while and after somebody does, and changes nothing."""
    assert not is_locked(tmp_path / "nothing.vxl")
    lock = FolderLock(tmp_path)
    assert is_locked(tmp_path)
    assert is_locked(tmp_path)
    lock.release()
    assert not is_locked(tmp_path)
    (tmp_path / "writer.lock").touch()  # as a killed writer leaves it
    assert not is_locked(tmp_path)
    FolderLock(tmp_path).release()
