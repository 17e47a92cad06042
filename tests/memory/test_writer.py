"""A memory written while it is made: interrupted at any moment it opens, and resumed it ends as if nothing had been."""

from dataclasses import replace

import pytest

from videoxl.errors import CapacityError, MemoryFormatError, MemoryMismatchError, UsageError
from videoxl.memory import MemorySource, MemoryWriter, open_memory, save

SHARD_ROWS = 7


@pytest.fixture
def whole(make_memory, tmp_path, files):
    """A memory, and the files of its uninterrupted writing."""
    memory = make_memory(7)
    save(memory, tmp_path / "whole.vxl", shard_rows=SHARD_ROWS)
    return memory, files(tmp_path / "whole.vxl")


def test_a_writer_makes_the_files_that_saving_makes(whole, tmp_path, files, feed):
    """Written segment by segment or saved at once, a memory has the same file names and bytes."""
    memory, expected = whole
    with MemoryWriter(tmp_path / "a.vxl", memory.about, shard_rows=SHARD_ROWS) as writer:
        feed(writer, memory)
    assert files(tmp_path / "a.vxl") == expected
    assert len(expected) > 3


@pytest.mark.parametrize("has_checkpoints", [False, True])
def test_interrupted_at_any_segment_and_resumed_nothing_shows(whole, tmp_path, files, feed, has_checkpoints):
    """Paused after any segment and resumed, a run ends with the very files of one that was never interrupted."""
    memory, expected = whole
    for stop in range(len(memory.segments) + 1):
        folder = tmp_path / f"{stop}.vxl"
        writer = MemoryWriter(folder, memory.about, shard_rows=SHARD_ROWS)
        for index in range(stop):
            feed(writer, memory, index, index + 1)
            if has_checkpoints:
                writer.checkpoint()
                assert writer.num_saved_rows == memory.row_range(index).stop
        writer.pause()
        writer, kept = MemoryWriter.resume(folder, memory.about)
        assert kept.segments == memory.segments[:stop]
        feed(writer, memory, stop)
        writer.close()
        assert files(folder) == expected


def test_killed_at_any_step_nothing_saved_is_lost(whole, tmp_path, files, feed, disk, killed):
    """Killed at any file operation, the folder opens with all that was saved, and resumed it ends byte-identical."""
    memory, expected = whole
    step, is_done, num_opened = 0, False, set()
    while not is_done:
        folder, num_saved_rows, writer = tmp_path / f"{step}.vxl", None, None
        with disk.dying_at(step):
            try:
                writer = MemoryWriter(folder, memory.about, shard_rows=SHARD_ROWS)
                for index in range(len(memory.segments)):
                    feed(writer, memory, index, index + 1)
                    if index % 3 == 1:
                        writer.checkpoint()
                writer.close()
                is_done = True
            except killed:
                num_saved_rows = writer and writer.num_saved_rows
        del writer  # the system lets go of a dead process's lock
        if (folder / "manifest.json").exists():
            opened = open_memory(folder)
            begun = memory.fork()
            begun.truncate(len(opened.segments))
            assert opened.same_rows(begun)
            assert opened.segments == begun.segments
            assert opened.num_rows >= (num_saved_rows or 0)
            num_opened.add(opened.num_rows)
        else:
            with pytest.raises(MemoryFormatError):
                open_memory(folder)
        if not is_done:
            writer, kept = MemoryWriter.resume(folder, memory.about, shard_rows=SHARD_ROWS)
            feed(writer, memory, len(kept.segments))
            writer.close()
        assert files(folder) == expected
        step += 1
    assert step > 50
    assert len(num_opened) >= 5


def test_a_full_disk_stops_the_run_and_no_row_is_lost(whole, tmp_path, files, feed, disk):
    """When the disk fills up the writer says so, keeps what waits, and goes on once there is room."""
    memory, expected = whole
    for step in range(1, 12):
        folder = tmp_path / f"{step}.vxl"
        writer = MemoryWriter(folder, memory.about, shard_rows=SHARD_ROWS)
        with disk.full_from(step), pytest.raises(CapacityError, match=r"needs \d+ bytes and \d+ are free"):
            feed(writer, memory)
        assert not list(folder.glob("*.part"))
        assert open_memory(folder).num_rows >= writer.num_saved_rows
        writer.checkpoint()
        done = len(open_memory(folder).segments)
        feed(writer, memory, done)
        writer.close()
        assert files(folder) == expected


def test_an_exception_while_watching_pauses(whole, tmp_path, feed):
    """A writer whose run ends in an exception, Ctrl-C too, saves every segment and can be resumed."""
    memory, _ = whole

    def watch() -> None:
        with MemoryWriter(tmp_path / "a.vxl", memory.about) as writer:
            feed(writer, memory, 0, 3)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        watch()
    assert len(open_memory(tmp_path / "a.vxl").segments) == 3
    MemoryWriter.resume(tmp_path / "a.vxl", memory.about)[0].close()


def test_ctrl_c_in_the_middle_of_writing_pauses_too(make_memory, tmp_path, files, feed, disk):
    """Ctrl-C at any file operation of a run still saves every segment that was appended, once."""
    memory, step, is_interrupted = make_memory(4), 0, True
    save(memory, tmp_path / "whole.vxl", shard_rows=4)
    while is_interrupted:
        folder = tmp_path / f"{step}.vxl"
        writer = MemoryWriter(folder, memory.about, shard_rows=4)
        with disk.interrupted_at(step):
            try:
                for index in range(len(memory.segments)):
                    feed(writer, memory, index, index + 1)
                    if index == 2:
                        writer.checkpoint()
                writer.checkpoint()
                is_interrupted = False
            except KeyboardInterrupt:
                writer.pause()
        assert open_memory(folder).segments == memory.segments[: index + 1]
        writer.pause()
        writer, kept = MemoryWriter.resume(folder, memory.about)
        feed(writer, memory, len(kept.segments))
        writer.close()
        assert files(folder) == files(tmp_path / "whole.vxl")
        step += 1
    assert step > 20


def test_appending_to_a_complete_memory_ends_as_one_run(whole, tmp_path, files, feed):
    """watch(a) then append(b) leaves the files of watch(a + b); meanwhile the first part stays readable."""
    memory, expected = whole
    first = memory.fork()
    first.truncate(5)
    save(first, tmp_path / "a.vxl", shard_rows=SHARD_ROWS)
    writer, kept = MemoryWriter.resume(tmp_path / "a.vxl", memory.about)
    assert kept.same_rows(first)
    assert open_memory(tmp_path / "a.vxl").same_rows(first)
    feed(writer, memory, 5)
    writer.close()
    assert files(tmp_path / "a.vxl") == expected


def test_resuming_a_complete_memory_without_adding_changes_nothing(whole, tmp_path, files):
    """A complete memory that is resumed and paused again is as it was, and still complete."""
    memory, expected = whole
    MemoryWriter.resume(tmp_path / "whole.vxl", memory.about)[0].pause()
    assert files(tmp_path / "whole.vxl") == expected


def test_a_resumed_run_keeps_to_its_settings(whole, tmp_path, feed):
    """An incomplete run refuses another model, preprocessing, source or plan; a moved file is the same source."""
    memory, _ = whole
    about = memory.about
    writer = MemoryWriter(tmp_path / "a.vxl", about)
    feed(writer, memory, 0, 3)
    writer.pause()
    moved = replace(about.sources[0], name="elsewhere/film.mp4", details={"frames_lost": 2})
    MemoryWriter.resume(tmp_path / "a.vxl", replace(about, sources=(moved,)))[0].pause()
    for change, word in (
        ({"model_fingerprint": "00"}, "model"),
        ({"preprocessing": {"size": 9}}, "preprocessing"),
        ({"tokens_per_frame": 5}, "tokens per frame"),
        ({"sources": (MemorySource("film.mp4", sha256="00" * 32),)}, "sources"),
        ({"sources": ()}, "sources"),
        ({"plan": {"planner": "fixed", "ratio": 8}}, "plan"),
    ):
        with pytest.raises(MemoryMismatchError, match=word):
            MemoryWriter.resume(tmp_path / "a.vxl", replace(about, **change))
    assert open_memory(tmp_path / "a.vxl").num_rows == memory.row_range(2).stop


def test_a_complete_memory_may_get_another_source_with_another_plan(whole, tmp_path, feed):
    """A second video with its own plan can follow a complete first one; the version that began it stays named."""
    memory, _ = whole
    second = MemorySource("second.mp4", sha256="ef" * 32)
    about = replace(memory.about, sources=(*memory.about.sources, second), plan={"ratio": 8}, created_with="9.9")
    writer, kept = MemoryWriter.resume(tmp_path / "whole.vxl", about)
    assert kept.about == writer.about
    segment = replace(memory.segments[3], source=1)
    span = memory.row_range(3)
    writer.append(segment, memory.keys[:, :, span.start : span.stop], memory.values[:, :, span.start : span.stop])
    writer.close()
    opened = open_memory(tmp_path / "whole.vxl")
    assert opened.about == replace(about, created_with="0.1.0")
    assert opened.segments == (*memory.segments, segment)


def test_resume_begins_where_nothing_is(whole, tmp_path, files, feed):
    """Resuming at a new path begins a memory there."""
    memory, expected = whole
    writer, kept = MemoryWriter.resume(tmp_path / "a.vxl", memory.about, shard_rows=SHARD_ROWS)
    assert kept.num_rows == 0
    feed(writer, memory)
    writer.close()
    assert files(tmp_path / "a.vxl") == expected


def test_a_memory_to_be_replaced_stays_until_rows_replace_it(whole, tmp_path, feed, files):
    """A writer that may overwrite leaves the old memory whole until its own first rows are saved."""
    memory, expected = whole
    with pytest.raises(UsageError, match="already holds a memory"):
        MemoryWriter(tmp_path / "whole.vxl", memory.about)
    writer = MemoryWriter(tmp_path / "whole.vxl", memory.about, overwrite=True)
    writer.pause()
    assert files(tmp_path / "whole.vxl") == expected
    writer = MemoryWriter(tmp_path / "whole.vxl", memory.about, overwrite=True)
    feed(writer, memory, 0, 2)
    writer.checkpoint()
    assert open_memory(tmp_path / "whole.vxl").segments == memory.segments[:2]
    writer.close()


def test_the_writer_keeps_rows_of_its_own(whole, tmp_path, rows):
    """Changing a tensor after it was appended does not change what is written."""
    memory, _ = whole
    writer = MemoryWriter(tmp_path / "a.vxl", memory.about)
    keys, values = rows(2, seed=1), rows(2, seed=2)
    writer.append(memory.segments[0], keys, values)
    keys.zero_()
    writer.close()
    assert (open_memory(tmp_path / "a.vxl").keys == rows(2, seed=1)).all()
