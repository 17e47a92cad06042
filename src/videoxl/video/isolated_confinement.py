"""Locking the process in that decodes: limits of the kernel first, then everything taken away that it can do without.

All of it works without privileges, and where a part is not to be had (another system, a container that forbids it) the
rest still holds; what holds is told. The file to decode, the pipe for frames and every library must be open before.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from contextlib import suppress

from videoxl.video.isolated_limits import DecodeLimits
from videoxl.video.isolated_syscalls import forbid_all_but_decoding

PR_SET_PDEATHSIG, PR_SET_DUMPABLE = 1, 4
CLONE_NEWUSER, CLONE_NEWNET, CLONE_NEWIPC, CLONE_NEWUTS = 0x10000000, 0x40000000, 0x08000000, 0x04000000
NOBODY = 65534
NO_THREADS = "no threads"
NUM_FILES = 16  # those that are open; a number at or above this cannot be opened
NUM_TASKS = 32  # threads of FFmpeg, counted in a user namespace of this process alone
CPU_GRACE_SECONDS = 5  # between the signal that says which limit was met and the one that cannot be missed


def confine(limits: DecodeLimits) -> tuple[str, ...]:
    """Give up for good what decoding does not need; the names of what holds from here on."""
    held = ["limits"]
    _limit(limits)
    if sys.platform == "linux":
        if os.geteuid() == 0 and _become_nobody():
            held.append("nobody")
        _die_with_parent()
        if _leave_namespaces():
            held.append("namespaces")
            _lower(resource.RLIMIT_NPROC, NUM_TASKS, NUM_TASKS)
        if forbid_all_but_decoding():
            held.append("system calls")
    if held[1:] in ([], ["nobody"]):
        # Nothing else keeps it from starting programs. The count is of all of a user's tasks: threads are lost too.
        _lower(resource.RLIMIT_NPROC, 0, 0)
        held.append(NO_THREADS)
    return tuple(held)


def _limit(limits: DecodeLimits) -> None:
    most = limits.max_memory_bytes
    _lower(resource.RLIMIT_AS, most, most)
    _lower(resource.RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + CPU_GRACE_SECONDS)
    _lower(resource.RLIMIT_FSIZE, 0, 0)
    _lower(resource.RLIMIT_CORE, 0, 0)
    _lower(resource.RLIMIT_NOFILE, NUM_FILES, NUM_FILES)


def _lower(what: int, soft: int, hard: int) -> None:
    """Set a limit, no higher than the one that holds already."""
    _, most = resource.getrlimit(what)
    if most != resource.RLIM_INFINITY:
        soft, hard = min(soft, most), min(hard, most)
    with suppress(ValueError, OSError):  # macOS has no limit of address space that can be set
        resource.setrlimit(what, (soft, hard))


def _become_nobody() -> bool:
    try:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    except OSError:
        return False
    return True


def _die_with_parent() -> None:
    """Be killed when the thread that started this process ends, and show nothing of oneself to other processes."""
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def _leave_namespaces() -> bool:
    """Go where there is no network device, no other process' shared memory, and a count of tasks of one's own."""
    return bool(ctypes.CDLL(None).unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) == 0)
