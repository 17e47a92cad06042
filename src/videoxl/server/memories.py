"""What the routes for memories do, without HTTP: adding, showing, removing entries of the library."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from videoxl.errors import EntryNotFoundError, VideoNotFoundError, VideoXLError
from videoxl.library import Entry, Library, WatchSettings
from videoxl.memory import inspect
from videoxl.server.config import ServeConfig
from videoxl.server.engine_room import EngineRoom
from videoxl.server.files import UploadedFiles
from videoxl.server.metrics import Metrics
from videoxl.server.problem import Problem
from videoxl.server.protocol.memories import AppendedVideo, Density, NewMemory
from videoxl.server.redaction import Redactor
from videoxl.server.sources import Sources, Video, video_path

if TYPE_CHECKING:
    from videoxl.engine import Answer, VideoXL

logger = logging.getLogger(__name__)

READY_SECONDS = 60.0  # how long a client that adds a video waits for the model to be loaded
RETRY_SECONDS = 60
MOST_VIDEOS = 64  # behind each other in one memory


@dataclass(frozen=True, slots=True)
class MemoryVideo:
    """One of the videos that a memory is made of."""

    name: str
    duration_seconds: float
    entry: Entry | None
    """The entry that it was added by; None where that was removed, or is not known."""

    @property
    def path(self) -> Path | None:
        """Where it is, if it is still there."""
        return None if self.entry is None else video_path(self.entry)


class Memories:
    """The library as the server shows it. Calls may wait for the disk: make them from a thread."""

    def __init__(
        self,
        config: ServeConfig,
        library: Library,
        room: EngineRoom,
        sources: Sources,
        files: UploadedFiles,
        redact: Redactor,
        metrics: Metrics,
    ) -> None:
        self.library, self.sources, self._metrics = library, sources, metrics
        self._config, self._room, self._files, self._redact = config, room, files, redact

    def find(self, memory_id: str) -> Entry | None:
        """The memory of this id, if there is one."""
        try:
            return self.library.entry(memory_id)
        except EntryNotFoundError:
            return None

    def add(self, body: NewMemory, *, stopped: threading.Event | None = None) -> Entry:
        """Put a video into the queue; the same video with the same settings is the entry that is there."""
        self.check_model(body.model)
        self._check_room()
        vxl = self._room.wait_until_ready(READY_SECONDS)
        settings = self.settings(vxl, body)
        return self.add_video(self.sources.find(body.source, stopped=stopped), settings, title=body.title)

    def append(self, entry_id: str, body: AppendedVideo, *, stopped: threading.Event | None = None) -> Entry:
        """A new entry: what the memory holds, with another video behind it."""
        self._check_room()
        vxl = self._room.wait_until_ready(READY_SECONDS)
        base = self.library.entry(entry_id)
        if len(self.chain(base)) >= MOST_VIDEOS:
            raise Problem(400, f"a memory takes at most {MOST_VIDEOS} videos.", code="invalid_value")
        settings = self.settings(vxl, body)
        return self.append_video(base, self.sources.find(body.source, stopped=stopped), settings, title=body.title)

    def add_video(self, video: Video, settings: WatchSettings, *, title: str | None = None) -> Entry:
        """Put a file into the queue, after a look at it."""
        vxl = self._room.vxl
        with self._looked_at(video) as duration_seconds:
            _check_moments(settings, duration_seconds)
            entry = self.library.add(
                video.path, settings, model_name=vxl.name, model_fingerprint=vxl.fingerprint, title=title,
                name=video.name, source_sha256=video.sha256, duration_seconds=duration_seconds,
            )  # fmt: skip
        self._room.look_for_work()
        return entry

    def append_video(self, base: Entry, video: Video, settings: WatchSettings, *, title: str | None = None) -> Entry:
        """Put a file into the queue, to be watched behind another memory."""
        with self._looked_at(video) as duration_seconds:
            _check_moments(settings, duration_seconds)
            entry = self.library.append(
                base.id, video.path, settings, title=title, name=video.name, source_sha256=video.sha256,
                duration_seconds=duration_seconds,
            )  # fmt: skip
        self._room.look_for_work()
        return entry

    def settings(self, vxl: "VideoXL", body: Density) -> WatchSettings:
        """What was asked for, completed and checked by the model."""
        from videoxl.video import SampleConfig

        sample = SampleConfig(
            fps=body.fps,
            num_frames=body.num_frames,
            start_seconds=body.start or 0.0,
            end_seconds=body.end,
            max_frames=body.max_frames,
        )
        return WatchSettings.of(vxl.watch_config(sample, body.ratio, body.planner, body.interval_frames))

    def remove(self, entry_id: str) -> Entry:
        """Take a memory out of the library; whoever reads it just now reads on."""
        entry = self.library.entry(entry_id)
        self.library.remove(entry.id)
        self._let_go(entry)
        return entry

    def import_file(self, path: Path) -> Entry:
        """Take a memory in that was exported."""
        entry = self.library.import_file(path)
        self.make_room(entry)
        return entry

    def make_room(self, newest: Entry) -> None:
        """Where the library holds more bytes than it may, let go of what is unused longest, never of `newest`."""
        most = self._config.limits.disk_bytes
        if most is None:
            return
        try:
            collected = self.library.gc(max_bytes=most, spared=[newest.id])
            for entry in collected.entries:
                self._let_go(entry)
        except (OSError, VideoXLError) as error:  # the memory is there all the same; the next one makes room, too
            logger.error("no room was made on the disk: %s", type(error).__name__)
            return
        self._metrics.evictions.labels("disk").inc(len(collected.entries))
        if collected.entries:
            logger.info("%d memories left the disk, %d bytes freed", len(collected.entries), collected.num_bytes)

    def _let_go(self, entry: Entry) -> None:
        """Of what this server holds beside the library of a memory that was removed."""
        self._room.forget(entry.id)
        if (path := video_path(entry)) is not None:
            self._files.drop(path)

    def note_answer(self, entry: Entry, answer: "Answer") -> int | None:
        """Keep a question and its answer; None where the memory was removed meanwhile."""
        try:
            return self.library.note_answer(entry.id, answer).id
        except EntryNotFoundError:
            return None

    def chain(self, entry: Entry) -> list[Entry]:
        """The entries that a memory was made by, the last one itself; one that was removed ends what is known."""
        chain = [entry]
        while chain[0].base_id is not None and len(chain) < MOST_VIDEOS:
            base = self.find(chain[0].base_id)
            if base is None:
                break
            chain.insert(0, base)
        return chain

    def videos(self, entry: Entry) -> list[MemoryVideo]:
        """The videos of a memory, in order."""
        chain = self.chain(entry)
        known = [MemoryVideo(each.source_name, each.duration_seconds, each) for each in chain]
        is_whole = chain[0].base_id is None and chain[0].source_path is not None
        if entry.state != "ready" or is_whole:
            return known
        with self.library.reading(entry.id) as path:
            sources = inspect(path).manifest.about.sources
        num_unknown = max(0, len(sources) - len(known))
        return [MemoryVideo(source.name, source.duration_seconds, None) for source in sources[:num_unknown]] + known

    def as_json(self, entry: Entry, *, with_intervals: bool = False) -> dict[str, Any]:
        """An entry as the API shows it."""
        progress = self.library.progress(entry.id) if entry.state in ("queued", "watching") else None
        shown: dict[str, Any] = {
            "id": entry.id,
            "object": "memory",
            "title": entry.title,
            "state": entry.state,
            "why": self._redact(entry.why),
            "created_at": entry.created_at,
            "duration": entry.duration_seconds,
            "model": entry.model_name,
            "ratio": entry.ratio,
            "bytes": entry.num_bytes,
            "rows": entry.num_rows,
            "frames": entry.num_frames,
            "num_intervals": entry.num_intervals,
            "num_questions": entry.num_questions,
            "has_video": video_path(entry) is not None,
            "source_name": entry.source_name,
            "source_sha256": entry.source_sha256,
            "base_id": entry.base_id,
            "progress": None,
        }
        if progress is not None:
            shown["progress"] = {
                "frames": progress.num_frames,
                "total": progress.total_frames,
                "frames_per_second": progress.frames_per_second,
                "seconds_left": progress.seconds_left,
            }
        if with_intervals:
            shown |= self._details(entry)
        return shown

    def _details(self, entry: Entry) -> dict[str, Any]:
        kept = self.library.intervals(entry.id)
        return {
            "settings": entry.settings.to_json(),
            "sources": [
                {"name": video.name, "duration": video.duration_seconds, "has_video": video.path is not None}
                for video in self.videos(entry)
            ],
            "intervals": [
                {
                    "index": interval.index,
                    "start": interval.start_seconds,
                    "stop": interval.stop_seconds,
                    "rows": interval.num_rows,
                    "tokens": interval.num_tokens,
                    "ratio": interval.ratio,
                    "source": interval.source,
                }
                for interval in kept
            ],
        }

    @contextmanager
    def _looked_at(self, video: Video) -> Iterator[float]:
        """How long a video lasts; an upload stays until the block ends, and then for as long as an entry needs it.

        Where the block fails, what was fetched for it goes again. Raises Problem (404) where it was deleted since it
        was found.
        """
        try:
            duration_seconds = self.sources.duration(video)
            with self._files.holding(video.path):
                yield duration_seconds
        except VideoNotFoundError as error:
            raise Problem(
                404, f"{video.name} was deleted while it was being added; give it again.", code="file_not_found"
            ) from error
        except BaseException:
            self._files.drop(video.path)
            raise

    def check_model(self, model: str | None) -> None:
        """Refuse (404) another model than the one that is served; None leaves it to the server."""
        if model not in (None, self._config.model_name):
            raise Problem(
                404, f"the model {model[:100]!r} is not served here; expected {self._config.model_name!r}.",
                code="model_not_found", param="model",
            )  # fmt: skip

    def _check_room(self) -> None:
        most = self._config.limits.max_queued
        if self.library.num_waiting() >= most:
            raise Problem(
                429, f"{most} videos wait to be watched already; add more when some are done.", code="queue_full",
                retry_seconds=RETRY_SECONDS,
            )  # fmt: skip


def _check_moments(settings: WatchSettings, duration_seconds: float) -> None:
    """Refuse moments that a video of this length does not have, before it is queued. Raises UsageError."""
    from videoxl.video import SampleConfig, sample_times

    sample = SampleConfig(
        fps=settings.fps,
        num_frames=settings.num_frames,
        timestamps=settings.timestamps,
        start_seconds=settings.start_seconds,
        end_seconds=settings.end_seconds,
        max_frames=settings.max_frames,
    )
    sample_times(duration_seconds, sample)
