"""A film as something to watch without a file: frames are drawn when they are read, an hour costs no disk."""

from __future__ import annotations

import hashlib
import math
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from videoxl.errors import UsageError
from videoxl.synth.film import DEFAULT_FPS, Film
from videoxl.video.batch import TimedFrame
from videoxl.video.info import VideoInfo
from videoxl.video.rgb import fit, scaled
from videoxl.video.source import VideoSource

TIME_SLACK_SECONDS = 1e-6


class FilmSource(VideoSource):
    """The frames that a file of this film would show at `fps`, without the losses of a codec.

    Args:
        name: what a memory calls it.
    """

    def __init__(self, film: Film, *, fps: float = DEFAULT_FPS, name: str = "synth film") -> None:
        if not fps > 0:
            raise UsageError(f"a film cannot have {fps} frames a second; give a number above 0.")
        self.film = film
        facts = film.facts
        num_frames = len(film.times(fps))
        self.info = VideoInfo(
            path=Path(name),
            duration_seconds=facts.seconds,
            width=facts.width,
            height=facts.height,
            rotation=0,
            codec="synth",
            fps=fps,
            claimed_num_frames=num_frames,
            claimed_duration_seconds=None,
            size_bytes=0,
            has_audio=False,
        )
        self._fps, self._num_frames = fps, num_frames

    def fingerprint(self) -> str:
        """See `VideoSource.fingerprint`; pictures and footage count by their names, which the facts hold."""
        return hashlib.sha256(f"{self._fps} {self.film.facts.to_json()}".encode()).hexdigest()

    def frames_at(
        self, asked: Sequence[float], *, max_side: int | None, stopped: threading.Event
    ) -> Iterator[TimedFrame]:
        """The frames on screen at the asked times; what is asked past the film's end is lost."""
        size = fit(self.info.width, self.info.height, max_side)
        for second in asked:
            if stopped.is_set():
                return
            index = math.floor((second + TIME_SLACK_SECONDS) * self._fps)
            shown_seconds = index / self._fps
            is_there = index < self._num_frames
            yield TimedFrame(second, shown_seconds, scaled(self.film.frame(shown_seconds), size) if is_there else None)
