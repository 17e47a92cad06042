"""A task asked of a model, into a run folder: each video watched once, each item asked once, whatever interrupts it.

    task.load -> items -> by video: watch -> each item: prompt -> ask -> Record, on disk before the next is asked

The memory of a video is let go before the next one is opened. A video that cannot be watched gives its items records
that say why; nothing is left out.
"""

import hashlib
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from videoxl.errors import UsageError, VideoError
from videoxl.evaluation.asker import Asker, Said, Watched
from videoxl.evaluation.item import Item
from videoxl.evaluation.record import Cost, Record, RunHeader, WatchedVideo
from videoxl.evaluation.registry import options_of
from videoxl.evaluation.run_folder import line_of
from videoxl.evaluation.run_progress import RunListener, RunProgress
from videoxl.evaluation.run_settings import RunSettings
from videoxl.evaluation.run_writer import OF_ITEM, OF_VIDEO, RunWriter
from videoxl.evaluation.scratch import Scratch
from videoxl.evaluation.task import Loaded, Task

if TYPE_CHECKING:
    from videoxl.engine.progress import Progress


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What a finished run holds."""

    path: Path
    header: RunHeader
    num_items: int
    num_resumed: int
    """Items that an earlier, interrupted run had asked."""
    failures: tuple[tuple[str, str, int], ...]
    """(video, why, items) of all that could not be asked."""

    @property
    def num_failed(self) -> int:
        """Items that have a record without an answer."""
        return sum(num_items for _, _, num_items in self.failures)


def run_task(
    task: Task,
    loaded: Loaded,
    asker: Asker,
    path: Path,
    *,
    settings: RunSettings,
    listener: RunListener | None = None,
) -> RunSummary:
    """Ask every item, or those that an interrupted run has left, and write `path`.

    Raises:
        UsageError: `path` holds another run, or something else.
        EvaluationError: What it holds is damaged.
    """
    items = settings.asked(loaded.items)
    header = run_header(task, items, asker)
    groups = list(Loaded(items).by_video())
    order = [item.id for _, group in groups for item in group]
    with RunWriter(path, header, items, order=order) as writer:
        run = _Run(task, asker, writer, _missing(loaded), groups, listener)
        run.ask_all()
        return RunSummary(path, header, len(items), run.num_resumed, _failures(writer.records.values()))


def run_header(task: Task, items: Sequence[Item], asker: Asker) -> RunHeader:
    """All that decides the answers of a run."""
    return RunHeader(
        task=task.name,
        task_options=options_of(task),
        model=asker.name,
        fingerprint=asker.fingerprint,
        settings=asker.settings(),
        num_items=len(items),
        items_sha256=hashlib.sha256("".join(map(line_of, items)).encode()).hexdigest(),
        versions=asker.versions(),
    )


class _Run:
    """One pass over the videos, in order."""

    def __init__(
        self,
        task: Task,
        asker: Asker,
        writer: RunWriter,
        missing: dict[str, str],
        groups: Sequence[tuple[str, tuple[Item, ...]]],
        listener: RunListener | None,
    ) -> None:
        self._task, self._asker, self._writer, self._missing = task, asker, writer, missing
        self._groups, self._listener, self._scratch = groups, listener, Scratch(writer.path)
        self._began, self._num_videos, self._video = time.perf_counter(), 0, ""
        self.num_resumed = len(writer.records)

    def ask_all(self) -> None:
        """Every video that has items without a record."""
        for video, items in self._groups:
            left = [item for item in items if item.id not in self._writer.records]
            if left:
                self._video = video
                self._tell()
                self._ask_video(left)
                self._scratch.clear()
            self._num_videos += 1
        self._tell()

    def _ask_video(self, items: Sequence[Item]) -> None:
        """Watch, and ask; what was watched is forgotten on return."""
        watched: Watched | None = None
        if self._asker.watches:
            watched, video = self._watch(items[0])
            self._writer.write_video(video, None if watched is None else _video_cost(watched))
            if video.failure is not None:
                for item in items:
                    self._write(_unasked(item, video.failure), None)
                return
        for item in items:
            self._write(*self._ask(item, watched))

    def _watch(self, item: Item) -> tuple[Watched | None, WatchedVideo]:
        """A video, or why there is none."""
        if item.video in self._missing:
            return None, _unwatched(item, self._missing[item.video])
        scratch = self._scratch.place(item.video)
        try:
            source = self._task.open(item)
            watched = self._asker.watch(item, source, scratch=scratch, listener=self._tell_watching)
        except VideoError as error:
            return None, _unwatched(item, str(error))
        return watched, watched.video

    def _ask(self, item: Item, watched: Watched | None) -> tuple[Record, Cost | None]:
        frame_seconds = () if watched is None else watched.video.frame_seconds
        prompt = self._task.prompt(item, frame_seconds=frame_seconds)
        began = time.perf_counter()
        try:
            said = self._asker.ask(
                watched, item, prompt,
                asking=self._task.asking, max_new_tokens=item.max_new_tokens or self._task.max_new_tokens,
            )  # fmt: skip
        except UsageError as error:  # a question that is too long; the others are none the worse
            return _unasked(item, str(error)), None
        if said.raw is None:
            return _unasked(item, said.failure or "nothing was said"), None
        seconds = time.perf_counter() - began
        cost = Cost(OF_ITEM + item.id, seconds, said.first_token_seconds, said.peak_memory_bytes)
        return _record(item, prompt, said, num_frames=len(frame_seconds)), cost

    def _write(self, record: Record, cost: Cost | None) -> None:
        self._writer.write_record(record, cost)
        self._tell()

    def _tell_watching(self, watching: "Progress") -> None:
        self._tell(watching)

    def _tell(self, watching: "Progress | None" = None) -> None:
        if self._listener is None:
            return
        told = RunProgress(
            num_items=len(self._writer.records),
            total_items=sum(len(items) for _, items in self._groups),
            num_videos=self._num_videos,
            total_videos=len(self._groups),
            elapsed_seconds=time.perf_counter() - self._began,
            num_resumed=self.num_resumed,
            video=self._video,
        )
        self._listener(replace(told, watching=watching))


def _record(item: Item, prompt: str, said: Said, *, num_frames: int) -> Record:
    return Record(
        item=item.id,
        video=item.video,
        prompt=prompt,
        raw=said.raw,
        evidence=said.evidence,
        num_frames=num_frames,
        memory_rows=said.memory_rows,
        prompt_tokens=said.prompt_tokens,
        answer_tokens=said.answer_tokens,
        finished=said.finished,
        details=said.details,
    )


def _video_cost(watched: Watched) -> Cost:
    return Cost(OF_VIDEO + watched.video.video, watched.seconds, None, watched.peak_memory_bytes)


def _unasked(item: Item, failure: str) -> Record:
    return Record(item=item.id, video=item.video, prompt="", raw=None, failure=failure)


def _unwatched(item: Item, failure: str) -> WatchedVideo:
    return WatchedVideo(
        video=item.video, path=item.path, decoder="", frame_seconds=(), num_lost=0, memory_rows=0, memory_bytes=0,
        failure=failure,
    )  # fmt: skip


def _missing(loaded: Loaded) -> dict[str, str]:
    """Why each video that is not there cannot be watched."""
    return {each.video: f"the video is missing: expected {each.looked_for}" for each in loaded.missing}


def _failures(records: Iterable[Record]) -> tuple[tuple[str, str, int], ...]:
    counts: dict[tuple[str, str], int] = {}
    for record in records:
        if record.failure is not None:
            counts[record.video, record.failure] = counts.get((record.video, record.failure), 0) + 1
    return tuple((video, failure, num_items) for (video, failure), num_items in counts.items())
