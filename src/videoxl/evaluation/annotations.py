"""A benchmark's annotation file as rows that complain together: everything that is wrong is in one error, at the end.

JSON, JSONL, CSV and TSV are read as they are; parquet with the extra `parquet`.
"""

import csv
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from videoxl.errors import AnnotationError, MissingDependencyError

NUM_FAULTS_SHOWN = 20


@dataclass(slots=True)
class Faults:
    """What is wrong with a benchmark's files, gathered while they are read."""

    benchmark: str
    found: list[str] = field(default_factory=list)

    def add(self, place: str, reason: str) -> None:
        """Take note; reading goes on so that all faults are found at once."""
        self.found.append(f"{place}: {reason}")

    def stop_if_any(self) -> None:
        """Say all of them.

        Raises:
            AnnotationError: Something was added.
        """
        if not self.found:
            return
        shown = "; ".join(self.found[:NUM_FAULTS_SHOWN])
        more = len(self.found) - NUM_FAULTS_SHOWN
        count = f"{len(self.found)} faults" if len(self.found) > 1 else "1 fault"
        raise AnnotationError(
            f"{self.benchmark}: {count} in the annotations, nothing was loaded. {shown}"
            + (f"; and {more} more." if more > 0 else ".")
        )


@dataclass(frozen=True, slots=True)
class Row:
    """One record of an annotation file. Fields that are missing or of another type are faults, and read as empty."""

    place: str
    """File and row number, as "lvb_val.json row 3"."""
    values: Mapping[str, Any]
    faults: Faults

    def text(self, name: str) -> str:
        """A field that is a string, or a number that is shown as one."""
        value = self.values.get(name)
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            self.fault(f"{name} is {_shown(value)}, expected text")
            return ""
        return str(value)

    def number(self, name: str) -> float:
        """A field that is a number."""
        value = self.values.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.fault(f"{name} is {_shown(value)}, expected a number")
            return 0.0
        return float(value)

    def texts(self, name: str) -> tuple[str, ...]:
        """A field that is a list of strings or numbers."""
        value = self.values.get(name)
        is_list = isinstance(value, list | tuple) and all(isinstance(each, str | int | float) for each in value)
        if not is_list or not value:
            self.fault(f"{name} is {_shown(value)}, expected a list of texts")
            return ()
        return tuple(str(each) for each in value)

    def rows(self, name: str) -> Iterator["Row"]:
        """A field that is a list of records."""
        value = self.values.get(name)
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            self.fault(f"{name} is {_shown(value)}, expected a list of records")
            return
        yield from (
            Row(f"{self.place}, {name} {number}", each, self.faults) for number, each in enumerate(value, start=1)
        )

    def fault(self, reason: str) -> None:
        """Something is wrong with this row."""
        self.faults.add(self.place, reason)


def read_rows(path: Path, faults: Faults, *, needs: Collection[str]) -> list[Row]:
    """All rows of an annotation file. Fields in `needs` that no row has make it another schema, said once."""
    try:
        values = read_table(path)
    except (ValueError, OSError, csv.Error) as error:
        faults.add(path.name, f"does not read as {path.suffix.lstrip('.').upper()}: {error}")
        return []
    rows = [Row(f"{path.name} row {number}", value, faults) for number, value in enumerate(values, start=1)]
    known = set().union(*(row.values for row in rows)) if rows else set()
    lacking = sorted(set(needs) - known)
    if lacking or not rows:
        there = ", ".join(sorted(map(str, known))) or "no rows"
        faults.add(
            path.name,
            f"no row has {', '.join(lacking)}; it has {there}. Another file, or a newer schema than this videoxl reads",
        )
        return []
    return rows


def read_table(path: Path) -> list[dict[str, Any]]:
    """The records of a file, by its suffix; raises ValueError where it holds none."""
    return _READERS.get(path.suffix.lower(), _json)(path)


def first_file(folder: Path, names: Sequence[str], faults: Faults) -> Path | None:
    """The first of some files that there is; the folder may also be one of the files itself."""
    if folder.is_file() and folder.name in {Path(name).name for name in names}:
        return folder
    for name in names:
        found = sorted(folder.glob(name)) if "*" in name else [folder / name]
        if found and found[0].is_file():
            return found[0]
    faults.add(str(folder), f"holds none of {', '.join(names)}")
    return None


def _json(path: Path) -> list[dict[str, Any]]:
    return _records(_parsed(path.read_text(encoding="utf-8-sig")))


def _json_lines(path: Path) -> list[dict[str, Any]]:
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), start=1):
        try:
            found += [_parsed(line)] if line.strip() else []
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from error
    return _records(found)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _table(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t" if path.suffix.lower() == ".tsv" else ",", strict=True))
    return [{name: _cell(value) for name, value in row.items()} for row in rows]


def _cell(value: Any) -> Any:
    """A list is written in a cell as JSON."""
    if isinstance(value, str) and value.startswith("["):
        try:
            return _parsed(value)
        except ValueError:
            return value
    return value


def _parquet(path: Path) -> list[dict[str, Any]]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise MissingDependencyError(
            f"{path.name} is parquet, which needs pyarrow: `pip install 'videoxl[parquet]'`, or save it as "
            f"{path.stem}.jsonl."
        ) from error
    try:  # the file alone: folders named a=b above it are no columns of it
        return _records(parquet.ParquetFile(path).read().to_pylist())
    except pyarrow.ArrowException as error:  # some are neither ValueError nor OSError
        raise ValueError(str(error)) from error


def _records(document: Any) -> list[dict[str, Any]]:
    if not isinstance(document, list) or not all(isinstance(each, dict) for each in document):
        raise ValueError(f"it holds {_shown(document)}, expected a list of records")
    return document


def _shown(value: Any) -> str:
    if value is None:
        return "missing"
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


_READERS = {".jsonl": _json_lines, ".csv": _table, ".tsv": _table, ".parquet": _parquet}
