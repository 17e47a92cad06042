"""The memory of the video that a run is at, kept in the run's folder while it lasts.

Long videos are written there interval by interval, so a run that is killed goes on in the middle of an hour. It is gone
when the items of its video are answered: a run folder keeps answers, not memories.
"""

import hashlib
import shutil
from pathlib import Path


class Scratch:
    """Room for one memory at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def place(self, video: str) -> Path:
        """Where the memory of a video is kept."""
        return self._folder / f"watching-{hashlib.sha256(video.encode()).hexdigest()[:16]}.vxl"

    def clear(self) -> None:
        """Remove what is there."""
        for path in self._folder.glob("watching-*.vxl"):
            shutil.rmtree(path)
