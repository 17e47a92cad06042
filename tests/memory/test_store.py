"""A saved memory is the memory; saving is all or nothing."""

import subprocess
import sys

import pytest
import torch

from videoxl.errors import CapacityError, MemoryFormatError, MemoryMismatchError, UsageError
from videoxl.memory import CompressedMemory, MemoryAbout, check_model, inspect, open_memory, save
from videoxl.memory import store as store_module


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16, torch.float64])
@pytest.mark.parametrize("shard_rows", [1, 7, 1000])
def test_opening_gives_what_was_saved(make_memory, tmp_path, dtype, shard_rows):
    """Save then open gives bit-equal rows, equal segments to the last float, and an equal about."""
    memory = make_memory(dtype=dtype)
    save(memory, tmp_path / "a.vxl", shard_rows=shard_rows)
    opened = open_memory(tmp_path / "a.vxl")
    assert opened.same_rows(memory)
    assert (opened.segments, opened.about) == (memory.segments, memory.about)
    assert opened.allocated_bytes == opened.nbytes == memory.nbytes


def test_bits_that_are_no_numbers_survive(make_memory, tmp_path):
    """NaN, infinity and minus zero among the rows come back as they were."""
    memory = make_memory()
    memory.keys[0, 0, 0] = torch.tensor([float("nan"), float("inf"), -0.0, 1e-45])
    memory.save(tmp_path / "a.vxl")
    assert open_memory(tmp_path / "a.vxl").same_rows(memory)


def test_a_memory_without_rows_is_saved_too(tmp_path, about, files):
    """An empty memory is a manifest alone, and opens as an empty memory."""
    save(CompressedMemory(about), tmp_path / "a.vxl")
    assert files(tmp_path / "a.vxl").keys() == {"manifest.json"}
    assert open_memory(tmp_path / "a.vxl").segments == ()


def test_the_bytes_depend_on_what_is_remembered_alone(make_memory, tmp_path, files):
    """A memory, its reopened copy, and a fork of a longer one that was cut back all save as the same files."""
    memory = make_memory()
    longer = make_memory(9).fork()
    longer.truncate(len(memory.segments))
    save(memory, tmp_path / "a.vxl", shard_rows=7)
    save(open_memory(tmp_path / "a.vxl"), tmp_path / "b.vxl", shard_rows=7)
    save(longer, tmp_path / "c.vxl", shard_rows=7)
    assert files(tmp_path / "a.vxl") == files(tmp_path / "b.vxl") == files(tmp_path / "c.vxl")


def test_the_order_of_settings_leaves_no_trace(tmp_path, files):
    """The same settings, named in another order, give the same bytes."""
    for name, plan in (("a.vxl", {"ratio": 4, "fps": 1.0}), ("b.vxl", {"fps": 1.0, "ratio": 4})):
        save(CompressedMemory(MemoryAbout(plan=plan)), tmp_path / name)
    assert files(tmp_path / "a.vxl") == files(tmp_path / "b.vxl")


def test_numbers_of_numpy_are_numbers(tmp_path, rows):
    """Counts and times that arrive as numpy scalars are written as plain numbers."""
    import numpy as np

    from videoxl.memory import Segment

    memory = CompressedMemory(MemoryAbout(tokens_per_frame=np.int64(4)))
    times = tuple(np.array([0.1, 0.2]))
    segment = Segment("interval", np.int64(2), num_frames=np.int64(2), stop_seconds=np.float64(1), frame_seconds=times)
    memory.append(segment, rows(2, seed=0), rows(2, seed=1))
    save(memory, tmp_path / "a.vxl")
    assert open_memory(tmp_path / "a.vxl").segments == memory.segments


def test_inspect_tells_what_opening_would(make_memory, tmp_path):
    """inspect gives the summary, segments and bytes of the memory without its rows."""
    memory = make_memory()
    save(memory, tmp_path / "a.vxl", shard_rows=7)
    found = inspect(tmp_path / "a.vxl", verify=True)
    assert found.summary() == memory.summary()
    assert found.manifest.segments == memory.segments
    assert found.manifest.is_complete
    assert found.disk_bytes == sum(path.stat().st_size for path in (tmp_path / "a.vxl").iterdir())


def test_inspect_does_without_torch(make_memory, tmp_path):
    """Looking at a memory imports no torch, so it answers at once."""
    save(make_memory(), tmp_path / "a.vxl")
    script = "import sys, videoxl.memory as m; m.inspect(sys.argv[1]).summary(); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "a.vxl")], check=True)


def test_a_memory_is_replaced_only_when_asked(make_memory, tmp_path, files):
    """Saving over a memory is refused unless overwrite is given; then only the new one's files remain."""
    old, new = make_memory(8), make_memory(3, seed=1)
    save(old, tmp_path / "a.vxl", shard_rows=7)
    with pytest.raises(UsageError, match="already holds a memory"):
        save(new, tmp_path / "a.vxl")
    assert open_memory(tmp_path / "a.vxl").same_rows(old)
    save(new, tmp_path / "a.vxl", overwrite=True, shard_rows=7)
    save(new, tmp_path / "b.vxl", shard_rows=7)
    assert files(tmp_path / "a.vxl") == files(tmp_path / "b.vxl")


def test_other_peoples_files_are_left_alone(make_memory, tmp_path):
    """A file, a folder of other things, or a manifest.json that is no memory's is never written into."""
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "thesis.txt").write_text("mine")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "manifest.json").write_text('{"name": "app"}')
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for name in ("file", "folder", "site", "folder/thesis.txt/a.vxl"):
        with pytest.raises(UsageError, match="Give "):
            save(make_memory(), tmp_path / name, overwrite=True)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_kill_while_replacing_leaves_the_old_memory_or_the_new(make_memory, tmp_path, disk, killed, files):
    """Killed at any step of saving over a memory, the folder opens as all of the old one or all of the new one."""
    old, new, folder = make_memory(8), make_memory(8, seed=1), tmp_path / "a.vxl"
    save(new, tmp_path / "b.vxl", shard_rows=7)
    step, is_done, seen = 0, False, set()
    while not is_done:
        save(old, folder, overwrite=True, shard_rows=9)
        with disk.dying_at(step):
            try:
                save(new, folder, overwrite=True, shard_rows=7)
                is_done = True
            except killed:
                pass
        opened = open_memory(folder)
        seen.add("new" if opened.same_rows(new) else "old")
        assert opened.same_rows(new) or opened.same_rows(old)
        step += 1
    assert seen == {"old", "new"}
    assert step > 20
    assert files(folder) == files(tmp_path / "b.vxl")


@pytest.mark.parametrize("has_old", [False, True])
def test_a_full_disk_loses_nothing_and_leaves_nothing(make_memory, tmp_path, disk, files, has_old):
    """A save that finds the disk full says how many bytes it needed and leaves the folder as it was."""
    old, new, folder = make_memory(8), make_memory(8, seed=1), tmp_path / "a.vxl"
    if has_old:
        save(old, folder, shard_rows=9)
    before = files(folder) if has_old else {}
    with disk.full_from(10**9):
        save(new, tmp_path / "b.vxl", shard_rows=7)
    last_step = disk.num_steps - 1
    for step in range(last_step):
        with disk.full_from(step), pytest.raises(CapacityError, match=r"disk is full: .* needs \d+ bytes"):
            save(new, folder, overwrite=True, shard_rows=7)
        assert files(folder) == before
    # The last step is the sync after the manifest was replaced: the new memory stands, whatever that sync says.
    with disk.full_from(last_step), pytest.raises(CapacityError):
        save(new, folder, overwrite=True, shard_rows=7)
    assert open_memory(folder).same_rows(new)
    save(new, folder, overwrite=True, shard_rows=7)
    assert open_memory(folder).same_rows(new)


def test_a_reader_beside_a_writer_gets_one_moment(make_memory, tmp_path, monkeypatch):
    """A folder that is replaced between reading its manifest and its shards opens as what it has become."""
    old, new, folder = make_memory(8), make_memory(8, seed=1), tmp_path / "a.vxl"
    save(old, folder)
    real = store_module.check_sizes

    def replaced_meanwhile(*args):
        if open_count.append(1) or len(open_count) == 1:
            save(new, folder, overwrite=True)
        real(*args)

    open_count: list[int] = []
    monkeypatch.setattr(store_module, "check_sizes", replaced_meanwhile)
    assert open_memory(folder).same_rows(new)


def test_too_little_memory_is_a_sentence(make_memory, tmp_path, monkeypatch):
    """A device that cannot hold the rows is a CapacityError that says how many bytes they need."""
    save(make_memory(), tmp_path / "a.vxl")

    def fail(*args, **kwargs):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(CompressedMemory, "append", fail)
    with pytest.raises(CapacityError, match=r"needs \d+ bytes"):
        open_memory(tmp_path / "a.vxl")


def test_nothing_there_is_a_sentence(tmp_path):
    """A missing folder, a file, and a folder without manifest each get their own sentence."""
    (tmp_path / "file.vxl").write_text("x")
    (tmp_path / "empty.vxl").mkdir()
    for name, sentence in (
        ("none.vxl", "no such memory"),
        ("file.vxl", "is a file"),
        ("empty.vxl", "no manifest.json"),
    ):
        with pytest.raises(MemoryFormatError, match=sentence):
            open_memory(tmp_path / name)
        with pytest.raises(MemoryFormatError, match=sentence):
            inspect(tmp_path / name)


def test_a_memory_of_another_model_is_refused(about):
    """check_model passes the model that made the memory and names both fingerprints of any other."""
    check_model(about, "ab" * 32)
    with pytest.raises(MemoryMismatchError, match=r"film\.vxl was made by the model tiny .*abababababab.*ffffffffffff"):
        check_model(about, "ff" * 32, name="film.vxl")


def test_an_about_keeps_its_own_plain_copy():
    """What is put into an about is copied as JSON reads back, so it cannot change later and equals what is opened."""
    plan = {"ratios": (2, 4), "options": {"cap": 15}}
    about = MemoryAbout(plan=plan)
    plan["options"]["cap"] = 99
    assert about.plan == {"ratios": [2, 4], "options": {"cap": 15}}
    with pytest.raises(ValueError, match="JSON"):
        MemoryAbout(plan={"ratio": float("nan")})
