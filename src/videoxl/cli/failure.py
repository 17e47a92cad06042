"""What goes wrong, as one line on stderr and an exit code; a traceback only where VIDEOXL_LOG=debug asks for it."""

import errno
import functools
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer

from videoxl.cli.console import complain, log_level, logging_to_stderr
from videoxl.errors import CapacityError, CheckpointError, UsageError, VideoXLError

FAILED, PARTLY, INTERRUPTED = 1, 3, 130
_DISK_IS_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
_NO_MEMORY = re.compile("out of memory|not enough memory|can't allocate memory", re.IGNORECASE)


def guarded(verb: Callable[..., None]) -> Callable[..., None]:
    """The verb, with its failures said in one line."""

    @functools.wraps(verb)
    def run(*args: Any, **options: Any) -> None:
        code = _exit_code(lambda: verb(*args, **options))
        if code:
            raise typer.Exit(code)

    return run


@contextmanager
def naming(name: str | Path) -> Iterator[None]:
    """Put the name of what is worked on in front of an error that does not say it."""
    try:
        yield
    except VideoXLError as error:
        if isinstance(error, CheckpointError) or Path(name).name in str(error):  # the model is to blame, or it is said
            raise
        raise type(error)(f"{name}: {error}") from error


def _exit_code(work: Callable[[], None]) -> int:
    try:
        with logging_to_stderr():
            work()
            sys.stdout.flush()
    except typer.Exit as end:
        return end.exit_code
    except KeyboardInterrupt as stop:  # what can go on says how
        complain(str(stop) or "interrupted.")
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our output has left; nothing to say, and nobody to say it to
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:
        if log_level() == "debug":
            traceback.print_exc()
        known = _as_ours(error)
        complain(str(known))
        return known.exit_code
    return 0


def _as_ours(error: Exception) -> VideoXLError:
    """The error, or one of our own that says it in a sentence."""
    if isinstance(error, VideoXLError):
        return error
    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and _NO_MEMORY.search(str(error))):
        return CapacityError(
            "the device ran out of memory. See what the work needs with `videoxl plan`; "
            "take fewer frames, a higher ratio, or another --device."
        )
    if isinstance(error, OSError) and error.errno in _DISK_IS_FULL:
        return CapacityError(f"the disk is full{_of_file(error)}. Free some space and run the same command again.")
    if isinstance(error, OSError) and error.strerror and error.filename:
        return UsageError(f"{error.filename}: {error.strerror}. Check the path and its permissions.")
    return VideoXLError(
        f"unexpected {type(error).__name__}: {str(error) or 'no message'}. "
        "Run again with VIDEOXL_LOG=debug to see where, and report it."
    )


def _of_file(error: OSError) -> str:
    return f" ({error.filename})" if error.filename else ""
