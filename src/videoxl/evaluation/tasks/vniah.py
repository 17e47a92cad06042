"""V-NIAH (LongVA): five pictures, each put into a long film at every depth of every length, and asked about.

A question counts where every token of its answer is the model's first choice after the tokens before it, as its authors
count it: nothing is generated. A film of F frames, one a second, has its needle in front of frame int(depth x F).
Depths are 0 to 1 in steps of 0.2. The haystack is not distributed by the authors: give any film that is long enough, or
take `haystack=synth`, films made from code.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from videoxl.errors import EvaluationError, UsageError, VideoError
from videoxl.evaluation.annotations import Faults, Row, first_file, read_rows
from videoxl.evaluation.asker import WATCH_OPTIONS
from videoxl.evaluation.item import Item
from videoxl.evaluation.judge import Judgement
from videoxl.evaluation.prompts import free_prompt
from videoxl.evaluation.record import Record
from videoxl.evaluation.results import Mark, Results
from videoxl.evaluation.scoring import axes_of, by_category, score_of, scores_by_category
from videoxl.evaluation.task import DEFAULT_SEED, Asking, Loaded, Parser
from videoxl.evaluation.trivial import level_of

if TYPE_CHECKING:
    from videoxl.video.source import VideoSource, Watchable

NEEDLES = ("needles.json", "dataset.json", "needle_datasets/dataset.json", "needles.jsonl")
PICTURE_FOLDERS = (".", "images")
HAYSTACKS = ("haystack.*", "long_video.*", "data/long_video.*", "data/haystack_videos/*")
SYNTH = "synth"
NUM_NEEDLES = 5
FPS = 1.0
MAX_TOKENS = 16


@dataclass(frozen=True, slots=True)
class VNiah:
    """See above."""

    name: ClassVar[str] = "vniah"
    title: ClassVar[str] = "V-NIAH: 5 needles x 15 lengths of 200 to 3000 frames x 6 depths, teacher-forced"
    needs: ClassVar[str] = "needles.json or dataset.json with its pictures, and a long film named haystack.mp4"
    metric: ClassVar[str] = "accuracy, every token of the answer the first choice"
    mean_over: ClassVar[str | None] = None
    max_new_tokens: ClassVar[int] = MAX_TOKENS
    asking: ClassVar[Asking] = "teacher_forced"

    frames: tuple[int, ...] = tuple(range(200, 3001, 200))
    depths: int = 6
    """Evenly from 0 to 1; one alone is the middle."""
    haystack: str = ""
    """A film instead of the folder's, or synth."""
    seed: int = 0
    """Of the haystack that is made from code."""
    split: str = "test"

    def load(self, folder: Path | None) -> Loaded:
        """See `Task.load`."""
        if folder is None or not folder.exists():
            raise UsageError(f"{self.name} needs --data FOLDER with {self.needs}.")
        if not self.frames or min(self.frames) < 1 or self.depths < 1:
            raise UsageError(
                f"vniah's options frames and depths are {self.frames} and {self.depths}, expected 1 or more."
            )
        faults = Faults(self.name)
        path = first_file(folder, NEEDLES, faults)
        rows = read_rows(path, faults, needs=("answer",)) if path else []
        needles = [_Needle.read(row, path.parent) for row in rows if path]
        if rows and len(rows) != NUM_NEEDLES:
            faults.add(path.name if path else "", f"has {len(rows)} needles, the protocol has {NUM_NEEDLES}")
        haystack = self._haystack(folder, faults)
        faults.stop_if_any()
        return Loaded(tuple(self._items(needles, haystack)))

    def open(self, item: Item) -> "str | Watchable":
        """See `Task.open`."""
        from videoxl.evaluation.haystack import Haystack

        about = item.details
        return Haystack(
            self._film(item.path, about["frames"]),
            Path(about["needle"]),
            place=about["place"],
            num_frames=about["frames"],
            name=item.video,
        )

    def prompt(self, item: Item, *, frame_seconds: Sequence[float] = ()) -> str:
        """See `Task.prompt`. The authors' questions say themselves how to answer."""
        return free_prompt(item)

    def score(
        self,
        items: Sequence[Item],
        records: Sequence[Record],
        *,
        parser: Parser = "strict",
        seed: int = DEFAULT_SEED,
        judgements: Mapping[str, Judgement] | None = None,
    ) -> Results:
        """See `Task.score`. Nothing is parsed, so both parsers are the same."""
        answered = {record.item: record for record in records if record.raw is not None}
        asked = {item.id: item for item in items if item.id in answered}
        marks = tuple(_mark(item, answered[item.id]) for item in asked.values())
        num_missing = len(items) - len(marks)
        return Results(
            task=self.name,
            parser=parser,
            metric=self.metric,
            overall=score_of(marks) if marks else None,
            by=tuple(scores_by_category(marks)),
            marks=marks,
            num_items=len(items),
            num_missing=num_missing,
            num_unparsed=0,
            notes=(f"{num_missing} of {len(items)} items have no answer and are in no score.",) if num_missing else (),
            extra={"trivial": _trivial(asked, marks)} if marks else {},
        )

    def _items(self, needles: Sequence["_Needle"], haystack: str | None) -> list[Item]:
        cells = [(frames, depth) for frames in self.frames for depth in range(self.depths)]
        return [
            self._item(needle, number, frames, depth, haystack)
            for frames, depth in cells
            for number, needle in enumerate(needles, start=1)
        ]

    def _item(self, needle: "_Needle", number: int, frames: int, depth: int, haystack: str | None) -> Item:
        share = 0.5 if self.depths == 1 else depth / (self.depths - 1)
        place = frames // 2 if self.depths == 1 else depth * frames // (self.depths - 1)
        percent = f"{round(100 * share)} %"
        return Item(
            id=f"{frames}-{round(100 * share)}-{number}",
            video=f"vniah-{frames}-{round(100 * share)}-{number}",
            question=needle.question,
            answer=needle.answer,
            categories={"frames": str(frames), "depth": percent, "needle": needle.path.stem},
            path=haystack,
            spans=((float(place), float(place + 1)),),
            details={"frames": frames, "place": place, "needle": str(needle.path), WATCH_OPTIONS: {"fps": FPS}},
        )

    def _haystack(self, folder: Path, faults: Faults) -> str | None:
        """The path of a film that is long enough; None where it is made from code."""
        if self.haystack == SYNTH:
            return None
        found = [Path(self.haystack)] if self.haystack else [path for name in HAYSTACKS for path in folder.glob(name)]
        if not found or not found[0].is_file():
            faults.add(
                str(found[0] if found else folder),
                f"no haystack is there: expected {HAYSTACKS[0]}, a film of {max(self.frames)} s or more. "
                "Set the option haystack to any film, or to synth for one made from code",
            )
            return None
        try:
            seconds = self._film(str(found[0]), max(self.frames)).info.duration_seconds
        except VideoError as error:
            faults.add(str(found[0]), str(error))
            return None
        if seconds < max(self.frames):
            faults.add(str(found[0]), f"lasts {seconds:.0f} s, too short for {max(self.frames)} frames, one a second")
        return str(found[0])

    def _film(self, path: str | None, num_frames: int) -> "VideoSource":
        from videoxl.video.opening import open_video

        if path is not None:
            return open_video(path)
        from videoxl.synth.script import random_film
        from videoxl.synth.splits import check_split, split_generator

        split = check_split(self.split)
        drawn = split_generator(split, self.seed)
        return random_film(drawn, seconds=float(max(num_frames, *self.frames)), num_needles=0, split=split).as_source()


@dataclass(frozen=True, slots=True)
class _Needle:
    """A picture, what is asked about it, and the answer that is forced."""

    path: Path
    question: str
    answer: str

    @staticmethod
    def read(row: Row, folder: Path) -> "_Needle":
        """The authors call a picture `path` and a question `prompt`; `image` and `question` are read, too."""
        name = row.text("path" if "path" in row.values else "image")
        question = row.text("prompt" if "prompt" in row.values else "question")
        found = [folder / each / name for each in PICTURE_FOLDERS if name and (folder / each / name).is_file()]
        if name and not found:
            row.fault(f"{name} is neither in {folder} nor in its images")
        answer = row.text("answer")
        if not answer.strip():
            row.fault("its answer is empty")
        return _Needle(found[0] if found else folder, question.strip(), answer)


def _mark(item: Item, record: Record) -> Mark:
    if "hits" not in record.details:
        raise EvaluationError(
            f"the answer to {item.id} was generated, not teacher-forced, and says nothing here. Run the task again."
        )
    hits = record.details["hits"]
    is_right = bool(hits) and all(hits)
    return Mark(item.id, float(is_right), record.raw or "", item.answer, item.video, 0, item.categories)


def _trivial(asked: Mapping[str, Item], marks: Sequence[Mark]) -> dict[str, object]:
    """What one answer to everything reaches."""
    by_axis = {
        axis: {
            category: level_of([asked[mark.id] for mark in group]).to_json()
            for category, group in by_category(marks, axis).items()
        }
        for axis in axes_of(marks)
        if axis != "needle"  # of one needle there is one answer
    }
    return {"overall": level_of([*asked.values()]).to_json(), **by_axis}
