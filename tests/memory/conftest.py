"""Small memories, what a folder holds, and a disk that can die or fill up at any step."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from torch import Tensor

from videoxl.memory import CompressedMemory, MemoryAbout, MemorySource, Segment

LAYERS, HEADS, WIDTH = 2, 2, 4
ABOUT = MemoryAbout(
    model_name="tiny",
    model_fingerprint="ab" * 32,
    preprocessing={"size": 8, "mean": [0.5, 0.25]},
    sources=(MemorySource("film.mp4", sha256="cd" * 32, duration_seconds=40.0, details={"fps": 23.976}),),
    plan={"planner": "fixed", "ratio": 4},
    tokens_per_frame=4,
    created_with="0.1.0",
)


class Killed(BaseException):
    """The process ended here."""


@pytest.fixture
def about() -> MemoryAbout:
    """The origin of every memory here."""
    return ABOUT


@pytest.fixture
def rows() -> Callable[..., Tensor]:
    """Random rows (L, K, N, E) of a seed."""

    def make(num_rows: int, *, seed: int, dtype: torch.dtype = torch.float32) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        return torch.randn(LAYERS, HEADS, num_rows, WIDTH, generator=generator).to(dtype)

    return make


@pytest.fixture
def make_memory(rows: Callable[..., Tensor]) -> Callable[..., CompressedMemory]:
    """A memory of a text prefix and intervals of 1 to 4 rows."""

    def make(num_intervals: int = 8, *, seed: int = 0, dtype: torch.dtype = torch.float32) -> CompressedMemory:
        memory = CompressedMemory(ABOUT)
        memory.append(
            Segment("text", 2, token_ids=(7, 9)), rows(2, seed=seed, dtype=dtype), rows(2, seed=seed + 1, dtype=dtype)
        )
        for index in range(num_intervals):
            segment = Segment(
                "interval",
                num_rows=1 + (index + seed) % 4,
                first_frame=index * 2,
                num_frames=2,
                start_seconds=index * 0.1,
                stop_seconds=index * 0.1 + 0.1,
                ratio=4,
                frame_seconds=(index * 0.1, index * 0.1 + 1 / 30),
                similarities=(0.1 * index, 1 / 3),
            )
            new = rows(2 * segment.num_rows, seed=100 * seed + index, dtype=dtype)
            memory.append(segment, *new.chunk(2, dim=2))
        return memory

    return make


@pytest.fixture
def feed() -> Callable[..., None]:
    """Give a writer some segments of a memory."""

    def give(writer, memory: CompressedMemory, start: int = 0, stop: int | None = None) -> None:
        for index in range(len(memory.segments))[start:stop]:
            span = memory.row_range(index)
            kept = slice(span.start, span.stop)
            writer.append(memory.segments[index], memory.keys[:, :, kept], memory.values[:, :, kept])

    return give


@pytest.fixture
def files() -> Callable[[Path], dict[str, bytes]]:
    """Names and bytes of a folder."""
    return lambda folder: {path.name: path.read_bytes() for path in folder.iterdir()}


class Disk:
    """The operating system's file calls, counted; they can end the process, or find the disk full."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.num_steps = 0
        self._real = {name: getattr(os, name) for name in ("open", "write", "fsync", "replace", "unlink")}
        self._patch = patch

    @contextmanager
    def dying_at(self, step: int) -> Iterator[None]:
        """From this step on nothing reaches the disk; a write gets half way."""

        def before(name: str, call: Callable, *args):
            self.num_steps += 1
            if self.num_steps > step:
                if name == "write" and self.num_steps == step + 1:
                    call(args[0], bytes(args[1])[: len(args[1]) // 2])
                raise Killed
            return call(*args)

        yield from self._replaced(before)

    @contextmanager
    def interrupted_at(self, step: int) -> Iterator[None]:
        """Ctrl-C comes at this step, once; a write gets half way."""

        def before(name: str, call: Callable, *args):
            self.num_steps += 1
            if self.num_steps == step + 1:
                if name == "write":
                    call(args[0], bytes(args[1])[: len(args[1]) // 2])
                raise KeyboardInterrupt
            return call(*args)

        yield from self._replaced(before)

    @contextmanager
    def full_from(self, step: int, code: int = errno.ENOSPC) -> Iterator[None]:
        """From this step on the disk takes no more bytes; a write gets half way."""

        def before(name: str, call: Callable, *args):
            if name in ("write", "fsync"):
                self.num_steps += 1
                if self.num_steps > step:
                    if name == "write" and len(args[1]) > 1 and self.num_steps == step + 1:
                        return call(args[0], bytes(args[1])[: len(args[1]) // 2])
                    raise OSError(code, os.strerror(code))
            return call(*args)

        yield from self._replaced(before)

    def _replaced(self, before: Callable) -> Iterator[None]:
        self.num_steps = 0
        with self._patch.context() as patch:
            for name, call in self._real.items():
                patch.setattr(os, name, lambda *args, name=name, call=call: before(name, call, *args))
            yield


@pytest.fixture(autouse=True)
def quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing waits for the platter: no test pulls the plug of the machine, and a sync takes most of a test's time."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """A disk that works until told otherwise."""
    return Disk(monkeypatch)


@pytest.fixture
def killed() -> type[Killed]:
    """What a dying disk raises."""
    return Killed
