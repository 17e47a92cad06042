"""VNBench (VideoNIAH): 1350 films with needles, each asked about four times with the options in another order.

A question is right when all four tries are. The overall number is the plain mean of the nine types, as the authors
count it; `ability` gives the means of retrieval, ordering and counting. A try that was not answered fails its question;
a question without any answer is in no score. So does the authors' script.
"""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import ClassVar

from videoxl.evaluation.annotations import Faults, Row, first_file, read_rows
from videoxl.evaluation.choices import MultipleChoice
from videoxl.evaluation.file_task import FileTask
from videoxl.evaluation.item import Item
from videoxl.evaluation.official import vnbench_letter
from videoxl.evaluation.results import CategoryScore, Mark
from videoxl.evaluation.scoring import ALL_ALIKE, TOTAL, mean_of, score_of, scores_by_category

NUM_TRIES = 4
ANNOTATIONS = ("VNBench-main-4try.json", "VNBench-main-4try.jsonl")
ABILITIES = {"ret": "retrieval", "ord": "ordering", "cnt": "counting"}
"""By the first word of a type."""


@dataclass(frozen=True, slots=True)
class VNBench(FileTask, MultipleChoice):
    """See above."""

    name: ClassVar[str] = "vnbench"
    title: ClassVar[str] = "VNBench: 1350 questions x 4 tries, films of 10 s to 3 minutes"
    needs: ClassVar[str] = "VNBench-main-4try.json, VNBench_new/VIDEO.mp4"
    mean_over: ClassVar[str | None] = "type"
    metric: ClassVar[str] = "all four tries right, mean over types"
    video_folders: ClassVar[tuple[str, ...]] = (".", "VNBench_new", "VNBench", "videos", "video")

    def load_items(self, folder: Path, faults: Faults) -> list[Item]:
        """See `FileTask.load_items`."""
        path = first_file(folder, ANNOTATIONS, faults)
        rows = read_rows(path, faults, needs=("video", "question", "options", "gt", "type", "try")) if path else []
        items = [_item(row) for row in rows]
        for question, count in Counter(item.group for item in items).items():
            if count != NUM_TRIES:
                faults.add(f"question {question}", f"has {count} tries, expected {NUM_TRIES}")
        return items

    def official_letter(self, raw: str, item: Item, guesses: random.Random) -> str:
        """See `MultipleChoice.official_letter`."""
        return vnbench_letter(raw)

    def categories(self, marks: Sequence[Mark]) -> list[CategoryScore]:
        """See `MultipleChoice.categories`."""
        types = scores_by_category(marks, axes=["type"])
        abilities = []
        for word, ability in ABILITIES.items():
            scores = [each.score for each in types if each.category.startswith(word)]
            abilities += [CategoryScore("ability", ability, mean_of(scores))] if scores else []
        return [*abilities, *types, CategoryScore(TOTAL, ALL_ALIKE, score_of(marks))]


def _item(row: Row) -> Item:
    video = row.text("video")
    # Authors' paths begin with "./VNBench/"; a file is looked for by them and by its name alone.
    name = PurePosixPath(video.replace("\\", "/")).name
    stem, options = PurePosixPath(name).stem, row.texts("options")
    answer = row.text("gt")
    letter = "ABCDEFGH"[options.index(answer)] if answer in options else ""
    if options and not letter:
        row.fault(f"the answer {answer!r} is none of the options {options}")
    told = row.values.get("gt_option")
    if isinstance(told, str) and letter and told != letter:
        row.fault(f"gt_option is {told!r}, but gt is option {letter}")
    kind = row.text("type")
    return Item(
        id=f"{stem}_{row.number('try'):g}",
        video=stem,
        question=row.text("question"),
        answer=letter,
        options=options,
        categories={"type": kind, "ability": ABILITIES.get(kind.split("_")[0], "other")},
        path=name,
        group=stem,
        spans=_spans(row.values.get("needle_time")),
    )


def _spans(needle_time: object) -> tuple[tuple[float, float], ...]:
    """Of pairs of seconds; other shapes say nothing that we know."""
    if not isinstance(needle_time, list):
        return ()
    pairs = needle_time if all(isinstance(each, list) for each in needle_time) else [needle_time]
    is_known = all(len(pair) == 2 and all(isinstance(each, int | float) for each in pair) for pair in pairs)
    return tuple((float(start), float(stop)) for start, stop in pairs) if is_known else ()
