"""Answers that others published, as items and records: any log of rows with an id, a raw answer and the right one.

Read are JSON, JSONL, CSV and TSV in the forms that are about: flat rows; Video-MME's, with the questions of a video in
a list; MLVU's, with its rows under "res_list"; samples of lmms-eval, with "doc" and "resps", of its own tasks and of
ours; and a plain object of ids to answers, which needs the benchmark's own annotations for the rest.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from videoxl.errors import EvaluationError
from videoxl.evaluation.annotations import NUM_FAULTS_SHOWN, Faults, read_table
from videoxl.evaluation.item import LETTERS, SEVERAL, Item
from videoxl.evaluation.record import Record

IDS = ("question_id", "id", "uid", "index", "item", "doc_id")
RAW = ("response", "pred", "prediction", "raw", "model_answer", "output", "option")
RIGHT = ("gt", "answer", "target", "label")
OPTIONS = ("options", "candidates")
VIDEOS = ("videoID", "video_id", "video_path", "video_name", "video")
AXES = {
    "duration": ("duration", "duration_category"),
    "domain": ("domain", "video_category", "category"),
    "sub_category": ("sub_category", "video_subcategory"),
    "task_type": ("task_type", "task_category", "question_type"),
    "type": ("type", "task_type"),
    "duration_group": ("duration_group",),
    "question_category": ("question_category",),
    "question_type": ("question_type",),
    "first_type": ("question_type",),
}
"""Axis to the names that logs have for it."""
AXES_OF = {
    "videomme": ("duration", "domain", "sub_category", "task_type"),
    "mlvu-dev": ("task_type",),
    "mlvu-test": ("task_type",),
    "longvideobench": ("duration_group", "question_category"),
    "lvbench": ("question_type", "first_type"),
    "vnbench": ("type",),
}
HARNESS_ID = "id of the harness"
OURS = "reading of a task of ours"
OUR_FIELDS = frozenset({"task", "folder", "options", "item"})
"""Of what our tasks of lmms-eval log of a question, as `integrations/lmms_eval/documents.py` makes it."""
NO_OPTION = "N/A"
NUM_OPTIONS = {"mlvu-test": 6, "longvideobench": 5}
MOST_OPTIONS = 4
_TRY = re.compile(r"_\d$")
_HARNESS_FAILED = re.compile(r"\[LMMS_EVAL_(REQUEST_FAILED|BUDGET_EXCEEDED)\b")
"""How an answer begins that lmms-eval wrote itself where a server gave none; it counts such a one as wrong."""
Row = Mapping[str, Any]


def read_log(path: Path, *, task: str, items: Sequence[Item] | None = None) -> tuple[list[Item], list[Record]]:
    """The items and records of a log.

    Args:
        task: whose log it is; says which categories to look for.
        items: the benchmark's own; without them everything is read from the log.

    Raises:
        EvaluationError: A row has no id, no answer or no right one; an id stands twice, or is of no item.
    """
    faults = Faults(path.name)
    rows = _with_harness_ids(list(_flat(_content(path))))
    if not rows:
        raise EvaluationError(f"{path} has no rows with answers.")
    own, records = [], []
    for place, row in enumerate(rows, start=1):
        item, raw = _item(row, task, f"row {place}"), _raw(row, f"row {place}", faults)
        failure = "not answered" if raw is None else raw if _HARNESS_FAILED.match(raw) else None
        if items is None and not item.answer:
            faults.add(f"row {place}", f"its right answer {_first(row, RIGHT)!r} is none of the options {item.letters}")
        own.append(item)
        details = (row.get(OURS) or {}).get("details") or {}
        records.append(Record(item.id, item.video, "", None if failure else raw, failure, details=details))
    _check_ids(own, items, faults)
    if faults.found:
        shown = "; ".join(faults.found[:NUM_FAULTS_SHOWN])
        raise EvaluationError(f"{path} cannot be scored, of {len(faults.found)} faults: {shown}.")
    return own if items is None else list(items), records


def _content(path: Path) -> Sequence[Row]:
    """Rows as they stand in the file; an object of ids to answers as rows of two fields."""
    try:
        if path.suffix.lower() != ".json":
            return read_table(path)
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise EvaluationError(f"{path} does not read as a log: {error}.") from error
    if isinstance(document, dict):
        lists = [
            value for value in document.values() if isinstance(value, list) and value and isinstance(value[0], dict)
        ]
        answers = [{"id": name, "raw": value} for name, value in document.items() if isinstance(value, str | None)]
        document = lists[0] if lists else answers
    if not isinstance(document, list) or not all(isinstance(row, dict) for row in document):
        raise EvaluationError(f"{path} does not read as a log: expected rows, or an object of ids to answers.")
    return document


def _flat(rows: Sequence[Row]) -> Iterator[dict[str, Any]]:
    """One row an answer, with the fields that others hold for it."""
    for row in rows:
        if isinstance(row.get("questions"), list):
            shared = {name: value for name, value in row.items() if name != "questions"}
            yield from ({**shared, **question, OURS: None} for question in row["questions"])
            continue
        doc = row["doc"] if isinstance(row.get("doc"), dict) else {}
        whole = {**row, **doc}
        # A harness's own reading of the sample fills in categories and the right letter; its ids are not always ids.
        readings = [value for name, value in row.items() if isinstance(value, dict) and name != "doc"]
        for name, value in (pair for reading in readings for pair in reading.items()):
            whole.setdefault(HARNESS_ID if name in IDS else name, value)
        whole[OURS] = next((each for each in (*readings, doc) if each.keys() >= OUR_FIELDS), None)
        replies = row.get("filtered_resps") or row.get("resps")
        if replies:
            whole["response"] = _first_reply(replies)
        yield whole


def _with_harness_ids(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows that have none but the harness's number, by the ids of its readings where those tell all of them apart."""
    told = [row.get(HARNESS_ID) for row in rows]
    if None in told or len({str(each) for each in told}) < len(rows):
        return rows
    known = [name for name in IDS if name != "doc_id"]
    return [row if _first(row, known) is not None else {**row, IDS[0]: row[HARNESS_ID]} for row in rows]


def _first_reply(replies: Any) -> Any:
    """Of replies in a list, in a list of lists, or of one that is no list."""
    while isinstance(replies, list) and replies:
        replies = replies[0]
    return replies


def _item(row: Row, task: str, where: str) -> Item:
    """What a row tells of its item."""
    if row.get(OURS) is not None:
        return _our_item(row[OURS], task, where)
    video = Path(str(_first(row, VIDEOS) or "")).stem
    told = _first(row, IDS)
    if told is None and "try" in row:
        told = f"{video}_{row['try']}"
    identity, options = str(told if told is not None else where), _options(row, task)
    question = _TRY.sub("", identity) if task == "vnbench" else identity
    return Item(
        id=identity,
        video=video or question.split("-")[0],
        question=str(row.get("question", "")),
        answer=_letter(_first(row, RIGHT), options),
        options=options,
        categories={axis: value for axis in AXES_OF.get(task, ()) if (value := _category(row, axis))},
        group=question if question != identity else None,
    )


def _our_item(reading: Row, task: str, where: str) -> Item:
    """The item whole, but for files of the machine where it was asked."""
    if reading["task"] != task:
        raise EvaluationError(
            f"{where} is an answer to {reading['task']!r}, expected one to {task!r}; say --task {reading['task']}."
        )
    try:
        item = Item.from_json(json.loads(reading["item"]))
    except (EvaluationError, TypeError, ValueError, RecursionError) as error:
        raise EvaluationError(f"{where} holds an item that does not read as one of {task}: {error}.") from error
    return replace(item, path=None, subtitles=None)


def _raw(row: Row, where: str, faults: Faults) -> str | None:
    name = next((each for each in RAW if each in row), None)
    if name is None:
        faults.add(where, f"has no answer under {', '.join(RAW)}")
        return None
    return None if row[name] is None else str(row[name])


def _check_ids(own: Sequence[Item], items: Sequence[Item] | None, faults: Faults) -> None:
    counts = Counter(item.id for item in own)
    for identity, count in counts.items():
        if count > 1:
            faults.add(f"id {identity}", f"stands {count} times")
    if items is not None:
        for identity in sorted(set(counts) - {item.id for item in items}):
            faults.add(f"id {identity}", "is of no item of the annotations")


def _options(row: Row, task: str) -> tuple[str, ...]:
    """Texts where the log has them, or so many without any."""
    given = next((row[name] for name in OPTIONS if isinstance(row.get(name), list) and row[name]), None)
    if given is None and "option0" in row:
        given = [
            row[name] for place in range(len(LETTERS)) if row.get(name := f"option{place}", NO_OPTION) != NO_OPTION
        ]
    if given is not None:
        return tuple(re.sub(r"^\s*\(?[A-Z][.):]\s*", "", str(each)) for each in given)
    return ("",) * NUM_OPTIONS.get(task, MOST_OPTIONS)


def _letter(right: Any, options: Sequence[str]) -> str:
    """Of a letter, "(A) text", a place from 0, or an option's text; empty for none of them."""
    letters = LETTERS[: len(options)]
    if isinstance(right, int) and not isinstance(right, bool):
        return letters[right] if 0 <= right < len(letters) else ""
    text = str(right if right is not None else "").strip()
    match = re.match(r"^\(?([A-Z])(?:[).:].*)?$", text, re.DOTALL)
    if match and match[1] in letters:
        return match[1]
    return letters[options.index(text)] if text and text in options else ""


def _category(row: Row, axis: str) -> str:
    value = _first(row, AXES[axis])
    if axis == "first_type" and isinstance(value, list):
        value = value[0] if value else None
    return SEVERAL.join(map(str, value)) if isinstance(value, list) else str(value if value is not None else "")


def _first(row: Row, names: Sequence[str]) -> Any:
    return next((row[name] for name in names if row.get(name) is not None), None)
