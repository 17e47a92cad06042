"""A library with a clock that stands still, and a tiny model that watches what is put into it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from videoxl.library import Entry, Library, WatchSettings

FINGERPRINT = "f" * 64
SECONDS = 60.0
"""How long leases in these tests last."""


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.seconds = 1_000_000.0

    def __call__(self) -> float:
        return self.seconds

    def pass_by(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def open_library(tmp_path: Path, clock: Clock):
    """Opens the library of this test; twice gives two that share a folder, as two processes would."""
    opened: list[Library] = []

    def open_one(folder: Path | None = None) -> Library:
        opened.append(Library(folder or tmp_path / "library", clock=clock))
        return opened[-1]

    yield open_one
    for library in opened:
        library.close()


@pytest.fixture
def library(open_library: Callable[[], Library]) -> Library:
    return open_library()


def settings(ratio: int = 4, **given: Any) -> WatchSettings:
    """Settings as the tiny model completes them."""
    return WatchSettings(planner="fixed", ratio=ratio, interval_frames=10, **given)


@pytest.fixture
def add(library: Library, tmp_path: Path) -> Callable[..., Entry]:
    """Adds a file of a few bytes that only the queue cares about: `add("name")`."""

    def add_one(name: str = "film.mp4", *, to: Library | None = None, model: str = FINGERPRINT, **given: Any) -> Entry:
        path = tmp_path / name
        if not path.exists():
            path.write_bytes(name.encode())
        chosen = given.pop("settings", settings())
        return (to or library).add(path, chosen, model_name="tiny", model_fingerprint=model, **given)

    return add_one


@pytest.fixture(scope="session")
def vxl(make_model, processor):
    """The tiny model, ready for people."""
    from videoxl.engine import VideoXL

    return VideoXL(make_model(evidence_layers=[1, 2]), processor, name="tiny")


@pytest.fixture
def add_film(library: Library, vxl: Any) -> Callable[..., Entry]:
    """Puts a film into the queue for the tiny model."""

    def add_one(path: Path, *, to: Library | None = None, ratio: int = 4, **given: Any) -> Entry:
        return (to or library).add(
            path, settings(ratio), model_name=vxl.name, model_fingerprint=vxl.fingerprint, **given
        )

    return add_one


@pytest.fixture
def watch(library: Library, vxl: Any, add_film: Callable[..., Entry]) -> Callable[..., Entry]:
    """Adds a film and watches it to the end."""
    from videoxl.library.worker import work_on

    def watch_one(path: Path, **given: Any) -> Entry:
        entry = add_film(path, **given)
        job = library.lease("worker", SECONDS, only={entry.id})
        return entry if job is None else work_on(job, library, vxl)

    return watch_one


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, with its bytes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
