"""JSON files of examples, read by the places at which each example stands: JSONL, or one JSON list.

A JSONL file is never in memory as a whole. A JSON list is, once, when it is opened: only the parser knows where an
entry ends.
"""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from videoxl.errors import ExampleError
from videoxl.training.data.form import BYTE_ORDER_MARK
from videoxl.training.data.source import ExampleSource, read_json

BLOCK_BYTES = 2**20
LINE_FEED, LAST_BLANK = b"\n"[0], b" "[0]
NUM_FIRST_LINES = 3  # when none of so many is JSON, it is no JSONL with bad lines but something else
BLANK = " \t\r\n"


class RecordFile(ExampleSource):
    """Examples at known places of one file, their media files beside it."""

    def __init__(
        self, path: Path, *, spans_N2: np.ndarray, numbers_N: np.ndarray, unit: str, media_folder: Path
    ) -> None:
        """`spans_N2` says where each begins and ends in bytes, `numbers_N` and `unit` how people count them."""
        self.path, self.name, self.media_folder = path, path.name, media_folder
        self._spans_N2, self._numbers_N, self._unit = spans_N2, numbers_N, unit

    def __len__(self) -> int:
        return len(self._spans_N2)

    def record(self, index: int) -> Any:
        """See `ExampleSource.record`."""
        start, stop = self._spans_N2[index].tolist()
        with self.path.open("rb") as file:
            file.seek(start)
            return read_json(file, stop - start)

    def where(self, index: int) -> str:
        """See `ExampleSource.where`."""
        return f"{self.name} {self._unit} {self._numbers_N[index]}"

    def media(self, index: int) -> AbstractContextManager[Callable[[str], Path]]:
        """See `ExampleSource.media`."""
        return nullcontext(self._locate)

    def _locate(self, path: str) -> Path:
        if "://" in path:
            raise ExampleError(f"{path} is a URL: expected a file on this machine. Download it first.")
        if "\0" in path:
            raise ExampleError(f"{path!r} is no path: it holds a zero byte.")
        return self.media_folder / Path(path).expanduser()


def open_json_lines(path: Path, *, media_folder: Path) -> RecordFile:
    """A file with one JSON object a line; blank lines do not count."""
    spans_N2, numbers_N = _line_spans(path)
    source = RecordFile(path, spans_N2=spans_N2, numbers_N=numbers_N, unit="line", media_folder=media_folder)
    for index in range(min(NUM_FIRST_LINES, len(source))):
        try:
            source.record(index)
        except ExampleError as error:
            first = error
        else:
            return source
    if len(source):
        raise ExampleError(
            f"{path} is not JSONL, for its first lines are not JSON. {first} "
            "Write each example on a line of its own, or all of them as one JSON list."
        )
    return source


def open_json_list(path: Path, *, media_folder: Path) -> RecordFile:
    """A file that is one JSON list of objects, as LLaVA's are."""
    spans = _entry_spans(path)
    numbers_N = np.arange(1, len(spans) + 1)
    spans_N2 = np.array(spans, np.int64).reshape(-1, 2)
    return RecordFile(path, spans_N2=spans_N2, numbers_N=numbers_N, unit="entry", media_folder=media_folder)


def _line_spans(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Begin and end (N, 2) in bytes of every line that is not blank, and its number, counted from 1."""
    ends, solids = [], []  # where lines end, and how many bytes before that are no blanks
    offset = num_solid = 0
    with path.open("rb") as file:
        first = len(BYTE_ORDER_MARK) if file.read(len(BYTE_ORDER_MARK)) == BYTE_ORDER_MARK else 0
        file.seek(first)
        while len(block := np.frombuffer(file.read(BLOCK_BYTES), np.uint8)):
            ends.append(np.flatnonzero(block == LINE_FEED))
            solid = np.cumsum(block > LAST_BLANK) + num_solid
            solids.append(solid[ends[-1]])
            ends[-1] += first + offset
            offset, num_solid = offset + len(block), int(solid[-1])
    stops_N = np.concatenate([*ends, [first + offset]])
    starts_N = np.concatenate([[first], stops_N[:-1] + 1])
    is_line_N = np.diff(np.concatenate([[0], *solids, [num_solid]])) > 0
    return np.stack([starts_N, stops_N], axis=1)[is_line_N], np.flatnonzero(is_line_N) + 1


def _entry_spans(path: Path) -> list[tuple[int, int]]:
    """Begin and end in bytes of every entry of a JSON list."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
        places = _entry_places(text)
    except (ValueError, RecursionError) as error:
        raise ExampleError(f"{path} is not a whole JSON list ({error}): mend it, or write it anew.") from error
    mark = path.stat().st_size - len(text.encode())  # the byte order mark, which reading took off
    if text.isascii():
        return [(start + mark, stop + mark) for start, stop in places]
    spans, offset, last = [], mark, 0
    for start, stop in places:
        start_byte = offset + len(text[last:start].encode())
        offset, last = start_byte + len(text[start:stop].encode()), stop
        spans.append((start_byte, offset))
    return spans


def _entry_places(text: str) -> list[tuple[int, int]]:
    decoder = json.JSONDecoder()
    places: list[tuple[int, int]] = []
    position = _skip_blank(text, _skip_blank(text, 0) + 1)
    while text[position : position + 1] != "]":
        if places:
            if text[position : position + 1] != ",":
                raise json.JSONDecodeError("expected a comma or the end of the list", text, position)
            position = _skip_blank(text, position + 1)
        _, stop = decoder.raw_decode(text, position)
        places.append((position, stop))
        position = _skip_blank(text, stop)
    if _skip_blank(text, position + 1) != len(text):
        raise json.JSONDecodeError("expected nothing behind the list", text, position + 1)
    return places


def _skip_blank(text: str, position: int) -> int:
    while text[position : position + 1] and text[position] in BLANK:
        position += 1
    return position
