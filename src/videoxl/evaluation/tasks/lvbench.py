"""LVBench: 1549 questions about 103 films of half an hour and more, each with the times that hold its answer.

The authors write options into the question, "\\n(A) ...", and one line a video. A question has one to three types and
counts in each, as in the authors' script; `first_type` counts it in its first alone, as some published tables do.
"""

import random
import re
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from videoxl.evaluation.annotations import Faults, Row, first_file, read_rows
from videoxl.evaluation.choices import MultipleChoice
from videoxl.evaluation.file_task import FileTask
from videoxl.evaluation.item import LETTERS, SEVERAL, Item
from videoxl.evaluation.official import lvbench_letter

ANNOTATIONS = ("video_info.meta.jsonl", "data/video_info.meta.jsonl")
DOWNLOADS = ("videos", "scripts/videos")
_OPTION = re.compile(r"\n\s*\(([A-Z])\)[ \t]*")


@dataclass(frozen=True, slots=True)
class LVBench(FileTask, MultipleChoice):
    """See above."""

    name: ClassVar[str] = "lvbench"
    title: ClassVar[str] = "LVBench: 1549 questions, films of half an hour to two"
    needs: ClassVar[str] = "video_info.meta.jsonl, videos/KEY.mp4 (or as the authors' script downloads them)"
    video_folders: ClassVar[tuple[str, ...]] = (
        "videos",
        "all_videos",
        "video",
        "scripts/videos",
        ".",
    )

    def load_items(self, folder: Path, faults: Faults) -> list[Item]:
        """See `FileTask.load_items`."""
        path = first_file(folder, ANNOTATIONS, faults)
        rows = read_rows(path, faults, needs=("key", "qa")) if path else []
        return [_item(question, row.text("key"), row) for row in rows for question in row.rows("qa")]

    def videos_by_name(self, folder: Path) -> dict[str, Path]:
        """What the authors' script downloads: numbered files, each with the address it came from beside it."""
        found = {}
        for below in DOWNLOADS:
            for told in sorted((folder / below).glob("*/*.json")):
                address = re.search(r'"url":\s*"[^"]*?v=([\w-]+)', told.read_text(encoding="utf-8", errors="replace"))
                if address and told.with_suffix(".mp4").is_file():
                    found[address[1]] = told.with_suffix(".mp4")
        return found

    def official_letter(self, raw: str, item: Item, guesses: random.Random) -> str:
        """See `MultipleChoice.official_letter`."""
        return lvbench_letter(raw)


def _item(question: Row, video: str, row: Row) -> Item:
    text, *parts = _OPTION.split(question.text("question"))
    letters, options = "".join(parts[::2]), tuple(part.strip() for part in parts[1::2])
    answer = question.text("answer").strip().upper()
    if letters != LETTERS[: len(options)] or len(options) < 2:
        question.fault(
            f"options are lettered {letters or 'not at all'}, expected (A), (B) and so on within the question"
        )
    elif len(answer) != 1 or answer not in letters:
        question.fault(f"the answer {answer!r} is none of the options {letters}")
    types = question.texts("question_type")
    return Item(
        id=question.text("uid"),
        video=video,
        question=text.strip(),
        answer=answer,
        options=options,
        categories={
            "question_type": SEVERAL.join(types),
            "first_type": types[0] if types else "",
            "video_type": str(row.values.get("type") or "unknown"),
        },
        spans=_spans(question),
    )


def _spans(question: Row) -> tuple[tuple[float, float], ...]:
    """Of "00:15-00:19" or one time; anything else, as "full video", says nothing."""
    clocks = re.findall(r"\d+(?::\d+)+", str(question.values.get("time_reference") or ""))
    seconds = [_seconds(clock) for clock in clocks]
    return ((min(seconds), max(seconds)),) if seconds else ()


def _seconds(clock: str) -> float:
    total = 0.0
    for part in clock.split(":"):
        total = 60 * total + int(part)
    return total
