"""A task asked of a model, into a run folder: each video watched once, each item answered once, whatever interrupts it.

    task.load -> items -> by video: watch -> each batch of items: prompts -> ask -> Records, on disk before the next

A batch of which a kill has left a part is asked again whole, and only what is missing of it is written. The memory of a
video is let go before the next one is opened. A video that cannot be watched gives its items records that say why;
nothing is left out. Runs of one task that differ in who is asked, or how, go side by side.
"""

import hashlib
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from videoxl.errors import VideoError
from videoxl.evaluation.asker import Asker, Prompt, Said, Watched
from videoxl.evaluation.batches import batch_of, cut
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


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """Who is to be asked, how, and where it is written."""

    asker: Asker
    path: Path
    settings: RunSettings


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
    [summary] = run_side_by_side(task, loaded, [PlannedRun(asker, path, settings)], listener=listener)
    return summary


def run_side_by_side(
    task: Task, loaded: Loaded, planned: Sequence[PlannedRun], *, listener: RunListener | None = None
) -> list[RunSummary]:
    """Several runs of one task, video by video: all of them ask about one before any goes on to the next.

    Each writes what it would have written alone, and is gone on with as if it had been. Askers that share their
    `Eyes` read and encode each video once. Raises what `run_task` raises.
    """
    with ExitStack() as stack:
        runs = [_Run(task, loaded, each, stack) for each in planned]
        for run in runs:
            run.telling = _Telling(runs, listener)
        videos = dict.fromkeys(video for run in runs for video in run.groups)
        for video in videos:
            for run in runs:
                run.ask_about(video)
        for run in runs:
            run.telling.tell()
        return [run.summary() for run in runs]


def run_header(task: Task, items: Sequence[Item], asker: Asker, *, batch: int) -> RunHeader:
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
        batch=batch,
    )


class _Run:
    """One run folder on its way; asks about one video at a time."""

    def __init__(self, task: Task, loaded: Loaded, planned: PlannedRun, stack: ExitStack) -> None:
        self.path, self._task, self._asker = planned.path, task, planned.asker
        items = planned.settings.asked(loaded.items)
        self.groups = dict(Loaded(items).by_video())
        batch = batch_of(planned.path, task, planned.settings.batch)
        self._header = run_header(task, items, planned.asker, batch=batch)
        order = [item.id for group in self.groups.values() for item in group]
        self._writer = stack.enter_context(RunWriter(planned.path, self._header, items, order=order))
        self._scratch = Scratch(planned.path)
        self._missing = _missing(loaded)
        self.num_items, self.num_resumed = len(items), len(self._writer.records)
        self.num_videos = 0
        self.telling: _Telling

    @property
    def num_asked(self) -> int:
        """Items that have a record."""
        return len(self._writer.records)

    def ask_about(self, video: str) -> None:
        """Every item of a video that has no record."""
        batches = cut(self.groups.get(video, ()), self._header.batch)
        left = [batch for batch in batches if any(item.id not in self._writer.records for item in batch)]
        if left:
            self.telling.video = video
            self.telling.tell()
            self._ask_video(left)
            self._scratch.clear()
        self.num_videos += video in self.groups

    def summary(self) -> RunSummary:
        """What the folder holds now."""
        failures = _failures(self._writer.records.values())
        return RunSummary(self.path, self._header, self.num_items, self.num_resumed, failures)

    def _ask_video(self, batches: Sequence[Sequence[Item]]) -> None:
        """Watch, and ask; what was watched is forgotten on return."""
        watched: Watched | None = None
        if self._asker.watches:
            watched, video = self._watch(batches[0][0])
            self._writer.write_video(video, None if watched is None else _video_cost(watched))
            if video.failure is not None:
                self._write([(_unasked(item, video.failure), None) for batch in batches for item in batch])
                return
        for batch in batches:
            self._write(self._ask(batch, watched))

    def _watch(self, item: Item) -> tuple[Watched | None, WatchedVideo]:
        """A video, or why there is none."""
        if item.video in self._missing:
            return None, _unwatched(item, self._missing[item.video])
        scratch = self._scratch.place(item.video)
        try:
            source = self._task.open(item)
            watched = self._asker.watch(item, source, scratch=scratch, listener=self.telling.tell)
        except VideoError as error:
            return None, _unwatched(item, str(error))
        return watched, watched.video

    def _ask(self, batch: Sequence[Item], watched: Watched | None) -> "list[tuple[Record, Cost | None]]":
        frame_seconds = () if watched is None else watched.video.frame_seconds
        prompts = [
            Prompt(
                item=item,
                text=self._task.prompt(item, frame_seconds=frame_seconds),
                max_new_tokens=item.max_new_tokens or self._task.max_new_tokens,
            )
            for item in batch
        ]
        began = time.perf_counter()
        all_said = self._asker.ask(watched, prompts, asking=self._task.asking)
        together = sum(said.raw is not None for said in all_said)
        seconds = (time.perf_counter() - began) / max(together, 1)
        return [
            (_unasked(prompt.item, said.failure or "nothing was said"), None)
            if said.raw is None
            else (
                _record(prompt, said, num_frames=len(frame_seconds)),
                Cost(OF_ITEM + prompt.item.id, seconds, said.first_token_seconds, said.peak_memory_bytes, together),
            )
            for prompt, said in zip(prompts, all_said, strict=True)
        ]

    def _write(self, answers: "Sequence[tuple[Record, Cost | None]]") -> None:
        """Those of a batch that were written before it was cut short are there already."""
        for record, cost in answers:
            if record.item not in self._writer.records:
                self._writer.write_record(record, cost)
                self.telling.tell()


class _Telling:
    """How far all the runs are together."""

    def __init__(self, runs: "Sequence[_Run]", listener: RunListener | None) -> None:
        self._runs, self._listener, self._began = runs, listener, time.perf_counter()
        self.video = ""

    def tell(self, watching: "Progress | None" = None) -> None:
        if self._listener is None:
            return
        told = RunProgress(
            num_items=sum(run.num_asked for run in self._runs),
            total_items=sum(run.num_items for run in self._runs),
            num_videos=min(run.num_videos for run in self._runs),
            total_videos=max(len(run.groups) for run in self._runs),
            elapsed_seconds=time.perf_counter() - self._began,
            num_resumed=sum(run.num_resumed for run in self._runs),
            video=self.video,
            watching=watching,
        )
        self._listener(told)


def _record(prompt: Prompt, said: Said, *, num_frames: int) -> Record:
    return Record(
        item=prompt.item.id,
        video=prompt.item.video,
        prompt=prompt.text,
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
