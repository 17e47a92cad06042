"""Removing and making room: nobody who reads is disturbed, and nothing is left when they have gone."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from videoxl.errors import EntryNotFoundError, UsageError, VideoNotFoundError
from videoxl.library.removal import LEFTOVER_SECONDS
from videoxl.library.worker import work_on

from .conftest import SECONDS, files_of

ROOMS = ("memories", "thumbnails", "locks", "trash", "incoming", "fetched")


def left(library):
    """Everything that lies in the library's rooms."""
    return [path for room in ROOMS for path in (library.folder / room).iterdir()]


def test_a_removed_memory_is_gone_with_all_that_was_asked(library, watch, make_film):
    """Entry, files, intervals and questions go; adding the video again begins from nothing."""
    entry = watch(make_film(12))
    library.note_answer(entry.id, {"question": "what ?", "text": "a cat"})
    library.remove(entry.id[:8])
    assert library.entries() == []
    assert left(library) == []
    with pytest.raises(EntryNotFoundError):
        library.remove(entry.id)
    again = watch(make_film(12))
    assert (again.id, again.num_questions, len(library.intervals(entry.id))) == (entry.id, 0, 2)


def test_whoever_reads_reads_on(library, vxl, watch, make_film, open_library):
    """A memory that is removed while it is read can be read to the end; its files go when the last reader leaves."""
    entry = watch(make_film(12))
    other = open_library()
    with library.reading(entry.id) as path, other.reading(entry.id):
        before = files_of(path)
        other.remove(entry.id)
        assert library.entries() == []
        with pytest.raises(EntryNotFoundError), other.reading(entry.id):
            pass
        assert files_of(path) == before
        assert vxl.open(path).num_rows == entry.num_rows
    assert left(library) == []


def test_a_memory_that_is_added_again_while_it_is_read_is_the_same(library, watch, make_film):
    """Removed, read and added again costs nothing: the files that the reader keeps are found again."""
    entry = watch(make_film(12))
    with library.reading(entry.id):
        library.remove(entry.id)
        again = watch(make_film(12))
    assert (again.id, again.state, again.num_rows) == (entry.id, "ready", entry.num_rows)
    assert len(library.intervals(entry.id)) == entry.num_intervals
    with library.reading(entry.id):
        pass


READ_AND_WAIT = """
import sys
from videoxl.library import Library
library = Library(sys.argv[1])
with library.reading(sys.argv[2]):
    print("reading", flush=True)
    sys.stdin.read()
"""


def test_a_killed_reader_holds_nothing(library, watch, make_film):
    """What another process read when it was killed is taken away by the next clearing; until then it was kept."""
    entry = watch(make_film(12))
    reader = subprocess.Popen(
        [sys.executable, "-c", READ_AND_WAIT, library.folder, entry.id], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert reader.stdout.readline() == b"reading\n"
    library.remove(entry.id)
    assert library.gc().num_bytes == 0
    assert (library.folder / "memories" / f"{entry.id}.vxl" / "manifest.json").exists()
    os.kill(reader.pid, signal.SIGKILL)
    reader.communicate()
    assert library.gc().num_bytes > 0
    assert left(library) == []


def test_readers_and_removers_race_without_harm(library, watch, add_film, vxl, make_film):
    """However threads that read, remove and add interleave, a reader finds a memory that opens or no entry."""
    film = make_film(12)
    entry = watch(film)
    wrong, is_over = [], threading.Event()

    def read():
        while not is_over.is_set():
            try:
                with library.reading(entry.id) as path:
                    if vxl.open(path).num_rows > entry.num_rows:  # fewer while it is being watched again
                        wrong.append("rows")
            except EntryNotFoundError:
                continue
            except Exception as error:
                if "nothing of it is kept" not in str(error):
                    wrong.append(repr(error))

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for _ in range(3):
        library.remove(entry.id)
        if add_film(film).state == "queued":
            work_on(library.lease("worker", SECONDS), library, vxl)
    is_over.set()
    for reader in readers:
        reader.join()
    assert wrong == []
    assert library.entry(entry.id).state == "ready"


def test_old_memories_make_room(library, watch, make_film, clock):
    """What nobody has used for so long goes; asking is use; what waits to be watched stays."""
    old, asked = watch(make_film(12)), watch(make_film(15))
    clock.pass_by(1000)
    library.note_answer(asked.id, {"question": "what ?", "text": "a cat"})
    new = watch(make_film(18))
    collected = library.gc(max_age_seconds=500)
    assert [entry.id for entry in collected.entries] == [old.id]
    assert collected.num_bytes >= old.num_bytes
    assert {entry.id for entry in library.entries()} == {asked.id, new.id}


def test_room_is_made_until_the_rest_fits(library, watch, make_film, clock):
    """By size, those used longest ago go first and no more than it takes; nothing goes where all fits."""
    entries = []
    for seconds in (12, 15, 18):
        entries.append(watch(make_film(seconds)))
        clock.pass_by(10)
    library.note_answer(entries[0].id, {"question": "what ?", "text": "a cat"})
    assert library.gc(max_bytes=1 << 40).entries == ()
    total = sum(map(len, files_of(library.folder / "memories").values()))
    total += sum(map(len, files_of(library.folder / "thumbnails").values()))
    assert sum(library.disk_bytes(entry.id) for entry in entries) == total
    assert [entry.id for entry in library.gc(max_bytes=total - 1).entries] == [entries[1].id]
    assert [entry.id for entry in library.gc(max_bytes=0, spared=[entries[0].id]).entries] == [entries[2].id]
    assert [entry.id for entry in library.gc(max_bytes=0).entries] == [entries[0].id]
    assert library.entries() == []


def test_what_is_read_or_waits_stays(library, watch, add, make_film, clock):
    """Making room passes over what somebody reads, and says so, and over what is not watched yet."""
    entry = watch(make_film(12))
    waiting = add("waiting.mp4")
    clock.pass_by(1000)
    with library.reading(entry.id):
        collected = library.gc(max_age_seconds=1, max_bytes=0)
    assert (collected.entries, collected.num_in_use) == ((), 1)
    assert {each.id for each in library.entries()} == {entry.id, waiting.id}


def test_what_killed_processes_left_is_cleared_away(library, watch, make_film, clock):
    """Files of no entry, half a copy and forgotten trash go; an entry's own and a new copy stay."""
    entry = watch(make_film(12))
    stray = "0" * 32
    for path in (f"memories/{stray}.vxl/rows", f"thumbnails/{stray}/0.jpg", f"locks/{stray}.lock", "trash/x/y"):
        (library.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (library.folder / path).write_bytes(b"left")
    for name, age in (("old", LEFTOVER_SECONDS + 10), ("new", 10)):
        for room in ("incoming", "fetched"):
            path = library.folder / room / name
            if room == "incoming":
                path.mkdir()
            else:
                path.write_bytes(b"left")
            os.utime(path, (clock() - age, clock() - age))
    before = files_of(library.folder / "memories" / f"{entry.id}.vxl")
    assert library.gc().num_bytes >= 4 * len(b"left")
    names = {path.name for path in left(library)}
    assert names == {f"{entry.id}.vxl", entry.id, f"{entry.id}.lock", "new"}
    assert files_of(library.folder / "memories" / f"{entry.id}.vxl") == before


def test_a_sweep_that_was_killed_is_finished(library, watch, make_film, monkeypatch):
    """Killed after files were moved and before the catalogue forgot, removing goes on with the next clearing."""
    from videoxl.library import removal

    entry = watch(make_film(12))

    def die(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(removal.Remover, "_throw_away_downloads", die)
        with pytest.raises(KeyboardInterrupt):
            library.remove(entry.id)
    assert library.entries() == []
    library.gc()
    assert left(library) == []


def test_a_download_goes_with_the_last_entry_made_of_it(library, vxl, add_film, make_film):
    """A video that was fetched for the library stays while an entry was made of it; a person's own file always does."""
    fetched = library.fetched / "film.mp4"
    fetched.write_bytes(make_film(12).read_bytes())
    one, other, own = add_film(fetched), add_film(fetched, ratio=8), add_film(make_film(15))
    library.remove(one.id)
    assert fetched.exists()
    library.remove(other.id)
    assert not fetched.exists()
    library.remove(own.id)
    assert make_film(15).exists()


@pytest.mark.parametrize("room", ["fetched", "files"])
def test_a_file_of_ours_that_went_before_it_was_added_is_refused(library, add_film, make_film, room):
    """A file of the library's own, found for an entry and then taken away, waits for nobody; its name is said."""
    fetched = library.folder / room / "film.mp4"
    fetched.write_bytes(make_film(12).read_bytes())
    first = add_film(fetched)
    library.remove(first.id)
    fetched.unlink(missing_ok=True)
    with pytest.raises(VideoNotFoundError, match=r"kite\.mp4 was removed while it was being added"):
        add_film(fetched, name="kite.mp4", source_sha256=first.source_sha256)
    assert library.entries() == []


@pytest.mark.parametrize("limits", [{"max_bytes": -1}, {"max_age_seconds": -1.0}, {"max_age_seconds": float("nan")}])
def test_limits_that_make_no_sense_are_refused(library, limits):
    """A negative age or size removes nothing."""
    with pytest.raises(UsageError, match="expected 0 or more"):
        library.gc(**limits)


def test_what_a_killed_reader_held_goes_with_the_next_look_into_the_queue(library, watch, make_film, open_library):
    """Removed while another process read it, and that process SIGKILLed: whoever asks for work takes the files away."""
    entry, other = watch(make_film(12)), open_library()
    reader = subprocess.Popen(
        [sys.executable, "-c", READ_AND_WAIT, library.folder, entry.id], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert reader.stdout.readline() == b"reading\n"
    library.remove(entry.id)
    assert other.lease("worker", SECONDS) is None
    assert (library.folder / "memories" / f"{entry.id}.vxl" / "manifest.json").exists()
    os.kill(reader.pid, signal.SIGKILL)
    reader.communicate()
    assert other.lease("worker", SECONDS) is None
    assert left(library) == []


WORK_AND_WAIT = """
import sys
from videoxl.library import Library
library = Library(sys.argv[1])
job = library.lease("victim", 60.0)
with library.holding(job.entry.id):
    job.path.mkdir()
    (job.path / "rows").write_bytes(b"rows")
    library.keep_thumbnail(job.entry.id, 0, b"picture")
    print("working", flush=True)
    sys.stdin.read()
"""


def test_what_a_killed_worker_made_goes_when_others_work(library, vxl, add, add_film, make_film):
    """Removed under a worker that is then SIGKILLed: the end of any other work finds it, though nobody makes room."""
    entry, other = add(), add_film(make_film(12))
    worker = subprocess.Popen(
        [sys.executable, "-c", WORK_AND_WAIT, library.folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert worker.stdout.readline() == b"working\n"
    job = library.lease("worker", SECONDS)
    library.remove(entry.id)

    def kill(memory):
        worker.kill()
        worker.communicate()

    assert work_on(job, library, vxl, between=kill).id == other.id
    assert {path.stem for path in left(library)} == {other.id}


def test_a_look_that_finds_nothing_removed_writes_nothing(library, watch, make_film):
    """Sweeping costs one look where nothing was removed: it does not wait for who writes."""
    watch(make_film(12))
    with library._catalogue.writing():
        library.sweep()


def test_what_cannot_be_taken_away_keeps_nobody_from_work(library, add, monkeypatch, caplog):
    """Files that refuse to go are said once, and tried again; jobs are given out meanwhile."""
    from videoxl.library import removal

    entry, waiting = add("removed.mp4"), add("waiting.mp4")
    (library.folder / "thumbnails" / entry.id).mkdir()

    def refuse(*arguments):
        raise PermissionError("no")

    with monkeypatch.context() as patch:
        patch.setattr(removal.Remover, "sweep", refuse)
        with pytest.raises(PermissionError):
            library.remove(entry.id)
        assert library.lease("one", SECONDS).entry.id == waiting.id
        assert library.lease("two", SECONDS) is None
        assert len(caplog.records) == 1
        assert "was removed, and its files cannot be" in caplog.text
    library.lease("two", SECONDS)
    assert left(library) == []


def test_a_reader_who_comes_too_late_leaves_no_lock(library):
    """Whoever locks what was swept in between finds no entry, and leaves nothing."""
    with pytest.raises(EntryNotFoundError), library.holding("0" * 32):
        pass
    assert left(library) == []
