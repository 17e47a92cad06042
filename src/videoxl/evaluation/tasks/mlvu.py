"""MLVU, dev and test: multiple choice as a mean over task types (M-avg), and two tasks in free words (G-avg).

Published numbers are of two kinds: the authors' mean over types, and the share of all questions that some harnesses
give, which is a point or two higher; both are reported. Dev has seven types of four options, test nine types of six;
each refuses the other's files. Free answers are marked by a judge (`judge.py`) from 1 to 5 on two aspects each; G-avg
is the mean of the two sums.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Literal

from videoxl.errors import UsageError
from videoxl.evaluation.annotations import Faults, Row, first_file, read_rows
from videoxl.evaluation.choices import MultipleChoice
from videoxl.evaluation.file_task import FileTask
from videoxl.evaluation.item import LETTERS, Item
from videoxl.evaluation.judge import Judgement
from videoxl.evaluation.judged import Aspects, judged_scores
from videoxl.evaluation.official import mlvu_dev_letter, mlvu_test_letter
from videoxl.evaluation.prompts import choice_prompt, free_prompt
from videoxl.evaluation.record import Record
from videoxl.evaluation.results import Results
from videoxl.evaluation.task import DEFAULT_SEED, Parser

PARTS = ("choice", "generation", "all")
MAX_FREE_TOKENS = 512
SUB_SCENE, SUMMARY = "subPlot", "summary"
ASPECTS: Aspects = {SUB_SCENE: ("accuracy", "relevance"), SUMMARY: ("completeness", "reliability")}
DEV_FILES = {
    "plotQA": "1_plotQA",
    "findNeedle": "2_needle",
    "ego": "3_ego",
    "count": "4_count",
    "order": "5_order",
    "anomaly_reco": "6_anomaly_reco",
    "topic_reasoning": "7_topic_reasoning",
    SUB_SCENE: "8_sub_scene",
    SUMMARY: "9_summary",
}
"""Task type to the name of its annotations and of its folder of videos."""
TEST_FILES = {"choice": "test_mcq_gt.json", SUB_SCENE: "test_ssc_gt.json", SUMMARY: "test_vs_gt.json"}
NUM_OPTIONS_DEV, NUM_OPTIONS_TEST = 4, 6
DEV_FOLDERS = ("json", "MLVU/json", "data", "upload_json", ".")
TEST_FOLDERS = ("test-ground-truth", "MLVU_Test/test-ground-truth", "gt", ".")
HOPELESS = {
    ("needle_4.mp4", "Catching a flying drone quadcopter"),
    ("needle_5.mp4", "Catching a flying drone quadcopter"),
}
"""Questions of dev whose published answer is no option; the authors' script counts them as wrong, and so do we."""


@dataclass(frozen=True, slots=True)
class _MLVU(FileTask, MultipleChoice):
    """What dev and test share."""

    parts: str = "choice"
    """choice, generation (free words, for a judge), or all."""

    metric: ClassVar[str] = "M-avg: accuracy, mean over task types"
    mean_over: ClassVar[str | None] = "task_type"
    num_types: ClassVar[int]

    def __post_init__(self) -> None:
        if self.parts not in PARTS:
            raise UsageError(f"parts is {self.parts!r}: expected one of {', '.join(PARTS)}.")

    @property
    def wanted(self) -> tuple[Literal["choice", "subPlot", "summary"], ...]:
        """What is asked."""
        choice, free = ("choice",), (SUB_SCENE, SUMMARY)
        return {"choice": choice, "generation": free, "all": choice + free}[self.parts]  # type: ignore[return-value]

    def prompt(self, item: Item, *, frame_seconds: Sequence[float] = ()) -> str:
        """See `Task.prompt`."""
        return choice_prompt(item, style="(A)") if item.options else free_prompt(item)

    def score(
        self,
        items: Sequence[Item],
        records: Sequence[Record],
        *,
        parser: Parser = "strict",
        seed: int = DEFAULT_SEED,
        judgements: Mapping[str, Judgement] | None = None,
    ) -> Results:
        """See `Task.score`."""
        choice = [item for item in items if item.options]
        results = super(_MLVU, self).score(choice, records, parser=parser, seed=seed)
        types = {mark.categories["task_type"] for mark in results.marks}
        notes = list(results.notes)
        if results.marks and len(types) < self.num_types:
            notes.append(
                f"M-avg is over {len(types)} of {self.num_types} task types: it compares with no published one."
            )
        if len(choice) == len(items):
            return replace(results, notes=tuple(notes))
        free = judged_scores([item for item in items if not item.options], records, judgements or {}, aspects=ASPECTS)
        return replace(
            results,
            by=(*results.by, *free.scores),
            num_items=len(items),
            num_missing=results.num_missing + free.num_missing,
            notes=(*notes, *free.notes),
        )


@dataclass(frozen=True, slots=True)
class MLVUDev(_MLVU):
    """The dev set."""

    name: ClassVar[str] = "mlvu-dev"
    title: ClassVar[str] = "MLVU dev: 2175 questions of 7 types, 418 to be judged"
    needs: ClassVar[str] = "json/1_plotQA.json to 9_summary.json, video/1_plotQA/VIDEO.mp4 and so on"
    video_folders: ClassVar[tuple[str, ...]] = ("video", "MLVU/video", ".")
    num_types: ClassVar[int] = 7

    def load_items(self, folder: Path, faults: Faults) -> list[Item]:
        """See `FileTask.load_items`."""
        free = (SUB_SCENE, SUMMARY)
        types = [kind for kind in DEV_FILES if (kind if kind in free else "choice") in self.wanted]
        items: list[Item] = []
        for kind in types:
            path = first_file(folder, [f"{below}/{DEV_FILES[kind]}.json" for below in DEV_FOLDERS], faults)
            for number, row in enumerate(_rows(path, kind in free, faults)):
                items.append(_item(row, kind, f"{kind}-{number}", f"{DEV_FILES[kind]}/{row.text('video')}"))
        if any(len(item.options) > NUM_OPTIONS_DEV for item in items):
            faults.add(
                str(folder), f"has questions with more than {NUM_OPTIONS_DEV} options: no dev set. Try mlvu-test"
            )
        return items

    def official_letter(self, raw: str, item: Item, guesses: random.Random) -> str:
        """See `MultipleChoice.official_letter`."""
        return mlvu_dev_letter(raw)


@dataclass(frozen=True, slots=True)
class MLVUTest(_MLVU):
    """The test set, with its answers."""

    name: ClassVar[str] = "mlvu-test"
    title: ClassVar[str] = "MLVU test: questions of 9 types and six options, two types to be judged"
    needs: ClassVar[str] = "test-ground-truth/test_mcq_gt.json (and test_ssc_gt, test_vs_gt), MLVU_Test/video/VIDEO.mp4"
    video_folders: ClassVar[tuple[str, ...]] = ("MLVU_Test/video", "video", "MLVU_Test", "test_video", ".")
    num_types: ClassVar[int] = 9

    def load_items(self, folder: Path, faults: Faults) -> list[Item]:
        """See `FileTask.load_items`."""
        items: list[Item] = []
        for part in self.wanted:
            path = first_file(folder, [f"{below}/{TEST_FILES[part]}" for below in TEST_FOLDERS], faults)
            for number, row in enumerate(_rows(path, part != "choice", faults)):
                kind = row.text("question_type") if part == "choice" else part
                identity = str(row.values.get("question_id") or f"{kind}-{number}")
                items.append(_item(row, kind, identity, row.text("video")))
        choice = [item for item in items if item.options]
        if choice and max(len(item.options) for item in choice) < NUM_OPTIONS_TEST:
            faults.add(str(folder), f"has no question with {NUM_OPTIONS_TEST} options: no test set. Try mlvu-dev")
        return items

    def official_letter(self, raw: str, item: Item, guesses: random.Random) -> str:
        """See `MultipleChoice.official_letter`."""
        return mlvu_test_letter(raw)


def split_of(folder: Path) -> str:
    """The task whose files a folder holds: "mlvu-dev" or "mlvu-test".

    Raises:
        UsageError: It holds those of both, or of none.
    """
    dev = [folder / below / f"{DEV_FILES['plotQA']}.json" for below in DEV_FOLDERS]
    test = [folder / below / TEST_FILES["choice"] for below in TEST_FOLDERS]
    found = [name for name, paths in (("mlvu-dev", dev), ("mlvu-test", test)) if any(path.is_file() for path in paths)]
    if len(found) == 1:
        return found[0]
    raise UsageError(
        f"mlvu is two benchmarks, and {folder} holds the annotations of {' and '.join(found) or 'neither'}: "
        "say mlvu-dev or mlvu-test."
    )


def _rows(path: Path | None, is_free: bool, faults: Faults) -> list[Row]:
    needs = ("video", "question", "answer") if is_free else ("video", "question", "candidates", "answer")
    return read_rows(path, faults, needs=needs) if path else []


def _item(row: Row, kind: str, identity: str, path: str) -> Item:
    is_free = kind in ASPECTS
    options = () if is_free else row.texts("candidates")
    answer = row.text("answer")
    # Five questions of dev have the right text twice: the authors' script takes the last.
    letter = next((LETTERS[place] for place in reversed(range(len(options))) if options[place] == answer), "")
    if options and not letter and (row.values.get("video"), answer) not in HOPELESS:
        row.fault(f"the answer {answer!r} is none of the options {options}")
    details = {"scoring_points": row.values["scoring_points"]} if "scoring_points" in row.values else {}
    return Item(
        id=identity,
        video=path,
        question=row.text("question"),
        answer=answer if is_free else letter,
        options=options,
        categories={"task_type": kind},
        path=path,
        max_new_tokens=MAX_FREE_TOKENS if is_free else None,
        details=details,
    )
