"""A video with one picture put into it: what V-NIAH watches. Nothing is written to disk.

The haystack is looked at once a second. The needle stands in front of its frame `place` for one second, and all that
follows is a second later than it was: a haystack of F frames is watched as F + 1, as the authors do.
"""

import hashlib
import math
import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from videoxl.errors import UsageError
from videoxl.video.batch import TimedFrame
from videoxl.video.pictures import load_picture
from videoxl.video.source import VideoSource

TIME_SLACK_SECONDS = 1e-6


class Haystack(VideoSource):
    """The first `num_frames` seconds of a video, and a picture at second `place` of them.

    Args:
        name: what a memory calls it.
    """

    def __init__(self, video: VideoSource, needle: Path, *, place: int, num_frames: int, name: str) -> None:
        if not 0 <= place <= num_frames:
            raise UsageError(f"the needle is to stand at {place} of {num_frames} frames; expected 0 to {num_frames}.")
        self._video, self._needle, self._place, self._num_frames = video, needle, place, num_frames
        self.decoder = video.decoder
        self.info = replace(
            video.info,
            path=Path(name),
            duration_seconds=float(num_frames + 1),
            fps=1.0,
            claimed_num_frames=num_frames + 1,
            claimed_duration_seconds=None,
            has_audio=False,
        )

    def fingerprint(self) -> str:
        """See `VideoSource.fingerprint`."""
        needle = hashlib.sha256(self._needle.read_bytes()).hexdigest()
        content = f"{self._video.fingerprint()} {needle} {self._place} {self._num_frames}"
        return hashlib.sha256(content.encode()).hexdigest()

    def frames_at(
        self, asked: Sequence[float], *, max_side: int | None, stopped: threading.Event
    ) -> Iterator[TimedFrame]:
        """Frames of the haystack and, at its place, the needle; what is asked past the end is lost."""
        shown = [math.floor(second + TIME_SLACK_SECONDS) for second in asked]
        wanted = [float(frame - (frame > self._place)) for frame in shown if frame != self._place]
        within = [second for second in wanted if second < self._num_frames]
        with closing(_generator(self._video.frames_at(within, max_side=max_side, stopped=stopped))) as haystack:
            for second, frame in zip(asked, shown, strict=True):
                if stopped.is_set():
                    return
                if frame == self._place:
                    yield TimedFrame(second, float(frame), load_picture(self._needle, max_side=max_side))
                elif frame > self._num_frames:
                    yield TimedFrame(second, float(frame), None)
                else:
                    found = next(haystack, None)
                    if found is None:  # it was stopped
                        return
                    yield replace(found, asked_seconds=second, seconds=float(frame))


def _generator(frames: Iterator[TimedFrame]) -> Generator[TimedFrame, None, None]:
    """The frames, as something that can be closed."""
    yield from frames
