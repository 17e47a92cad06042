"""One decoding process, from its parent's side: started, given a job, listened to with patience that ends, and buried.

Whatever it does (crash, hang, be killed, use too much, talk nonsense) becomes one sentence; leaving the `with` block
kills it and waits for it, so no process, zombie or descriptor is left.
"""

from __future__ import annotations

import json
import math
import os
import select
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from videoxl.errors import CapacityError, MissingDependencyError, VideoDecodeError, VideoFormatError
from videoxl.video.isolated_ending import DO_NOT_USE, of_memory, why_ended
from videoxl.video.isolated_limits import DecodeLimits
from videoxl.video.isolated_wire import (
    FAILED,
    FRAME,
    FRAME_KIND,
    HEADER,
    KINDS,
    MAX_TEXT_BYTES,
    READY,
    job_bytes,
)

CHILD = ("-P", "-s", "-B", "-m", "videoxl.video.isolated_child")  # no current folder, no user's packages, no .pyc
# A library that lies where only this variable says; nothing else of our environment is any business of the child.
KEPT_VARIABLES = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
VARIABLES = {
    "LC_ALL": "C.UTF-8",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",  # each further arena takes 64 MiB of addresses
}
PIPE_BYTES = 2**20
LOOK_SECONDS = 0.1  # between two looks at whether the reader has gone
BURIAL_SECONDS = 5.0  # for a process that has closed its output to end; then it is killed


@dataclass(frozen=True, slots=True)
class SentFrame:
    """A frame as it came; no picture where it is lost."""

    seconds: float
    is_damaged: bool
    picture_HWC: npt.NDArray[np.uint8] | None


class DecoderStopped(Exception):
    """Nobody reads any more."""


class DecoderProcess:
    """A process with one job, in a `with` block.

    Args:
        descriptor: The open file; it is not closed here.
        name: What the file is called in sentences.
        patience_seconds: How long each message may be waited for.
        stopped: When it is set, waiting ends with DecoderStopped.
    """

    def __init__(
        self,
        descriptor: int,
        job: dict[str, Any],
        limits: DecodeLimits,
        *,
        name: str,
        patience_seconds: float,
        stopped: threading.Event | None = None,
    ) -> None:
        if sys.platform == "win32":
            raise MissingDependencyError(
                "videos from strangers are decoded in a limited process, which needs Linux or macOS: run it there, "
                "or give a file that you trust by its path."
            )
        self._descriptor, self._limits, self._name = descriptor, limits, name
        self._job = job_bytes(job | {"name": name, "limits": asdict(limits)})
        self._patience_seconds = patience_seconds
        self._stopped = stopped or threading.Event()
        self.held: tuple[str, ...] = ()
        """What keeps the process in, once it has told."""

    def __enter__(self) -> DecoderProcess:
        self._process = _start(self._descriptor)
        try:
            self._send(self._job)
            self.held = tuple(str(name) for name in self.text(READY).get("held", ()))
        except BaseException:
            self._bury()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bury()

    def text(self, expected: bytes) -> dict[str, Any]:
        """The next message, which must be JSON of this kind."""
        deadline = self._deadline()
        kind, size = self._header(deadline)
        if kind != expected:
            self._refuse_kind(kind, size)
        return self._json(size, deadline)

    def frame(self, *, max_side: int | None) -> SentFrame:
        """The next message, which must be a frame within the limits; `max_side` was asked for."""
        kind, size = self._header(self._deadline())
        if kind != FRAME_KIND:
            self._refuse_kind(kind, size)
        deadline = self._deadline()
        seconds, is_damaged, height, width = FRAME.unpack(self._bytes(FRAME.size, deadline))
        is_lost = height == width == 0
        most = self._limits.max_pixels if max_side is None else min(self._limits.max_pixels, max_side * max_side)
        is_whole = size == FRAME.size + 3 * height * width and math.isfinite(seconds) and seconds >= 0
        if not is_whole or height * width > most or (not is_lost and height * width == 0):
            self._fail_nonsense()
        if is_lost:
            return SentFrame(seconds, is_damaged, None)
        picture_HWC = np.empty((height, width, 3), np.uint8)
        self._fill(picture_HWC.data.cast("B"), deadline)
        return SentFrame(seconds, is_damaged, picture_HWC)

    def _json(self, size: int, deadline: float) -> dict[str, Any]:
        if size > MAX_TEXT_BYTES:
            self._fail_nonsense()
        try:
            content = json.loads(self._bytes(size, deadline))
        except (ValueError, RecursionError):
            self._fail_nonsense()
        if not isinstance(content, dict):
            self._fail_nonsense()
        return content

    def _header(self, deadline: float) -> tuple[bytes, int]:
        kind, size = HEADER.unpack(self._bytes(HEADER.size, deadline))
        if kind not in KINDS:
            self._fail_nonsense()
        return kind, size

    def _refuse_kind(self, kind: bytes, size: int) -> NoReturn:
        """Raise what a message says that came instead of the expected one."""
        if kind != FAILED:
            self._fail_nonsense()
        failure = self._json(size, self._deadline())
        sentence = "".join(letter for letter in str(failure.get("sentence")) if letter.isprintable())
        if failure.get("kind") == "memory":
            raise VideoDecodeError(of_memory(self._limits, name=self._name))
        if failure.get("kind") == "format":
            raise VideoFormatError(sentence)
        if failure.get("kind") == "decode":
            raise VideoDecodeError(sentence)
        raise VideoDecodeError(f"{self._name} could not be decoded (an unexpected {sentence}). {DO_NOT_USE}")

    def _bytes(self, size: int, deadline: float) -> bytes:
        content = bytearray(size)
        self._fill(memoryview(content), deadline)
        return bytes(content)

    def _fill(self, room: memoryview, deadline: float) -> None:
        """Read until the room is full."""
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        while room:
            self._wait(descriptor, select.POLLIN, deadline)
            num_read = os.readv(descriptor, [room])
            if num_read == 0:
                raise VideoDecodeError(self._of_end())
            room = room[num_read:]

    def _send(self, content: bytes) -> None:
        assert self._process.stdin is not None
        descriptor, left, deadline = self._process.stdin.fileno(), memoryview(content), self._deadline()
        os.set_blocking(descriptor, False)
        try:
            while left:
                self._wait(descriptor, select.POLLOUT, deadline)
                left = left[os.write(descriptor, left) :]
        except BrokenPipeError:
            raise VideoDecodeError(self._of_end()) from None

    def _wait(self, descriptor: int, event: int, deadline: float) -> None:
        poll = select.poll()
        poll.register(descriptor, event)
        while not poll.poll(1000 * min(LOOK_SECONDS, max(0.0, deadline - time.monotonic()))):
            if self._stopped.is_set():
                raise DecoderStopped
            if time.monotonic() >= deadline:
                raise VideoDecodeError(
                    f"{self._name} was given up: its decoder said nothing for {self._patience_seconds:g} s, which is "
                    f"the limit. {DO_NOT_USE}"
                )

    def _deadline(self) -> float:
        return time.monotonic() + self._patience_seconds

    def _fail_nonsense(self) -> NoReturn:
        raise VideoDecodeError(f"{self._name} took over its decoder, which was stopped. {DO_NOT_USE}")

    def _of_end(self) -> str:
        code = self._bury(first_wait_seconds=BURIAL_SECONDS)
        return why_ended(code, self._limits, name=self._name, has_started=bool(self.held))

    def _bury(self, *, first_wait_seconds: float = 0.0) -> int:
        """End the process, if it has not ended, and leave nothing of it; its exit code."""
        process = self._process
        if first_wait_seconds:
            with suppress(subprocess.TimeoutExpired):
                process.wait(first_wait_seconds)
        if process.poll() is None:
            process.kill()
        code = process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        return code


def _start(descriptor: int) -> subprocess.Popen[bytes]:
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    paths = os.pathsep.join(os.path.abspath(path) for path in sys.path if path)
    try:
        process = subprocess.Popen(
            [sys.executable, *CHILD, str(descriptor)],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=(descriptor,),
            cwd="/",
            env=VARIABLES | kept | {"PYTHONPATH": paths},
            start_new_session=True,  # Ctrl-C is for the parent, which then ends this
        )
    except OSError as error:
        raise CapacityError(
            f"no further process can be started to decode a video ({error.strerror}): close some programs, or raise "
            "the limit of processes and open files."
        ) from error
    if sys.platform == "linux":
        import fcntl

        assert process.stdout is not None
        with suppress(OSError):  # more than a user may have; the usual size serves, slower
            fcntl.fcntl(process.stdout.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    return process
