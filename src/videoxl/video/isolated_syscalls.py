"""What a decoding process may ask of the Linux kernel: memory, threads, its open files and the time; nothing else.

A seccomp filter, which any process may put on itself for good. There is no opening of files, no network, no new
process, no new program, no signal to others, no code written at run time; a call that is not on the list fails with
EPERM. Two calls are looked at more closely: `clone` makes threads only, and `tgkill` reaches the process itself only
(a C library aborts by it).
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from collections.abc import Sequence

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
ALLOW, KILL_PROCESS, FAIL = 0x7FFF0000, 0x80000000, 0x00050000
EPERM, ENOSYS = 1, 38
CLONE_THREAD, PROT_EXEC = 0x10000, 0x4
LOAD, JUMP_EQUAL, JUMP_AT_LEAST, JUMP_ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # BPF
NUMBER_OFFSET, MACHINE_OFFSET, ARGUMENTS_OFFSET, ARGUMENT_BYTES = 0, 4, 16, 8  # struct seccomp_data
X32_BIT = 0x40000000

MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # AUDIT_ARCH of each machine whose numbers are known here
# name: its number on x86_64 and on aarch64; None where a machine has no such call
CALLS: dict[str, tuple[int | None, int | None]] = {
    "read": (0, 63), "write": (1, 64), "writev": (20, 66), "pread64": (17, 67), "preadv": (295, 69),
    "preadv2": (327, 286), "lseek": (8, 62), "close": (3, 57), "poll": (7, 73), "fstat": (5, 80),
    "munmap": (11, 215), "brk": (12, 214), "mremap": (25, 216), "madvise": (28, 233),
    "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139), "sigaltstack": (131, 132),
    "sched_yield": (24, 124), "sched_getaffinity": (204, 123), "futex": (202, 98), "membarrier": (324, 283),
    "set_robust_list": (273, 99), "rseq": (334, 293), "gettid": (186, 178), "getpid": (39, 172),
    "nanosleep": (35, 101), "clock_nanosleep": (230, 115), "clock_gettime": (228, 113), "clock_getres": (229, 114),
    "gettimeofday": (96, 169), "restart_syscall": (219, 128), "getrusage": (98, 165), "sysinfo": (99, 179),
    "uname": (63, 160), "getrandom": (318, 278), "exit": (60, 93), "exit_group": (231, 94), "time": (201, None),
}  # fmt: skip
CLONE, CLONE3 = (56, 220), (435, 435)
MMAP, MPROTECT, TGKILL = (9, 222), (10, 226), (234, 131)


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_ushort), ("yes", ctypes.c_ubyte), ("no", ctypes.c_ubyte), ("value", ctypes.c_uint))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("first", ctypes.POINTER(_Instruction)))


def forbid_all_but_decoding() -> bool:
    """Put the filter on this thread and those it makes, for good; False where this system does not offer it."""
    machine = platform.machine()
    if sys.platform != "linux" or sys.byteorder != "little" or machine not in MACHINES or sys.maxsize < 2**32:
        return False
    instructions = filter_for(machine, process_id=os.getpid())
    array = (_Instruction * len(instructions))(*(_Instruction(*fields) for fields in instructions))
    program = _Program(len(instructions), array)
    prctl = ctypes.CDLL(None).prctl
    prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]
    if prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    address = ctypes.cast(ctypes.pointer(program), ctypes.c_void_p).value
    assert address is not None
    return bool(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, address, 0, 0) == 0)


def filter_for(machine: str, *, process_id: int) -> list[tuple[int, int, int, int]]:
    """The filter's instructions: code, how far to jump on yes and on no, value."""
    column = list(MACHINES).index(machine)
    plain = [numbers[column] for numbers in CALLS.values()]
    return [
        (LOAD, 0, 0, MACHINE_OFFSET),
        (JUMP_EQUAL, 1, 0, MACHINES[machine]),
        (RETURN, 0, 0, KILL_PROCESS),  # calls of another machine's numbering
        (LOAD, 0, 0, NUMBER_OFFSET),
        (JUMP_AT_LEAST, 0, 1, X32_BIT),
        (RETURN, 0, 0, FAIL | EPERM),
        *(step for number in plain if number is not None for step in _when(number, [(RETURN, 0, 0, ALLOW)])),
        *_when(CLONE[column], _only_if((JUMP_ANY_BIT, CLONE_THREAD), argument=0)),
        *_when(CLONE3[column], [(RETURN, 0, 0, FAIL | ENOSYS)]),  # its flags lie in memory: libraries then use clone
        *_when(MMAP[column], _only_if((JUMP_ANY_BIT, PROT_EXEC), argument=2, wanted=False)),
        *_when(MPROTECT[column], _only_if((JUMP_ANY_BIT, PROT_EXEC), argument=2, wanted=False)),
        *_when(TGKILL[column], _only_if((JUMP_EQUAL, process_id), argument=0)),
        (RETURN, 0, 0, FAIL | EPERM),
    ]


def _when(number: int, steps: Sequence[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    """Steps for one call, which end in a return; for any other call they are jumped over."""
    return [(JUMP_EQUAL, 0, len(steps), number), *steps]


def _only_if(test: tuple[int, int], *, argument: int, wanted: bool = True) -> list[tuple[int, int, int, int]]:
    """Allow a call whose argument (its lower half) passes a test, or does not."""
    code, value = test
    on_yes, on_no = (ALLOW, FAIL | EPERM) if wanted else (FAIL | EPERM, ALLOW)
    return [
        (LOAD, 0, 0, ARGUMENTS_OFFSET + ARGUMENT_BYTES * argument),
        (code, 0, 1, value),
        (RETURN, 0, 0, on_yes),
        (RETURN, 0, 0, on_no),
    ]
