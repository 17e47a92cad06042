"""WebDataset shards: tar files in which KEY.json stands beside KEY.mp4, KEY.jpg or KEY.0.jpg.

A shard is read in any order by an index of where each key's members begin. Names inside it only ever pick a member:
nothing is unpacked under a name that a stranger chose, and what is no plain file makes its example a bad one. In the
JSON, a media path is what follows the key (`0.jpg`), or the whole member name.
"""

import io
import json
import shutil
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

import numpy as np

from videoxl.errors import ExampleError
from videoxl.training.data.example import Example, Message, Part, TextPart, example_json
from videoxl.training.data.source import ExampleSource, read_json

RECORD = "json"
SHARD_BYTES = 2**30
MAX_SUFFIX_CHARACTERS = 5


class Shard(ExampleSource):
    """The examples of one tar file; neighbours with the same key are one example."""

    def __init__(self, path: Path) -> None:
        self.path, self.name = path, path.name
        spans: list[tuple[int, int]] = []
        self._keys: list[str] = []
        for key, start, stop in _groups(path):
            spans.append((start, stop))
            self._keys.append(key)
        self._spans_N2 = np.array(spans, np.int64).reshape(-1, 2)

    def __len__(self) -> int:
        return len(self._keys)

    def record(self, index: int) -> Any:
        """See `ExampleSource.record`."""
        members = self._members(index)
        if RECORD not in members:
            raise ExampleError(f"it has {', '.join(members) or 'nothing'}: expected a member {self._keys[index]}.json.")
        with self.path.open("rb") as file:
            file.seek(members[RECORD].offset_data)
            return read_json(file, members[RECORD].size)

    def where(self, index: int) -> str:
        """See `ExampleSource.where`."""
        return f"{self.name} key {self._keys[index]}"

    @contextmanager
    def media(self, index: int) -> Iterator[Callable[[str], Path]]:
        """See `ExampleSource.media`; members are copied out while it is open."""
        members, key = self._members(index), self._keys[index]
        copies: dict[str, Path] = {}

        def locate(path: str) -> Path:
            suffix = path if path in members else path.removeprefix(f"{key}.").removeprefix(f"{Path(key).name}.")
            if suffix not in members or suffix == RECORD:
                raise ExampleError(f"{self.name} has no member {path!r} of {key}: it has {', '.join(members)}.")
            if suffix not in copies:
                copies[suffix] = self._copy(members[suffix], Path(folder) / f"{len(copies)}{_safe_suffix(suffix)}")
            return copies[suffix]

        with TemporaryDirectory(prefix="videoxl-") as folder:
            yield locate

    def _copy(self, member: tarfile.TarInfo, target: Path) -> Path:
        with self.path.open("rb") as file, target.open("wb") as copy:
            file.seek(member.offset_data)
            shutil.copyfileobj(_Slice(file, member.size), copy)
        return target

    def _members(self, index: int) -> dict[str, tarfile.TarInfo]:
        """The members of one example by what follows the key in their names."""
        start, stop = self._spans_N2[index].tolist()
        members: dict[str, tarfile.TarInfo] = {}
        with self.path.open("rb") as file:
            file.seek(start)
            with _open_tar(file, self.path) as tar:
                for member in _each(tar, self.path):
                    if member.offset >= stop:
                        break
                    if not member.isreg() or member.issparse():
                        raise ExampleError(f"its member {member.name} is no plain file: expected plain files only.")
                    members[_split(member.name)[1]] = member
        return members


def write_shards(
    source: ExampleSource, folder: str | Path, *, shard_bytes: int = SHARD_BYTES, name: str = "shard"
) -> list[Path]:
    """Pack a source and its media into shards of about `shard_bytes`; returns their paths.

    Every byte follows from the source. A shard is there whole or not at all; a bad example stops the packing.
    """
    folder = Path(folder)
    paths: list[Path] = []
    folder.mkdir(parents=True, exist_ok=True)
    index = 0
    while index < len(source):
        path = folder / f"{name}-{len(paths):06d}.tar"
        unfinished = path.with_name(f".{path.name}.unfinished")
        try:
            with tarfile.open(unfinished, "w", format=tarfile.USTAR_FORMAT) as tar:
                while index < len(source) and (tar.offset == 0 or tar.offset < shard_bytes):
                    _write_example(tar, source, index)
                    index += 1
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
        paths.append(path)
    return paths


def _write_example(tar: tarfile.TarFile, source: ExampleSource, index: int) -> None:
    key, example = f"{index:09d}", source[index]
    suffixes: dict[str, str] = {}
    with source.media(index) as locate:
        files = {part.path: locate(part.path) for part in example.media}
        for path, file in files.items():
            if not file.is_file():
                raise ExampleError(f"{source.where(index)}: {file} is not a file: expected one that can be packed.")
            suffixes[path] = f"{len(suffixes)}{_safe_suffix(file.name)}"
        record = json.dumps(example_json(_renamed(example, suffixes))).encode()
        _write_member(tar, f"{key}.{RECORD}", io.BytesIO(record), len(record))
        for path, file in files.items():
            with file.open("rb") as content:
                _write_member(tar, f"{key}.{suffixes[path]}", content, file.stat().st_size)


def _write_member(tar: tarfile.TarFile, name: str, content: IO[bytes], num_bytes: int) -> None:
    member = tarfile.TarInfo(name)
    member.size = num_bytes
    tar.addfile(member, content)


def _renamed(example: Example, names: dict[str, str]) -> Example:
    def part_of(part: Part) -> Part:
        return part if isinstance(part, TextPart) else replace(part, path=names[part.path])

    messages = tuple(Message(message.role, tuple(map(part_of, message.parts))) for message in example.messages)
    return replace(example, messages=messages)


def _groups(path: Path) -> Iterator[tuple[str, int, int]]:
    """Key, begin and end in bytes of each run of members that share a key."""
    key, start, end = None, 0, 0
    with path.open("rb") as file, _open_tar(file, path) as tar:
        for member in _each(tar, path):
            tar.members = []  # type: ignore[attr-defined]  # it would keep every header of a shard of any size
            if member.isdir() or _is_about_the_shard(member.name):
                continue
            this, _ = _split(member.name)
            if this != key:
                if key is not None:
                    yield key, start, end
                key, start = this, member.offset
            end = member.offset_data + (member.size if member.isreg() else 0)
    if key is not None:
        yield key, start, end


def _open_tar(file: IO[bytes], path: Path) -> tarfile.TarFile:
    try:
        return tarfile.open(fileobj=file, mode="r:")
    except tarfile.TarError as error:
        raise ExampleError(f"{path} is not a whole tar file ({error}): copy or write it again.") from error


def _each(tar: tarfile.TarFile, path: Path) -> Iterator[tarfile.TarInfo]:
    try:
        while (member := tar.next()) is not None:
            yield member
    except (tarfile.TarError, OSError, ValueError) as error:
        raise ExampleError(f"{path} is cut off or damaged ({error}): copy or write it again.") from error


def _split(name: str) -> tuple[str, str]:
    """Key and what follows it; the key ends at the first dot of the file's own name."""
    folder, slash, own = name.rpartition("/")
    stem, _, suffix = own.partition(".")
    return f"{folder}{slash}{stem}", suffix


def _is_about_the_shard(name: str) -> bool:
    own = name.rpartition("/")[2]
    return own.startswith("__") and own.endswith("__")


def _safe_suffix(name: str) -> str:
    """The last suffix of a name where it is a plain word, so that a picture is known as one."""
    last = name.rpartition(".")[2].lower() if "." in f".{name}" else ""
    return f".{last}" if last.isascii() and last.isalnum() and len(last) <= MAX_SUFFIX_CHARACTERS else ""


class _Slice(io.RawIOBase):
    """The next so many bytes of a file."""

    def __init__(self, file: IO[bytes], num_bytes: int) -> None:
        self._file, self._left = file, num_bytes

    def read(self, size: int = -1) -> bytes:
        content = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(content)
        return content
