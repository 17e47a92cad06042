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
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from videoxl.errors import EvaluationError
from videoxl.evaluation.document import Document
from videoxl.evaluation.item import LETTERS, Item
from videoxl.evaluation.judge import Judgement
from videoxl.evaluation.record import RUN_FORMAT, Record, RunHeader, WatchedVideo

HEADER, ITEMS, ANSWERS = "run.json", "items.jsonl", "answers.jsonl"
VIDEOS, COSTS, JUDGEMENTS, RESULTS = "videos.jsonl", "costs.jsonl", "judgements.jsonl", "results.json"
Kind = TypeVar("Kind", bound=Document)
_HALF = re.compile("[\\ud800-\\udfff]")
"""Of a character that UTF-8 has no bytes for; JSON has, and models that spell bytes may say one."""


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
    _check_items(path, items)
    records = read_lines(path / ANSWERS, Record) if (path / ANSWERS).exists() else []
    _check_records(path, items, records, partial=partial)
    judged = read_lines(path / JUDGEMENTS, Judgement) if (path / JUDGEMENTS).exists() else []
    return RunFolder(path, header, tuple(items), tuple(records), {each.item: each for each in judged})


def read_header(path: Path) -> RunHeader:
    """`run.json` of a run folder."""
    if not (path / HEADER).is_file():
        raise EvaluationError(f"{path} is no run of `videoxl evaluate`: it has no {HEADER}.")
    try:
        document = parsed((path / HEADER).read_bytes())
        written = document.get("format") if isinstance(document, dict) else None
        if isinstance(written, int) and written > RUN_FORMAT:
            raise EvaluationError(f"format {written} is newer than this videoxl reads ({RUN_FORMAT}); upgrade")
        header = RunHeader.from_json(document)
        if header.batch < 1:
            raise EvaluationError(f"the batch of a RunHeader cannot be {header.batch}")
        return header
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
            found.append(kind.from_json(parsed(line)))
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


def parsed(content: bytes) -> Any:
    """A JSON document; raises ValueError for what is none, and for one that is nested beyond all sense."""
    try:
        return json.loads(content.decode("utf-8"))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def line_of(document: Document) -> str:
    """One line of a JSONL file, newline and all; the same values give the same bytes."""
    return _dumped(document.to_json(), separators=(", ", ": ")) + "\n"


def write_documents(path: Path, documents: Iterable[Document]) -> None:
    """A whole JSONL file, there at once or not at all."""
    write_text(path, "".join(map(line_of, documents)))


def write_json(path: Path, document: Any) -> None:
    """A JSON file, there at once or not at all."""
    write_text(path, _dumped(document, indent=2) + "\n")


def write_text(path: Path, text: str) -> None:
    """A text file, there at once or not at all."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """A file, there at once or not at all."""
    unnamed = path.with_name(f".{path.name}.part")
    try:
        with naming_file(path):
            unnamed.write_bytes(content)
            unnamed.replace(path)
    except BaseException:
        unnamed.unlink(missing_ok=True)
        raise


@contextmanager
def naming_file(path: Path) -> Iterator[None]:
    """Put the file into an error of the system that does not name one, as a full disk's does not."""
    try:
        yield
    except OSError as error:
        if error.errno is None or error.filename is not None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def file_sha256(path: Path) -> str:
    """Of the bytes of a file, in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _dumped(document: Any, **form: Any) -> str:
    """JSON in which a half of a character is written as its escape, so that it is read back as it was."""
    return _HALF.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(document, ensure_ascii=False, **form))


def _check_items(path: Path, items: Sequence[Item]) -> None:
    """What scoring and reporting rely on, of items that strangers may have written."""
    counts = Counter(item.id for item in items)
    for number, item in enumerate(items, start=1):
        fault = ""
        if counts[item.id] > 1:
            fault = f"{item.id} stands {counts[item.id]} times"
        elif len(item.options) > len(LETTERS):
            fault = f"{item.id} has {len(item.options)} options, expected {len(LETTERS)} at most"
        elif item.options and item.answer and (len(item.answer) != 1 or item.answer not in item.letters):
            fault = f"the answer {item.answer!r} is none of the options {item.letters}"
        if fault:
            raise EvaluationError(f"{path / ITEMS} line {number}: {fault}.")


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
