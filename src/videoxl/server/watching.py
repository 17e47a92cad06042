"""The thread that watches: jobs from the library's queue, one after another, in slices between answers.

A job that is stopped, by us or by a kill, goes back into the queue with all that was kept of it, and whoever takes it
next goes on there: this server after a restart, or another one on the same library.
"""

import logging
import os
import secrets
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from videoxl.errors import LeaseLostError, VideoXLError
from videoxl.library import Entry, Job, Library
from videoxl.server.metrics import Metrics
from videoxl.server.pacing import PacedSource, pausing_between_layers
from videoxl.server.request_log import where
from videoxl.server.turns import ModelTurns
from videoxl.video import VideoSource

if TYPE_CHECKING:
    from videoxl.engine import Progress, VideoXL
    from videoxl.memory import CompressedMemory

logger = logging.getLogger(__name__)

LOOK_SECONDS = 2.0  # how often an idle watcher looks for what others have put into the queue


class WatchingStopped(BaseException):
    """Raised to end a watching in its middle; like Ctrl-C it is no fault of the video, and what was kept stays."""


class Watching:
    """Takes jobs until it is stopped."""

    def __init__(
        self,
        vxl: "VideoXL",
        library: Library,
        turns: ModelTurns,
        *,
        lease_seconds: float,
        metrics: Metrics,
        on_ready: Callable[[Entry], None],
    ) -> None:
        """Args: on_ready: Called with each memory that was watched, before the next one begins."""
        self._vxl, self._library, self._turns, self._metrics = vxl, library, turns, metrics
        self._lease_seconds, self._on_ready = lease_seconds, on_ready
        self._worker = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
        self._is_stopping = False
        self._wake = threading.Event()
        self._entry_id: str | None = None
        self._rows: CompressedMemory | None = None
        self._unwanted: str | None = None
        self._thread = threading.Thread(target=self._work, name="videoxl-watching", daemon=True)
        self._thread.start()

    def rows_so_far(self, entry_id: str) -> "CompressedMemory | None":
        """What is kept of the video that is being watched right now, by us; None where it is another."""
        rows, watched = self._rows, self._entry_id
        return rows if watched == entry_id else None

    def look(self) -> None:
        """There may be something in the queue."""
        self._wake.set()

    def stop_entry(self, entry_id: str) -> None:
        """This memory was removed: if it is being watched, and for nothing else, let go of it at the next interval."""
        if not self._library.is_needed(entry_id):
            self._unwanted = entry_id

    def begin_stop(self) -> None:
        """Stop at the end of the interval."""
        self._is_stopping = True
        self._wake.set()

    def stop(self) -> None:
        """Stop, and wait until what was watched is saved."""
        self.begin_stop()
        self._thread.join(120)

    def _work(self) -> None:
        with pausing_between_layers(self._vxl.model, self._turns):
            while not self._is_stopping:
                self._wake.clear()
                job = self._next_job()
                if job is None:
                    self._wake.wait(LOOK_SECONDS)
                else:
                    self._work_on(job)

    def _next_job(self) -> Job | None:
        try:
            return self._library.lease(self._worker, self._lease_seconds, model_fingerprint=self._vxl.fingerprint)
        except VideoXLError as error:
            logger.error("the queue could not be read: %s", type(error).__name__)
            return None

    def _work_on(self, job: Job) -> None:
        from videoxl.library.worker import work_on

        self._entry_id, self._rows, self._unwanted = job.entry.id, None, None
        self._num_counted: int | None = None
        end = "failed"
        try:
            entry = work_on(
                job, self._library, self._vxl, between=self._between, open_source=self._open, progress=self._count
            )
            end = entry.state
            if end == "ready":
                self._on_ready(entry)
        except (WatchingStopped, LeaseLostError):  # the latter: removed, or taken up by another, who goes on with it
            end = "stopped"
        except VideoXLError as error:
            logger.error("watching failed: %s at %s", type(error).__name__, where(error))
        except Exception as error:
            logger.error("watching failed unexpectedly: %s at %s", type(error).__name__, where(error))
        finally:
            self._entry_id = self._rows = None
            self._metrics.watched.labels(end).inc()
            logger.info("memory %s: watching ended, %s", job.entry.id[:12], end)

    def _open(self, path: Path) -> VideoSource:
        """A stranger's file, decoded in a limited process, and read without taking the model's turn."""
        from videoxl.video.isolated import IsolatedSource

        return PacedSource(IsolatedSource(path), self._turns, self._check)

    def _between(self, memory: "CompressedMemory") -> None:
        self._rows = memory.fork()
        self._check()
        self._turns.pause()

    def _check(self) -> None:
        if self._is_stopping or self._unwanted == self._entry_id:
            raise WatchingStopped

    def _count(self, progress: "Progress") -> None:
        before = progress.num_resumed if self._num_counted is None else self._num_counted
        self._metrics.frames.inc(max(0, progress.num_frames - before))
        self._num_counted = progress.num_frames
