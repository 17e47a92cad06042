"""A run on disk: what was asked, what came back, and all that it takes to score it again anywhere.

    run.json           RunHeader: task, options, model, settings, versions
    items.jsonl        Item, one a line, as they were asked (options shuffled, if they were)
    answers.jsonl      Record, one a line for each item, in the order of asking; the same run gives the same bytes
    videos.jsonl       WatchedVideo: frames, decoder, rows
    costs.jsonl        Cost: seconds and peaks, of this time
    judgements.jsonl   Judgement, where a judge marked free answers
    results.json       what `score` made of it; never read by us

Whoever writes a run appends whole lines and flushes; a line that a kill cut short is the last, has no newline, and is
dropped by `whole_lines` when the run goes on. Scoring takes no such thing: it names the line and refuses.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from videoxl.errors import EvaluationError
from videoxl.evaluation.document import Document
from videoxl.evaluation.item import Item
from videoxl.evaluation.judge import Judgement
from videoxl.evaluation.record import RUN_FORMAT, Record, RunHeader, WatchedVideo

HEADER, ITEMS, ANSWERS = "run.json", "items.jsonl", "answers.jsonl"
VIDEOS, COSTS, JUDGEMENTS, RESULTS = "videos.jsonl", "costs.jsonl", "judgements.jsonl", "results.json"
Kind = TypeVar("Kind", bound=Document)


@dataclass(frozen=True, slots=True)
class RunFolder:
    """A finished run, read and found whole."""

    path: Path
    header: RunHeader
    items: tuple[Item, ...]
    records: tuple[Record, ...]
    judgements: dict[str, Judgement]

    @property
    def videos(self) -> tuple[WatchedVideo, ...]:
        """How each video was watched; read when it is asked for."""
        path = self.path / VIDEOS
        return tuple(read_lines(path, WatchedVideo)) if path.exists() else ()


def open_run(path: Path, *, partial: bool = False) -> RunFolder:
    """A run, read whole and checked: every item answered once, nothing damaged, nothing foreign.

    Args:
        partial: also take a run that was not finished; items without a record then count as missing.
    """
    header = read_header(path)
    items = read_lines(path / ITEMS, Item)
    if file_sha256(path / ITEMS) != header.items_sha256:
        raise EvaluationError(
            f"{path / ITEMS} is not the one that {HEADER} was written with: the run was tampered with."
        )
    records = read_lines(path / ANSWERS, Record) if (path / ANSWERS).exists() else []
    _check_records(path, items, records, partial=partial)
    judged = read_lines(path / JUDGEMENTS, Judgement) if (path / JUDGEMENTS).exists() else []
    return RunFolder(path, header, tuple(items), tuple(records), {each.item: each for each in judged})


def read_header(path: Path) -> RunHeader:
    """`run.json` of a run folder."""
    if not (path / HEADER).is_file():
        raise EvaluationError(f"{path} is no run of `videoxl evaluate`: it has no {HEADER}.")
    try:
        document = json.loads((path / HEADER).read_text(encoding="utf-8"))
        written = document.get("format") if isinstance(document, dict) else None
        if isinstance(written, int) and written > RUN_FORMAT:
            raise EvaluationError(f"format {written} is newer than this videoxl reads ({RUN_FORMAT}); upgrade")
        return RunHeader.from_json(document)
    except (ValueError, EvaluationError) as error:
        raise EvaluationError(f"{path / HEADER} does not read as a run's: {error}.") from error


def read_lines(path: Path, kind: type[Kind]) -> list[Kind]:
    """Every line of a JSONL file; one that does not read is named by its number."""
    if not path.is_file():
        raise EvaluationError(f"{path} is missing: the run folder is not whole.")
    content = path.read_bytes()
    lines = content.split(b"\n")
    found = []
    for number, line in enumerate(lines if lines[-1] else lines[:-1], start=1):
        try:
            found.append(kind.from_json(json.loads(line.decode("utf-8"))))
        except (ValueError, EvaluationError) as error:
            cut = " It is the last and was cut short: go on with the run." if number == len(lines) else ""
            raise EvaluationError(f"{path} line {number} is damaged: {error}.{cut}") from error
    return found


def whole_lines(path: Path, kind: type[Kind]) -> list[Kind]:
    """What a run before this one wrote; a last line that was cut short is taken out of the file."""
    if not path.exists():
        return []
    content = path.read_bytes()
    if content and not content.endswith(b"\n"):
        with path.open("r+b") as file:
            file.truncate(content.rfind(b"\n") + 1)
    return read_lines(path, kind)


def line_of(document: Document) -> str:
    """One line of a JSONL file, newline and all; the same values give the same bytes."""
    return json.dumps(document.to_json(), ensure_ascii=False, separators=(", ", ": ")) + "\n"


def write_documents(path: Path, documents: Iterable[Document]) -> None:
    """A whole JSONL file, there at once or not at all."""
    write_text(path, "".join(map(line_of, documents)))


def write_json(path: Path, document: Any) -> None:
    """A JSON file, there at once or not at all."""
    write_text(path, json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """A text file, there at once or not at all."""
    unnamed = path.with_name(f".{path.name}.part")
    unnamed.write_text(text, encoding="utf-8", newline="\n")
    unnamed.replace(path)


def file_sha256(path: Path) -> str:
    """Of the bytes of a file, in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _check_records(path: Path, items: Sequence[Item], records: Sequence[Record], *, partial: bool) -> None:
    counts = Counter(record.item for record in records)
    for number, record in enumerate(records, start=1):
        if counts[record.item] > 1:
            raise EvaluationError(
                f"{path / ANSWERS} line {number}: {record.item} is answered {counts[record.item]} times."
            )
    foreign = sorted(set(counts) - {item.id for item in items})
    if foreign:
        raise EvaluationError(f"{path / ANSWERS} answers {foreign[0]!r}, which is not among this run's items.")
    if len(records) < len(items) and not partial:
        raise EvaluationError(
            f"{path} is not finished: {len(records)} of {len(items)} items are answered. "
            "Give the command that began it again, or score what is there with --partial."
        )
