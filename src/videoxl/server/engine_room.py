"""Behind the routes: the model, loaded while the server listens already, and the threads that answer and watch.

Only one of them computes at a time (`turns.py`). Nothing of a question or of a video is kept here but what the tiers
hold of memories: the library is what remembers.
"""

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from videoxl.errors import MemoryFormatError, VideoXLError
from videoxl.library import Entry, Library
from videoxl.server.answering import Answering, Ask, Asked
from videoxl.server.config import ServeConfig
from videoxl.server.metrics import Metrics
from videoxl.server.problem import Problem, shutting_down
from videoxl.server.request_log import where
from videoxl.server.tiers import Key, MemoryTiers, Resident
from videoxl.server.turns import ModelTurns
from videoxl.server.watching import Watching

if TYPE_CHECKING:
    from videoxl.engine import Answer, VideoXL
    from videoxl.memory import CompressedMemory

logger = logging.getLogger(__name__)

State = Literal["loading", "ready", "failed", "stopping"]
RETRY_SECONDS = 2


class EngineRoom:
    """One model and those who use it. `start` returns at once; `ready` says when work can be done."""

    def __init__(self, config: ServeConfig, library: Library, metrics: Metrics) -> None:
        self._config, self._library, self._metrics = config, library, metrics
        self.turns = ModelTurns()
        self.state: State = "loading"
        self.why = ""
        self._settled = threading.Event()
        self._lock = threading.Lock()
        self._vxl: VideoXL | None = None
        self._answering: Answering | None = None
        self._watching: Watching | None = None
        self._tiers: MemoryTiers | None = None

    def start(self, *, on_ready: Callable[[Entry], None]) -> None:
        """Begin to load the model; `on_ready` will be called with each memory that was watched."""
        threading.Thread(target=self._load, args=[on_ready], name="videoxl-loading", daemon=True).start()

    @property
    def vxl(self) -> "VideoXL":
        """The model. Raises Problem (503) until it is loaded."""
        if self._vxl is None or self.state != "ready":
            raise self.not_ready()
        return self._vxl

    def wait_until_ready(self, seconds: float) -> "VideoXL":
        """The model, waited for while it is being loaded. Raises Problem (503) where that takes longer, or failed."""
        self._settled.wait(seconds)
        return self.vxl

    def not_ready(self) -> Problem:
        """Why nothing can be computed now."""
        if self.state == "stopping":
            return shutting_down()
        sentence, code = "the model is being loaded; try again in a moment.", "model_loading"
        if self.state == "failed":
            sentence, code = f"the model could not be loaded: {self.why}", "model_failed"
        return Problem(503, sentence, code=code, retry_seconds=RETRY_SECONDS, names_folders=True)

    def take(self, entry: Entry) -> Resident:
        """The rows of a memory, as many as there are by now, pinned until `release`; from disk if need be.

        Raises:
            Problem: Nothing was watched yet (409), or there is no room now (429).
        """
        vxl, tiers, watching = self.vxl, self._tiers, self._watching
        assert tiers is not None, "what is ready has all its parts"
        assert watching is not None, "what is ready has all its parts"
        live = watching.rows_so_far(entry.id)
        if live is not None:
            if not live.intervals:
                raise _nothing_yet(entry)
            key = "live", entry.id, live.num_rows
            tiers.forget(lambda other: other[:2] == key[:2] and other != key)
            return tiers.take(key, 0, lambda: live)
        if entry.state == "failed":
            raise Problem(409, f"this video could not be watched: {entry.why}", code="memory_failed")
        if resident := tiers.find(self._kept(entry)):
            return resident
        try:
            with self._library.reading(entry.id) as path:
                return tiers.take(self._kept(entry), entry.num_bytes, lambda: _open(vxl, path, entry))
        except MemoryFormatError:
            if entry.state == "ready":
                raise
            raise _nothing_yet(entry) from None

    def _kept(self, entry: Entry) -> Key:
        return "kept", entry.id, self._library.version(entry.id)

    def release(self, resident: Resident) -> None:
        """Unpin what `take` gave."""
        if self._tiers is not None and resident.key is not None:
            self._tiers.release(resident)

    def forget(self, entry_id: str) -> None:
        """A memory was removed, or is made anew."""
        if self._tiers is not None:
            self._tiers.forget(lambda key: key[1] == entry_id)
        if self._watching is not None:
            self._watching.stop_entry(entry_id)

    @property
    def num_questions(self) -> int:
        """Under way, waiting ones included."""
        return 0 if self._answering is None else self._answering.num_questions

    @property
    def num_pins(self) -> int:
        """Of memories, by those who ask."""
        return 0 if self._tiers is None else self._tiers.num_pins

    def submit(
        self,
        ask: Ask,
        resident: Resident,
        *,
        on_text: Callable[[str], None],
        on_end: "Callable[[Answer | Problem], None]",
    ) -> Asked:
        """See `Answering.submit`."""
        if self._answering is None or self.state != "ready":
            raise self.not_ready()
        return self._answering.submit(ask, resident, on_text=on_text, on_end=on_end)

    def cancel(self, asked: Asked) -> None:
        """See `Answering.cancel`."""
        if self._answering is not None:
            self._answering.cancel(asked)

    def look_for_work(self) -> None:
        """A video was added to the queue."""
        if self._watching is not None:
            self._watching.look()

    def computing(self) -> Any:
        """A turn at the model for something short that is no answer, as embedding the words of a search."""
        return self.turns.answering()

    def begin_stop(self) -> None:
        """Take no more work; watching saves what it has at the end of its interval. Returns at once."""
        with self._lock:
            self.state = "stopping"
            self._settled.set()
        if self._watching is not None:
            self._watching.begin_stop()

    def stop(self) -> None:
        """Let answers end, for a while, and wait until what was watched is saved and given back to the queue."""
        self.begin_stop()
        if self._answering is not None:
            self._answering.stop(self._config.limits.shutdown_seconds)
        if self._watching is not None:
            self._watching.stop()

    def _load(self, on_ready: Callable[[Entry], None]) -> None:
        try:
            import videoxl

            vxl = videoxl.load(self._config.model, device=self._config.device)
            logger.info("model %s is loaded, fingerprint %s", vxl.name, vxl.fingerprint[:12])
        except Exception as error:
            is_ours = isinstance(error, VideoXLError)
            self.why = str(error) if is_ours else f"unexpected {type(error).__name__} at {where(error)}"
            self.state = "failed" if self.state == "loading" else self.state
            logger.error("the model could not be loaded: %s", type(error).__name__)
            self._settled.set()
            return
        limits = self._config.limits
        with self._lock:
            if self.state != "loading":
                return
            self._tiers = MemoryTiers(
                vxl.device, device_bytes=limits.device_bytes, host_bytes=limits.host_bytes, metrics=self._metrics
            )
            self._answering = Answering(vxl, self.turns, limits=limits, metrics=self._metrics)
            self._watching = Watching(
                vxl, self._library, self.turns, lease_seconds=limits.lease_seconds, metrics=self._metrics,
                on_ready=on_ready,
            )  # fmt: skip
            self._vxl = vxl
            self.state = "ready"
            self._metrics.model_ready.set(1)
        self._settled.set()


def _open(vxl: "VideoXL", path: Path, entry: Entry) -> "CompressedMemory":
    """A memory from disk into the host's memory, after a check that this model made it."""
    from videoxl.memory import open_memory

    memory = open_memory(path)
    vxl.check(memory)
    if not memory.intervals:
        raise _nothing_yet(entry)
    return memory


def _nothing_yet(entry: Entry) -> Problem:
    return Problem(
        409, f"nothing of {entry.title} was watched yet; ask again in a moment.", code="memory_not_ready",
        retry_seconds=RETRY_SECONDS,
    )  # fmt: skip
