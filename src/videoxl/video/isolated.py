"""A video or a picture from a stranger, decoded in a process that can do nothing but decode it.

The same frames as `FileSource` and `PictureSource` give, by the same code, behind a wall: the parent opens the file and
types it by its bytes; a child that has given up memory, files, network and the power to start anything gets the open
file and sends pixels back. Whatever happens in the child is one sentence here. See docs/explanation/hostile-media.md.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
import threading
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from videoxl.errors import VideoDecodeError, VideoFormatError, VideoNotFoundError
from videoxl.video.batch import TimedFrame
from videoxl.video.content_type import ContentType, content_type_of
from videoxl.video.info import VideoInfo
from videoxl.video.isolated_ending import DO_NOT_USE
from videoxl.video.isolated_limits import DecodeLimits
from videoxl.video.isolated_process import DecoderProcess, DecoderStopped
from videoxl.video.isolated_report import ReportError, video_info
from videoxl.video.isolated_wire import END, LOOKED
from videoxl.video.media_file import DescriptorFile
from videoxl.video.source import VideoSource

OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)


class IsolatedSource(VideoSource):
    """A file that is looked at and read in limited processes, one for each; the file itself stays open until `close`.

    It stays the same file, too: what is put under its name later is not read.
    """

    def __init__(
        self,
        path: str | Path,
        limits: DecodeLimits | None = None,
        *,
        descriptor: int | None = None,
        name: str | None = None,
    ) -> None:
        """Open a file and look at it.

        Args:
            path: Where it is.
            descriptor: The file, open already; it is duplicated, and `path` is not opened.
            name: What it is called in sentences; the last part of the path otherwise.

        Raises:
            VideoFormatError: It is nothing that is read here, or over a limit.
            VideoDecodeError: Looking at it took too long, too much memory, or crashed.
            VideoNotFoundError: There is no such file.
        """
        self.limits = limits or DecodeLimits()
        self._path = Path(path)
        self._name = name or self._path.name
        self._descriptor = _open(self._path) if descriptor is None else os.dup(descriptor)
        self._closing = weakref.finalize(self, os.close, self._descriptor)
        try:
            self._num_bytes = _checked_size(self._descriptor, self._name)
            self.content_type = self._typed()
            self.info, self._facts = self._looked_at()
        except BaseException:
            self.close()
            raise
        self.info.tell_if_cut_off()

    @property
    def decoder(self) -> str:  # type: ignore[override]
        """What makes its frames."""
        return "pillow" if self.content_type.kind == "picture" else "pyav"

    def __enter__(self) -> IsolatedSource:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; it cannot be read any more."""
        self._closing()

    def fingerprint(self) -> str:
        """See `VideoSource.fingerprint`; of the open file, so of what is decoded."""
        with io.BufferedReader(self._file()) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def frames_at(
        self, asked: Sequence[float], *, max_side: int | None, stopped: threading.Event
    ) -> Iterator[TimedFrame]:
        """See `VideoSource.frames_at`."""
        job = {"asked": list(asked), "facts": self._facts, "max_side": max_side}
        try:
            with self._process(job, patience_seconds=self.limits.stall_seconds, stopped=stopped) as process:
                for second in asked:
                    sent = process.frame(max_side=max_side)
                    yield TimedFrame(second, sent.seconds, sent.picture_HWC, sent.is_damaged)
                process.text(END)
        except DecoderStopped:
            return

    def _file(self) -> DescriptorFile:
        if not self._closing.alive:
            raise VideoDecodeError(f"{self._name} was closed and cannot be read any more: open it again.")
        return DescriptorFile(self._descriptor, self._num_bytes)

    def _typed(self) -> ContentType:
        with io.BufferedReader(self._file()) as file:
            found = content_type_of(file, name=self._name)
        if found.kind == "sound":
            raise VideoFormatError(
                f"{self._name} has no video stream, only sound ({found.name}): give a file with moving pictures."
            )
        return found

    def _looked_at(self) -> tuple[VideoInfo, dict[str, Any] | None]:
        job = {"asked": None, "facts": None, "max_side": None}
        with self._process(job, patience_seconds=self.limits.probe_seconds) as process:
            report = process.text(LOOKED)
            self.held = process.held
            """What keeps its processes in, of: limits, nobody, namespaces, system calls, no threads."""
        facts = report.get("facts")
        try:
            info = video_info(report.get("info"), path=self._path, num_bytes=self._num_bytes)
        except ReportError as error:
            raise VideoDecodeError(f"{self._name} took over its decoder, which was stopped. {DO_NOT_USE}") from error
        self._check(info)
        return info, facts if isinstance(facts, dict) else None

    def _check(self, info: VideoInfo) -> None:
        limits = self.limits
        if info.width * info.height > limits.max_pixels:
            size = f"{info.width}x{info.height}"
            raise VideoFormatError(
                f"{self._name} is shown as {size}, over {limits.max_pixels:,} pixels: scale it down."
            )
        if info.duration_seconds > limits.max_duration_seconds:
            raise VideoFormatError(
                f"{self._name} lasts {info.duration_seconds:,.0f} s, over the limit of "
                f"{limits.max_duration_seconds:,.0f} s: cut it into parts."
            )

    def _process(
        self, job: dict[str, Any], *, patience_seconds: float, stopped: threading.Event | None = None
    ) -> DecoderProcess:
        self._file()  # still open
        what = {
            "is_picture": self.content_type.kind == "picture",
            "demuxers": self.content_type.demuxers,
            "num_bytes": self._num_bytes,
        }
        return DecoderProcess(
            self._descriptor,
            job | what,
            self.limits,
            name=self._name,
            patience_seconds=patience_seconds,
            stopped=stopped,
        )


def _open(path: Path) -> int:
    try:
        return os.open(path, OPEN_FLAGS)  # not waiting: opening a pipe that nobody writes to would hang
    except OSError as error:
        raise VideoNotFoundError(f"{path.name} does not exist or may not be read: check the path.") from error


def _checked_size(descriptor: int, name: str) -> int:
    status = os.fstat(descriptor)
    if stat.S_ISDIR(status.st_mode):
        raise VideoFormatError(f"{name} is a folder: expected a video file or a picture.")
    if not stat.S_ISREG(status.st_mode):
        raise VideoFormatError(f"{name} is not a regular file: copy the video to a file first.")
    if status.st_size == 0:
        raise VideoFormatError(f"{name} is empty (0 bytes): expected a video. Copy or download it again.")
    return status.st_size
