"""A run on its way to disk: begun or gone on with, one writer at a time, each line whole or not there.

What is in `answers.jsonl` is done and is never written again. It stands there in the order of asking, so a run that
goes on appends just what an uninterrupted one would have.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

from videoxl.errors import EvaluationError, UsageError
from videoxl.evaluation.document import Document
from videoxl.evaluation.item import Item
from videoxl.evaluation.record import Cost, Record, RunHeader, WatchedVideo
from videoxl.evaluation.run_folder import (
    ANSWERS,
    COSTS,
    HEADER,
    ITEMS,
    VIDEOS,
    line_of,
    naming_file,
    read_header,
    read_lines,
    whole_lines,
    write_documents,
    write_json,
)
from videoxl.memory.folder import LOCK_NAME
from videoxl.memory.lock import FolderLock

OF_ITEM, OF_VIDEO = "item ", "video "


class RunWriter:
    """Writes one run folder; a context, at whose end the folder may be written by others."""

    def __init__(self, path: Path, header: RunHeader, items: Sequence[Item], *, order: Sequence[str]) -> None:
        """Begin a run, or go on with it.

        Args:
            items: as they stand in the task.
            order: ids of the items in the order of asking.

        Raises:
            UsageError: The folder holds another run, or no run and other things; nothing in it is changed then.
            EvaluationError: What it holds is damaged.
        """
        _check_folder(path)
        path.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._lock = FolderLock(path)
        self._files: dict[str, TextIO] = {}
        try:
            if (path / HEADER).exists():
                _check_same(path, header, items)
            else:
                write_documents(path / ITEMS, items)
                write_json(path / HEADER, header.to_json())
            self.records = {record.item: record for record in _done(path, order)}
            self._videos = {each.video: each for each in whole_lines(path / VIDEOS, WatchedVideo)}
            self._drop_costs(items)
            for name in (ANSWERS, VIDEOS, COSTS):
                self._files[name] = (path / name).open("a", encoding="utf-8", newline="\n")
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the folder go; what was written stays."""
        with ExitStack() as stack:  # each is let go, also where a full disk keeps another from ending well
            stack.callback(self._lock.release)
            for name, file in self._files.items():
                stack.enter_context(naming_file(self.path / name))
                stack.callback(file.close)

    def write_video(self, video: WatchedVideo, cost: Cost | None) -> None:
        """Say how a video was watched; one that was watched before the run was interrupted must be the same again."""
        before = self._videos.get(video.video)
        if before is None:
            self._videos[video.video] = video
            self._append(VIDEOS, video)
        elif before != video:
            raise EvaluationError(
                f"{self.path / VIDEOS} says that {video.video} was watched with {_told(before)}; now it is "
                f"{_told(video)}. The video has changed since the run was begun: write to another folder."
            )
        if cost is not None:
            self._append(COSTS, cost)

    def write_record(self, record: Record, cost: Cost | None) -> None:
        """Keep what came back on an item; it is done then."""
        if cost is not None:
            self._append(COSTS, cost)
        self._append(ANSWERS, record)
        self.records[record.item] = record

    def _append(self, name: str, document: Document) -> None:
        with naming_file(self.path / name):
            self._files[name].write(line_of(document))
            self._files[name].flush()

    def _drop_costs(self, items: Sequence[Item]) -> None:
        """Take out what was spent on work that is done again now, so that each cost stands once."""
        costs = whole_lines(self.path / COSTS, Cost)
        again = {OF_ITEM + item.id for item in items if item.id not in self.records}
        again |= {OF_VIDEO + item.video for item in items if item.id not in self.records}
        kept = [cost for cost in costs if cost.of not in again]
        if len(kept) < len(costs):
            write_documents(self.path / COSTS, kept)


def _check_folder(path: Path) -> None:
    """Refuse a folder that holds something else, before anything is written to it."""
    if path.exists() and not path.is_dir():
        raise UsageError(f"{path} is a file: a run is a folder. Give another name with -o.")
    if path.is_dir() and not (path / HEADER).exists():
        ours = {ITEMS, LOCK_NAME, f".{ITEMS}.part", f".{HEADER}.part"}  # what a kill at the very beginning leaves
        others = sorted(each.name for each in path.iterdir() if each.name not in ours)
        if others:
            raise UsageError(f"{path} holds {others[0]} and no {HEADER}: it is no run. Give another folder with -o.")


def _check_same(path: Path, header: RunHeader, items: Sequence[Item]) -> None:
    """Refuse to go on with another run; the first thing that differs is named."""
    before = read_header(path)
    difference = _difference(before, header) or _item_difference(path, before, header, items)
    if difference:
        raise UsageError(
            f"{path} holds another run: {difference}. Give another folder with -o, or what that run was begun with."
        )


def _difference(before: RunHeader, now: RunHeader) -> str:
    if before.task != now.task:
        return f"its task is {before.task}, this one's {now.task}"
    options = _first_difference(before.task_options, now.task_options)
    if options:
        return f"its option {options}"
    if before.fingerprint != now.fingerprint or (not now.fingerprint and before.model != now.model):
        return (
            f"its model is {before.model} ({before.fingerprint[:12] or 'no weights'}), "
            f"this one's {now.model} ({now.fingerprint[:12] or 'no weights'})"
        )
    settings = _first_difference({**before.settings, "batch": before.batch}, {**now.settings, "batch": now.batch})
    return f"its {settings}" if settings else ""


def _first_difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    before, now = (json.loads(json.dumps(each)) for each in (before, now))  # tuples are lists in a file
    for name in dict.fromkeys([*now, *before]):
        if before.get(name) != now.get(name):
            return f"{name} is {before.get(name)}, this one's {now.get(name)}"
    return ""


def _item_difference(path: Path, before: RunHeader, now: RunHeader, items: Sequence[Item]) -> str:
    if before.items_sha256 == now.items_sha256:
        return ""
    if before.num_items != now.num_items:
        return f"it has {before.num_items} items, this one {now.num_items}"
    for number, (one, other) in enumerate(zip(read_lines(path / ITEMS, Item), items, strict=True), start=1):
        if line_of(one) != line_of(other):
            fields = _first_difference(one.to_json(), other.to_json())
            return f"of item {number}, {one.id}, the {fields}"
    return f"its {ITEMS} is not the one that it was begun with"


def _done(path: Path, order: Sequence[str]) -> list[Record]:
    """The records of an earlier run, which must be the first ones of the order."""
    records = whole_lines(path / ANSWERS, Record)
    for number, record in enumerate(records):
        expected = order[number] if number < len(order) else "nothing"
        if record.item != expected:
            raise EvaluationError(
                f"{path / ANSWERS} line {number + 1} answers {record.item}, expected {expected}: it was changed. "
                "Take the lines from there on out, or write to another folder."
            )
    return records


def _told(video: WatchedVideo) -> str:
    what = f"{len(video.frame_seconds)} frames ({video.num_lost} lost) into {video.memory_rows} rows"
    return what if video.failure is None else f"no frames: {video.failure}"
