"""Which guards keep a decoding process in on this machine, found out by starting one and asking it."""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass

GUARDS = {
    "limits": "memory, seconds of computing, open files and not a byte written to one",
    "nobody": "another user than root",
    "namespaces": "no network, no other process' shared memory, a count of threads of its own",
    "system calls": "nothing but memory, threads, reading the open file and writing frames",
    "no threads": "no other program, since nothing else holds it from starting one; decoding is slower",
}
"""By the names of `isolated_confinement.confine`: what each gives."""
WHY_MISSING = {
    "limits": "this system has no limits of processes",
    "nobody": "root may not become another user here",
    "namespaces": "this system, or the container it runs in, forbids them to users",
    "system calls": "no filter for this kernel or machine, or the container forbids it",
}


@dataclass(frozen=True, slots=True)
class Guard:
    """One of the guards that this machine could have."""

    name: str
    is_held: bool
    what: str
    """What it gives, or why it is missing."""


def guards_here() -> tuple[Guard, ...]:
    """The guards of this machine, in force or missing; those that it has no use for are left out.

    Raises:
        VideoError: No decoding process can be started.
        MissingDependencyError: This system has none of it.
    """
    held = _held()
    is_root = sys.platform == "linux" and os.geteuid() == 0
    wanted = ["limits", *(["nobody"] if is_root else []), "namespaces", "system calls"]
    names = [*wanted, *(name for name in held if name not in wanted)]
    return tuple(
        Guard(name, name in held, GUARDS.get(name, "") if name in held else WHY_MISSING[name]) for name in names
    )


def _held() -> tuple[str, ...]:
    """What a process says that has just looked at a small picture."""
    from PIL import Image

    from videoxl.video.isolated import IsolatedSource

    with tempfile.TemporaryFile() as file:
        Image.new("RGB", (8, 8)).save(file, "PNG")
        file.flush()
        with IsolatedSource("test picture", descriptor=file.fileno()) as source:
            return source.held
