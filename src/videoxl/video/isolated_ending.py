"""Why a decoding process said nothing more, in a sentence that a person can act on."""

from __future__ import annotations

import signal

from videoxl.video.isolated_limits import MIB, DecodeLimits

DO_NOT_USE = "The file is damaged, or made to do harm: do not use it."


def why_ended(code: int, limits: DecodeLimits, *, name: str, has_started: bool) -> str:
    """What an exit code tells: a signal is below zero, as `subprocess` says it."""
    if not has_started and code >= 0:
        return (
            f"{name} was not decoded: the process for it could not start (exit code {code}). "
            "Check the installation with `videoxl doctor`."
        )
    if -code == signal.SIGXCPU:
        return f"{name} needs more than {limits.cpu_seconds} s of computing, which is the limit: shorten it."
    if -code == signal.SIGKILL:
        return (
            f"{name} was not decoded to the end: its decoder was killed from outside, for lack of memory, or by hand. "
            "Try again; if it happens again, free some memory or scale the video down."
        )
    how = signal.Signals(-code).name if -code in list(signal.Signals) else f"exit code {code}"
    return f"{name} crashed its decoder ({how}). {DO_NOT_USE}"


def of_memory(limits: DecodeLimits, *, name: str) -> str:
    """That the limit of memory was met."""
    limit = limits.max_memory_bytes // MIB
    return f"{name} needs more than {limit:,} MiB of memory to be decoded, which is the limit: scale it down."
