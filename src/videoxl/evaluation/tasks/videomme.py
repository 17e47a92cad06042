"""Video-MME: 2700 questions about 900 films, short, medium and long, with or without their subtitles.

Annotations are the authors' table (parquet, or the same rows as JSON, JSONL or CSV) or their nested JSON with the
questions of a video in a list. The authors' script divides by the answers in which it finds a letter.
"""

import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from videoxl.errors import UsageError
from videoxl.evaluation.annotations import Faults, Row, first_file, read_rows
from videoxl.evaluation.choices import MultipleChoice
from videoxl.evaluation.file_task import FileTask
from videoxl.evaluation.item import Item
from videoxl.evaluation.official import videomme_letter
from videoxl.evaluation.prompts import choice_prompt
from videoxl.evaluation.subtitles import read_srt, shown_at
from videoxl.evaluation.task import Loaded

DURATIONS = ("short", "medium", "long")
AXES = ("duration", "domain", "sub_category", "task_type")
ANNOTATIONS = (
    "videomme/test-00000-of-00001.parquet",
    "test-00000-of-00001.parquet",
    *(f"{stem}.{suffix}" for stem in ("videomme", "Video-MME", "test") for suffix in ("jsonl", "json", "csv")),
)
SUBTITLE_FOLDERS = ("subtitle", "subtitles")
_LETTERED = re.compile(r"^\s*\(?([A-Z])[.):]\s*")


@dataclass(frozen=True, slots=True)
class VideoMME(FileTask, MultipleChoice):
    """See above."""

    subtitles: bool = False
    """Show the subtitles of the frames that are looked at before the question."""
    durations: tuple[str, ...] = DURATIONS
    """Which films: short, medium, long."""

    name: ClassVar[str] = "videomme"
    title: ClassVar[str] = "Video-MME: 2700 questions, films of 11 s to an hour"
    needs: ClassVar[str] = (
        "videomme/test-00000-of-00001.parquet (or videomme.jsonl), data/VIDEOID.mp4, subtitle/VIDEOID.srt"
    )
    video_folders: ClassVar[tuple[str, ...]] = ("data", "videos", "video", ".")
    official_leaves_out_unread: ClassVar[bool] = True

    def __post_init__(self) -> None:
        strange = sorted(set(self.durations) - set(DURATIONS))
        if strange or not self.durations:
            raise UsageError(
                f"videomme's durations are {', '.join(self.durations) or 'none'}: expected of {DURATIONS}."
            )

    def load(self, folder: Path | None) -> Loaded:
        """See `Task.load`; with subtitles, which films have some is found out too."""
        loaded = super(VideoMME, self).load(folder)
        assert folder is not None
        items = tuple(_with_subtitles(item, folder) for item in loaded.items) if self.subtitles else loaded.items
        return Loaded(items, loaded.missing)

    def load_items(self, folder: Path, faults: Faults) -> list[Item]:
        """See `FileTask.load_items`."""
        path = first_file(folder, ANNOTATIONS, faults)
        if path is None:
            return []
        rows = read_rows(path, faults, needs=("duration", "domain"))
        items = [_item(row) for row in _flat(rows)]
        return [item for item in items if item.categories["duration"] in self.durations]

    def prompt(self, item: Item, *, frame_seconds: Sequence[float] = ()) -> str:
        """See `Task.prompt`."""
        if not self.subtitles:
            return choice_prompt(item)
        lines = read_srt(Path(item.subtitles)) if item.subtitles else []
        return choice_prompt(item, subtitles=shown_at(lines, frame_seconds))

    def official_letter(self, raw: str, item: Item, guesses: random.Random) -> str:
        """See `MultipleChoice.official_letter`."""
        return videomme_letter(raw)


def _flat(rows: Iterable[Row]) -> Iterable[Row]:
    """One row a question: the nested layout names what its questions share once."""
    for row in rows:
        if "questions" not in row.values:
            yield row
            continue
        shared = {name: value for name, value in row.values.items() if name != "questions"}
        for question in row.rows("questions"):
            yield Row(question.place, {**shared, **question.values}, row.faults)


def _item(row: Row) -> Item:
    name = "videoID" if "videoID" in row.values else "video_id"
    options = tuple(_LETTERED.sub("", option) for option in row.texts("options"))
    answer = row.text("answer").strip().upper()
    item = Item(
        id=row.text("question_id"),
        video=row.text(name),
        question=row.text("question"),
        answer=answer,
        options=options,
        categories={axis: row.text(axis) for axis in AXES},
    )
    if options and (len(answer) != 1 or answer not in item.letters):
        row.fault(f"the answer {answer!r} is none of the options {item.letters}")
    if item.categories["duration"] not in DURATIONS:
        row.fault(f"duration is {item.categories['duration']!r}, expected one of {', '.join(DURATIONS)}")
    return item


def _with_subtitles(item: Item, folder: Path) -> Item:
    places = [folder / below / f"{item.video}.srt" for below in SUBTITLE_FOLDERS]
    return replace(item, subtitles=next((str(place) for place in places if place.is_file()), None))
