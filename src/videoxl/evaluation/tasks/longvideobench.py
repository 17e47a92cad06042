"""LongVideoBench, validation: 1337 questions about films of 8 s to an hour that refer to a moment, often by subtitle.

The authors' script guesses where it reads no letter, and pools the groups of duration and of question category into the
overall number: each item is in it twice, which changes nothing.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from videoxl.evaluation.annotations import Faults, Row, first_file, read_rows
from videoxl.evaluation.choices import MultipleChoice
from videoxl.evaluation.file_task import FileTask
from videoxl.evaluation.item import Item
from videoxl.evaluation.official import longvideobench_letter
from videoxl.evaluation.prompts import choice_prompt
from videoxl.evaluation.subtitles import read_json_subtitles, shown_at
from videoxl.evaluation.task import Loaded

ANNOTATIONS = ("lvb_val.json", "validation-00000-of-00001.parquet", "data/validation-00000-of-00001.parquet")
MOST_OPTIONS = 5
NO_OPTION = "N/A"
AXES = ("duration_group", "question_category", "topic_category")


@dataclass(frozen=True, slots=True)
class LongVideoBench(FileTask, MultipleChoice):
    """See above."""

    subtitles: bool = False
    """Show the subtitles of the frames that are looked at before the question."""

    name: ClassVar[str] = "longvideobench"
    title: ClassVar[str] = "LongVideoBench val: 1337 questions, films of 8 s to an hour"
    needs: ClassVar[str] = "lvb_val.json, videos/VIDEO.mp4, subtitles/VIDEO_en.json"
    video_folders: ClassVar[tuple[str, ...]] = ("videos", ".")

    def load(self, folder: Path | None) -> Loaded:
        """See `Task.load`; with subtitles, which films have some is found out too."""
        loaded = super(LongVideoBench, self).load(folder)
        assert folder is not None
        items = tuple(_with_subtitles(item, folder) for item in loaded.items) if self.subtitles else loaded.items
        return Loaded(items, loaded.missing)

    def load_items(self, folder: Path, faults: Faults) -> list[Item]:
        """See `FileTask.load_items`."""
        path = first_file(folder, ANNOTATIONS, faults)
        rows = read_rows(path, faults, needs=("id", "video_path", "question", "correct_choice")) if path else []
        return [_item(row) for row in rows]

    def prompt(self, item: Item, *, frame_seconds: Sequence[float] = ()) -> str:
        """See `Task.prompt`."""
        if not self.subtitles:
            return choice_prompt(item)
        if item.subtitles is None:
            return choice_prompt(item, subtitles=[])
        lines = read_json_subtitles(
            Path(item.subtitles),
            starting_seconds=item.details["starting_seconds"],
            duration_seconds=item.details["duration_seconds"],
        )
        return choice_prompt(item, subtitles=shown_at(lines, frame_seconds))

    def official_letter(self, raw: str, item: Item, guesses: random.Random) -> str:
        """See `MultipleChoice.official_letter`."""
        return longvideobench_letter(raw, item.letters, guesses)


def _item(row: Row) -> Item:
    options = row.texts("candidates") if "candidates" in row.values else _numbered_options(row)
    choice = row.number("correct_choice")
    item = Item(
        id=row.text("id"),
        video=Path(row.text("video_path")).stem,
        question=row.text("question"),
        answer="",
        options=options,
        categories={axis: row.text(axis) for axis in AXES},
        path=row.text("video_path"),
        subtitles=row.text("subtitle_path") or None,
        details={
            "starting_seconds": row.number("starting_timestamp_for_subtitles"),
            "duration_seconds": row.number("duration"),
        },
    )
    if options and choice not in range(len(options)):
        row.fault(f"correct_choice is {choice:g}, expected 0 to {len(options) - 1}")
        return item
    return replace(item, answer=item.letters[int(choice)]) if options else item


def _numbered_options(row: Row) -> tuple[str, ...]:
    """The table's option0 to option4, of which unused ones say so."""
    told = [row.values.get(f"option{number}") for number in range(MOST_OPTIONS)]
    texts = [NO_OPTION if text is None else str(text) for text in told]
    if NO_OPTION in texts:
        texts = texts[: texts.index(NO_OPTION)]
    if not texts:
        row.fault("it has neither candidates nor option0")
    return tuple(texts)


def _with_subtitles(item: Item, folder: Path) -> Item:
    place = folder / "subtitles" / (item.subtitles or "")
    return replace(item, subtitles=str(place) if place.is_file() else None)
