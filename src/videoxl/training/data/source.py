"""A data file, or several, as a row of examples that are read one by one."""

import glob
import json
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import accumulate
from pathlib import Path
from typing import IO, Any

from videoxl.errors import ExampleError
from videoxl.training.data.conversations import parse_conversations
from videoxl.training.data.example import Example, parse_example

MAX_RECORD_BYTES = 64 * 2**20  # a conversation of a million words is a tenth of it


class ExampleSource(ABC):
    """Examples by number; nothing of them is held in memory, and it may be sent to another process."""

    name: str

    @abstractmethod
    def __len__(self) -> int:
        """How many examples, good or bad."""

    @abstractmethod
    def record(self, index: int) -> Any:
        """The JSON of example number `index`."""

    @abstractmethod
    def where(self, index: int) -> str:
        """Where example number `index` stands, for people: file and line, or shard and key."""

    @abstractmethod
    def media(self, index: int) -> AbstractContextManager[Callable[[str], Path]]:
        """While open, a way from the paths in example number `index` to files."""

    def __getitem__(self, index: int) -> Example:
        """Example number `index`; an ExampleError says what is wrong with a bad one."""
        if not 0 <= index < len(self):
            raise IndexError(f"example {index} of {len(self)}")
        return parse_record(self.record(index), source=self.name, default_id=self.where(index))


class ConcatenatedSource(ExampleSource):
    """Several sources one behind the other."""

    def __init__(self, name: str, sources: Sequence[ExampleSource]) -> None:
        self.name, self.sources = name, tuple(sources)
        self._stops = list(accumulate(len(source) for source in sources))

    def __len__(self) -> int:
        return self._stops[-1]

    def record(self, index: int) -> Any:
        """See `ExampleSource.record`."""
        source, inside = self._find(index)
        return source.record(inside)

    def where(self, index: int) -> str:
        """See `ExampleSource.where`."""
        source, inside = self._find(index)
        return source.where(inside)

    def media(self, index: int) -> AbstractContextManager[Callable[[str], Path]]:
        """See `ExampleSource.media`."""
        source, inside = self._find(index)
        return source.media(inside)

    def _find(self, index: int) -> tuple[ExampleSource, int]:
        number = bisect_right(self._stops, index)
        source = self.sources[number]
        return source, index - self._stops[number] + len(source)


def parse_record(record: Any, *, source: str, default_id: str) -> Example:
    """The example in a JSON object of either form: our `messages`, or `conversations` as LLaVA writes them."""
    if isinstance(record, Mapping) and "messages" not in record and "conversations" in record:
        return parse_conversations(record, source=source, default_id=default_id)
    return parse_example(record, source=source)


def read_json(file: IO[bytes], num_bytes: int) -> Any:
    """The JSON value in the next bytes of a file; more than an example can have are not read."""
    if num_bytes > MAX_RECORD_BYTES:
        raise ExampleError(f"it has {num_bytes:,} bytes: expected at most {MAX_RECORD_BYTES:,} for one example.")
    try:
        return json.loads(file.read(num_bytes))
    except (ValueError, RecursionError) as error:
        raise ExampleError(f"it is not JSON ({error}): expected one object for one example.") from error


def open_examples(path: str | Path, *, media_folder: str | Path | None = None) -> ExampleSource:
    """The examples of a file (JSONL, a JSON list, a WebDataset shard), of a folder of shards, or of a glob.

    What a file is is seen from its content. Paths of media are relative to the data file, or to `media_folder`.

    Raises:
        ExampleError: No such file, a file of another kind, or one without examples.
    """
    path = Path(path)
    if path.is_dir():
        files = sorted(path.glob("*.tar"))
        if not files:
            raise ExampleError(f"{path} is a folder without shards: expected .tar files. Or give the data file itself.")
    elif not path.exists() and glob.has_magic(str(path)):
        files = [Path(name) for name in sorted(glob.glob(str(path)))]
        if not files:
            raise ExampleError(f"no file is called like {path}: check the pattern.")
    elif not path.is_file():
        kind = "is not a file" if path.exists() else "does not exist"
        raise ExampleError(f"{path} {kind}: expected a JSONL or JSON file of examples, or shards. Check the path.")
    else:
        return _open_file(path, media_folder)
    return ConcatenatedSource(path.name, [_open_file(file, media_folder) for file in files])


def _open_file(path: Path, media_folder: str | Path | None) -> ExampleSource:
    from videoxl.training.data.form import Form, form_of
    from videoxl.training.data.records import open_json_lines, open_json_list
    from videoxl.training.data.shards import Shard

    folder = path.parent if media_folder is None else Path(media_folder)
    form = form_of(path)
    source: ExampleSource
    if form is Form.SHARD:
        source = Shard(path)
    elif form is Form.JSON_LIST:
        source = open_json_list(path, media_folder=folder)
    else:
        source = open_json_lines(path, media_folder=folder)
    if not len(source):
        raise ExampleError(f"{path} holds no example: expected at least one.")
    return source
