"""A video file read with PyAV."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from videoxl.video.batch import TimedFrame
from videoxl.video.fingerprint import source_fingerprint
from videoxl.video.media_file import MediaFile
from videoxl.video.source import VideoSource


class FileSource(VideoSource):
    """A video file, looked at when it is opened and decoded when it is read."""

    decoder: str = "pyav"

    def __init__(self, path: Path) -> None:
        from videoxl.video.probe import examine

        self.media = MediaFile(path)
        self.info, self.facts = examine(self.media)
        self.info.tell_if_cut_off()

    def fingerprint(self) -> str:
        """See `VideoSource.fingerprint`."""
        return source_fingerprint(self.info.path)

    def frames_at(
        self, asked: Sequence[float], *, max_side: int | None, stopped: threading.Event
    ) -> Iterator[TimedFrame]:
        """See `VideoSource.frames_at`."""
        from videoxl.video.decode import frames_at

        return frames_at(self.media, self.facts, asked, max_side=max_side, stopped=stopped)
