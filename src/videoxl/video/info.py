"""What a video is, before any of it is watched.

Times are seconds after the first frame, whatever number the container starts counting from. The duration is where the
packets really end; what the header says stands beside it and is not believed.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

CLAIM_SLACK_SECONDS = 1.0  # headers round, and count the sound too

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """A video as it is shown: `width` and `height` are after rotation and with square pixels.

    `rotation` is how far the stored picture is turned clockwise to be shown. `fps` is an average, None where nobody
    knows. The two `claimed_` fields are the container's word: for people to read, never to rely on.
    """

    path: Path
    duration_seconds: float
    width: int
    height: int
    rotation: int
    codec: str
    fps: float | None
    claimed_num_frames: int | None
    claimed_duration_seconds: float | None
    size_bytes: int
    has_audio: bool

    @property
    def name(self) -> str:
        """The file or folder name alone."""
        return self.path.name

    def tell_if_cut_off(self) -> None:
        """Warn where the header promises more than there is."""
        claimed, real = self.claimed_duration_seconds, self.duration_seconds
        if claimed is not None and claimed > real + CLAIM_SLACK_SECONDS:
            logger.warning(
                "%s claims %.1f s but its video ends after %.1f s: it may be cut off.", self.path, claimed, real
            )
