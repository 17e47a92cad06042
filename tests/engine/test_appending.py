"""A video behind another one, written while it is watched: the first memory is whole, and what was begun goes on."""

import shutil

import pytest

from videoxl.engine import watch
from videoxl.errors import MemoryMismatchError, UsageError
from videoxl.memory import CompressedMemory, MemoryWriter, inspect, open_memory

from .conftest import files_of

OPTIONS = {"ratio": 4, "interval_frames": 7}


class Interrupted(KeyboardInterrupt):
    """Stands for Ctrl-C."""


@pytest.fixture
def base(vxl, make_film, tmp_path):
    """Twelve seconds, watched into a folder."""
    vxl.watch(make_film(12), out=tmp_path / "base.vxl", ratio=4)
    return tmp_path / "base.vxl"


@pytest.fixture
def expected(vxl, base, make_film, tmp_path):
    """The files of the base with another film behind it, made without an interruption and saved at once."""
    memory = vxl.open(base)
    vxl.append(memory, make_film(150, seed=1), **OPTIONS)
    memory.save(tmp_path / "expected.vxl")
    return files_of(tmp_path / "expected.vxl")


def stop_at(num_frames):
    def listen(progress):
        if progress.num_frames >= num_frames:
            raise Interrupted

    return listen


def negated(memory):
    """A memory that says the same of itself, and holds other numbers."""
    other = CompressedMemory(memory.about)
    for index, segment in enumerate(memory.segments):
        rows = slice(memory.row_range(index).start, memory.row_range(index).stop)
        other.append(segment, -memory.keys[:, :, rows], memory.values[:, :, rows])
    return other


def test_an_interrupted_run_ends_with_the_same_bytes(vxl, base, expected, make_film, tmp_path):
    """Stopped again and again, what is appended has the bytes of one go, and the base has those of before."""
    film, out, before = make_film(150, seed=1), tmp_path / "both.vxl", files_of(base)
    for num_frames in (0, 16, 80, 128):
        with pytest.raises(Interrupted):
            vxl.append(vxl.open(base), film, out=out, progress=stop_at(num_frames), **OPTIONS)
        assert not inspect(out).manifest.is_complete
        assert files_of(base) == before
    resumed = []
    memory = vxl.open(base)
    vxl.append(memory, film, out=out, progress=resumed.append, **OPTIONS)
    assert resumed[0].num_resumed > 50
    assert files_of(out) == expected
    assert memory.same_rows(open_memory(out))
    assert memory.segments == open_memory(out).segments


def test_killed_at_any_save_nothing_saved_is_lost(vxl, base, expected, make_film, tmp_path, monkeypatch):
    """Whatever a kill leaves in the folder is gone on with, to the bytes of one go."""
    monkeypatch.setattr(watch, "SECONDS_BETWEEN_SAVES", 0.0)
    film, out = make_film(150, seed=1), tmp_path / "both.vxl"
    left = []

    def listen(progress):
        left.append(tmp_path / f"left-{len(left)}.vxl")
        shutil.copytree(out, left[-1])

    vxl.append(vxl.open(base), film, out=out, progress=listen, **OPTIONS)
    num_kept = set()
    for folder in left[::3]:
        resumed = []
        vxl.append(vxl.open(base), film, out=folder, progress=resumed.append, **OPTIONS)
        num_kept.add(resumed[0].num_resumed)
        assert files_of(folder) == expected
    assert len(num_kept) > 2


def test_a_copy_that_was_stopped_goes_on(vxl, base, expected, make_film, tmp_path):
    """Stopped while the rows that there were are still being copied, the next run copies the rest of them."""
    memory, out = vxl.open(base), tmp_path / "both.vxl"
    with pytest.raises(Interrupted):
        vxl.append(vxl.open(base), make_film(150, seed=1), out=out, progress=stop_at(0), **OPTIONS)
    part = open_memory(out)
    about = part.about
    part.truncate(2)
    shutil.rmtree(out)
    writer = MemoryWriter(out, about)
    for index, segment in enumerate(part.segments):
        rows = slice(part.row_range(index).start, part.row_range(index).stop)
        writer.append(segment, part.keys[:, :, rows], part.values[:, :, rows])
    writer.pause()
    assert len(open_memory(out).segments) < len(memory.segments)
    vxl.append(memory, make_film(150, seed=1), out=out, **OPTIONS)
    assert files_of(out) == expected


def test_a_finished_one_is_not_made_again(vxl, base, expected, make_film, tmp_path):
    """The same call again takes the rows from the folder, and looks at no frame."""
    out = tmp_path / "both.vxl"
    vxl.append(vxl.open(base), make_film(150, seed=1), out=out, **OPTIONS)
    memory, watched = vxl.open(base), []
    vxl.append(memory, make_film(150, seed=1), out=out, progress=watched.append, **OPTIONS)
    assert watched == []
    assert memory.same_rows(open_memory(out))
    assert files_of(out) == expected


@pytest.mark.parametrize("other", ["film", "ratio", "base", "rows"])
def test_something_else_is_not_gone_on_with(vxl, base, make_film, tmp_path, other):
    """A run of another film, at another ratio or behind another memory is refused, and left as it is."""
    out = tmp_path / "both.vxl"
    with pytest.raises(Interrupted):
        vxl.append(vxl.open(base), make_film(150, seed=1), out=out, progress=stop_at(80), **OPTIONS)
    before = files_of(out)
    film = make_film(20, seed=2) if other == "film" else make_film(150, seed=1)
    options = {**OPTIONS, "ratio": 2} if other == "ratio" else OPTIONS
    memory = vxl.watch(make_film(12), ratio=2) if other == "base" else vxl.open(base)
    memory = negated(memory) if other == "rows" else memory
    num_rows, about = memory.num_rows, memory.about
    with pytest.raises(MemoryMismatchError):
        vxl.append(memory, film, out=out, **options)
    assert (memory.num_rows, memory.about) == (num_rows, about)
    assert files_of(out) == before


def test_the_memory_itself_is_not_written_into(vxl, base, make_film):
    """The folder that a memory came from is refused as the place of the longer one, for a kill would spoil it."""
    before = files_of(base)
    with pytest.raises(MemoryMismatchError, match="Write to another folder"):
        vxl.append(vxl.open(base), make_film(150, seed=1), out=base, **OPTIONS)
    assert files_of(base) == before


def test_what_cannot_be_watched_leaves_no_folder(vxl, base, make_film, tmp_path):
    """Moments that the film does not have are refused before anything is written."""
    with pytest.raises(UsageError):
        vxl.append(vxl.open(base), make_film(12, seed=1), out=tmp_path / "both.vxl", start_seconds=500, **OPTIONS)
    assert not (tmp_path / "both.vxl").exists()
