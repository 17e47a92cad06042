"""Items of our benchmarks as rows of a data set of lmms-eval, and their answers as our scorers take them.

A task's YAML names a file of one row that says which benchmark it is and where its data lie; `rows_of` turns it into a
row for each item. Loading, wording, parsing and scoring are those of `videoxl evaluate`: one source for both.
"""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from videoxl.errors import AnnotationError
from videoxl.evaluation.item import Item
from videoxl.evaluation.record import Record
from videoxl.evaluation.registry import find_task
from videoxl.evaluation.results import Results
from videoxl.evaluation.task import Parser, Task

NUM_MISSING_SHOWN = 10
HARNESS_HOME = "~/.cache/huggingface"
"""Where lmms-eval unpacks the videos of its own tasks, unless HF_HOME says otherwise."""


def rows_of(sources: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """A row for each item of the benchmarks that `sources` name, as {"task", "folder", "options"}.

    `options` is JSON text. A folder that is not absolute is looked for where lmms-eval keeps videos, below HF_HOME.

    Raises:
        AnnotationError: Annotations are faulty, or videos are missing; all of them are named, and nothing is loaded.
    """
    return [row for source in sources for row in _rows(source)]


def task_of(row: Mapping[str, Any]) -> Task:
    """The task that a row belongs to."""
    return find_task(row["task"], json.loads(row["options"] or "{}"))


def item_of(row: Mapping[str, Any]) -> Item:
    """The item that a row holds."""
    return Item.from_json(json.loads(row["item"]))


def score(answered: Sequence[Mapping[str, Any]], *, parser: Parser) -> Results:
    """Results of rows with what was answered: `raw`, and `details` where the task's scorer reads them."""
    items = [item_of(row) for row in answered]
    records = [
        Record(item=item.id, video=item.video, prompt="", raw=row["raw"], details=row.get("details", {}))
        for item, row in zip(items, answered, strict=True)
    ]
    return task_of(answered[0]).score(items, records, parser=parser)


def _rows(source: Mapping[str, Any]) -> list[dict[str, str]]:
    folder = Path(os.environ.get("HF_HOME", HARNESS_HOME)).expanduser() / source["folder"]
    task = task_of(source)
    loaded = task.load(folder)
    if loaded.missing:
        shown = ", ".join(video.looked_for for video in loaded.missing[:NUM_MISSING_SHOWN])
        more = len(loaded.missing) - NUM_MISSING_SHOWN
        raise AnnotationError(
            f"{task.name}: {len(loaded.missing)} videos of {loaded.num_items_missing} questions are missing, nothing "
            f"was loaded: {shown}" + (f" and {more} more." if more > 0 else ".")
        )
    return [
        {
            "task": source["task"],
            "folder": str(folder),
            "options": source["options"],
            "id": item.id,
            "video": item.video,
            "answer": item.answer,
            "item": json.dumps(item.to_json()),
        }
        for item in loaded.items
    ]
