"""Memories that others go on behind: removed, they are hidden at once, and what was promised behind them comes."""

import shutil
import signal
import subprocess
import sys

import pytest

from videoxl.errors import EntryNotFoundError, LeaseLostError, MemoryFormatError
from videoxl.library.worker import work_on

from .conftest import SECONDS, settings


def work(library, vxl, **given):
    """Watch whatever waits, the oldest first; the entries in the order in which they were done."""
    done = []
    while (job := library.lease("worker", SECONDS)) is not None:
        done.append(work_on(job, library, vxl, **given))
    return done


def left(library):
    """Names of all that lies in the library's rooms, without their endings."""
    rooms = ("memories", "thumbnails", "locks", "trash", "incoming", "fetched")
    return {path.stem for room in rooms for path in (library.folder / room).iterdir()}


def is_hidden(library, entry):
    """Whether nobody can tell that there is such an entry."""
    looks = (
        library.entry, library.intervals, library.questions, library.progress, library.remove, library.again,
        lambda entry_id: library.thumbnail(entry_id, 0), lambda entry_id: library.rename(entry_id, "title"),
        lambda entry_id: library.append(entry_id, entry.source_path, settings()),
        lambda entry_id: library.reading(entry_id).__enter__(),
        lambda entry_id: library.note_answer(entry_id, {"question": "what ?", "text": "a cat"}),
    )  # fmt: skip
    for look in looks:
        with pytest.raises(EntryNotFoundError, match="has no memory"):
            look(entry.id)
    hits = library.search(entry.title)
    return entry.id not in {each.id for each in library.entries()} | {hit.entry_id for hit in hits}


def test_what_was_promised_comes_though_its_base_was_removed(library, vxl, watch, make_film):
    """A base that is removed before the append is watched is hidden, read all the same, and gone when that is ready."""
    base, more = watch(make_film(12), title="the base"), make_film(15, seed=1)
    with library.reading(base.id) as path:
        expected = vxl.open(path)
    vxl.append(expected, more, ratio=4, interval_frames=10)
    entry = library.append(base.id, more, settings(), title="more")
    library.remove(base.id)
    assert is_hidden(library, base)
    library.gc(max_bytes=0)
    assert left(library) >= {base.id}
    [done] = work(library, vxl)
    assert (done.id, done.state, done.num_intervals, done.duration_seconds) == (entry.id, "ready", 4, 27.0)
    with library.reading(entry.id) as path:
        assert vxl.open(path).same_rows(expected)
    assert [interval.source for interval in library.intervals(entry.id)] == [0, 0, 1, 1]
    assert all(library.thumbnail(entry.id, index) for index in range(4))
    assert left(library) == {entry.id}


def test_a_base_that_was_never_watched_is_watched_for_what_comes_behind_it(library, vxl, add_film, make_film):
    """Removing a base that waits keeps its place in the queue, unseen, until what was promised behind it is ready."""
    base = add_film(make_film(12))
    entry = library.append(base.id, make_film(15, seed=1), settings())
    library.remove(base.id)
    assert is_hidden(library, base)
    assert library.num_waiting() == 2
    first, second = work(library, vxl, between=lambda memory: is_hidden(library, base))
    assert (first.id, first.state, second.id, second.state) == (base.id, "ready", entry.id, "ready")
    assert second.num_intervals == 4
    assert left(library) == {entry.id}


def test_bases_of_bases_are_kept_as_well(library, vxl, add_film, make_film):
    """Of three behind each other, the first two removed, the last comes; each goes when it is needed no more."""
    first = add_film(make_film(12))
    second = library.append(first.id, make_film(15, seed=1), settings())
    third = library.append(second.id, make_film(12, seed=2), settings())
    library.remove(first.id)
    library.remove(second.id)
    kept = []
    done = work(library, vxl, between=lambda memory: kept.append(left(library) & {first.id, second.id}))
    assert [(entry.id, entry.state) for entry in done] == [(each.id, "ready") for each in (first, second, third)]
    assert done[-1].num_intervals == 6
    assert kept[-1] == {second.id}
    assert left(library) == {third.id}


def test_a_base_of_two_stays_for_the_second(library, vxl, watch, make_film):
    """A removed base goes with the last of those that go on behind it, not with the first."""
    base = watch(make_film(12))
    entries = [library.append(base.id, make_film(15, seed=seed), settings()) for seed in (1, 2)]
    library.remove(base.id)
    work_on(library.lease("worker", SECONDS), library, vxl)
    assert base.id in left(library)
    work_on(library.lease("worker", SECONDS), library, vxl)
    assert [library.entry(entry.id).state for entry in entries] == ["ready", "ready"]
    assert left(library) == {entry.id for entry in entries}


@pytest.mark.parametrize("is_watched", [True, False])
def test_a_base_goes_when_the_last_behind_it_is_removed(library, watch, add_film, make_film, is_watched):
    """With the promise taken back, files and jobs of all bases go at once."""
    base = (watch if is_watched else add_film)(make_film(12))
    second = library.append(base.id, make_film(15, seed=1), settings())
    third = library.append(second.id, make_film(12, seed=2), settings())
    library.remove(base.id)
    library.remove(second.id)
    assert library.num_waiting() == (2 if is_watched else 3)
    library.remove(third.id)
    assert library.num_waiting() == 0
    assert library.lease("worker", SECONDS) is None
    assert left(library) == set()


def test_a_base_goes_when_what_is_behind_it_fails(library, vxl, watch, make_film, tmp_path):
    """An append that cannot be watched says why, and its hidden base is gone; tried again, it says what is missing."""
    base, more = watch(make_film(12)), tmp_path / "more.mp4"
    shutil.copyfile(make_film(15, seed=1), more)
    entry = library.append(base.id, more, settings())
    library.remove(base.id)
    more.unlink()
    [done] = work(library, vxl)
    assert (done.id, done.state) == (entry.id, "failed")
    assert "does not exist" in done.why
    assert base.id not in left(library)
    shutil.copyfile(make_film(15, seed=1), more)
    library.again(entry.id)
    [done] = work(library, vxl)
    assert done.state == "failed"
    assert "the memory that it goes on behind was removed. Watch that video again" in done.why


def test_a_hidden_base_that_fails_is_said_by_what_is_behind_it(library, vxl, add_film, make_film, tmp_path):
    """A base that is removed and turns out to be no video fails the append in a sentence, and leaves nothing."""
    path = tmp_path / "broken.mp4"
    path.write_bytes(b"no video")
    base = add_film(path)
    entry = library.append(base.id, make_film(15, seed=1), settings())
    library.remove(base.id)
    work(library, vxl)
    assert library.entry(entry.id).why == "it goes on behind broken, which is failed. Have that watched first."
    assert base.id not in left(library)


def test_a_base_that_is_removed_while_it_is_watched_is_watched_on(library, vxl, add_film, make_film):
    """Its worker goes on where others need it, and stops where the last of them is removed, too."""
    base = add_film(make_film(45))
    entry = library.append(base.id, make_film(12, seed=1), settings())

    def remove_base(memory):
        if len(memory.intervals) == 2:
            library.remove(base.id)

    done = work_on(library.lease("worker", SECONDS), library, vxl, between=remove_base)
    assert (done.id, done.state, done.num_frames) == (base.id, "ready", 45)
    assert is_hidden(library, base)
    library.remove(entry.id)
    base = add_film(make_film(45))
    entry = library.append(base.id, make_film(12, seed=1), settings())

    def remove_both(memory):
        remove_base(memory)
        if len(memory.intervals) == 3:
            library.remove(entry.id)

    with pytest.raises(LeaseLostError):
        work_on(library.lease("worker", SECONDS), library, vxl, between=remove_both)
    assert library.lease("worker", SECONDS) is None
    assert left(library) == set()


def test_a_hidden_base_is_found_again(library, vxl, watch, add_film, make_film):
    """Adding the video of a base that was removed and is still needed brings it back as it was, watched or waiting."""
    base, waiting = watch(make_film(12)), add_film(make_film(18))
    entries = [library.append(each.id, make_film(15, seed=1), settings()) for each in (base, waiting)]
    for each in (base, waiting):
        library.remove(each.id)
    again = add_film(make_film(12))
    assert (again.id, again.state, len(library.intervals(base.id))) == (base.id, "ready", base.num_intervals)
    again = add_film(make_film(18))
    assert (again.id, again.state) == (waiting.id, "queued")
    work(library, vxl)
    assert {entry.state for entry in library.entries()} == {"ready"}
    assert left(library) == {base.id, waiting.id, *(entry.id for entry in entries)}


def test_nothing_is_promised_behind_what_is_gone(library, watch, make_film, monkeypatch):
    """A base that is removed while the digest of the appended video is computed is not found: nothing is queued."""
    from videoxl import video

    base, fingerprint = watch(make_film(12)), video.source_fingerprint

    def remove_meanwhile(path):
        library.remove(base.id)
        return fingerprint(path)

    monkeypatch.setattr(video, "source_fingerprint", remove_meanwhile)
    with pytest.raises(EntryNotFoundError):
        library.append(base.id, make_film(15, seed=1), settings())
    assert library.entries() == []
    assert library.num_waiting() == 0


def test_an_upload_that_a_hidden_base_needs_is_kept_for_it(library, vxl, add_film, make_film):
    """Whoever put a video into `files` may take it away when its entry is removed: the base still gets watched."""
    upload = library.files / "film.mp4"
    shutil.copyfile(make_film(12), upload)
    base = add_film(upload)
    entry = library.append(base.id, make_film(15, seed=1), settings())
    library.remove(base.id)
    upload.unlink()
    work(library, vxl)
    assert library.entry(entry.id).state == "ready"
    assert left(library) == {entry.id}


def test_an_upload_that_comes_again_needs_no_second_name(library, vxl, add_film, make_film):
    """Of a base that is found again, what was kept of its first upload goes."""
    upload = library.files / "film.mp4"
    shutil.copyfile(make_film(12), upload)
    base = add_film(upload)
    library.append(base.id, make_film(15, seed=1), settings())
    library.remove(base.id)
    assert len(list(library.fetched.iterdir())) == 1
    assert add_film(upload).source_path == str(upload)
    assert list(library.fetched.iterdir()) == []
    work(library, vxl)
    assert {entry.state for entry in library.entries()} == {"ready"}


def test_making_room_leaves_what_is_needed(library, vxl, watch, make_film, clock):
    """A base of something that waits is in use, however old it is."""
    base = watch(make_film(12))
    library.append(base.id, make_film(15, seed=1), settings())
    clock.pass_by(1000)
    collected = library.gc(max_age_seconds=1)
    assert (collected.entries, collected.num_in_use) == ((), 1)
    work(library, vxl)
    assert [entry.id for entry in library.gc(max_age_seconds=1).entries] == [base.id]


BEGIN_AND_WAIT = """
import sys
from videoxl.library import Library
library = Library(sys.argv[1])
job = library.lease("victim", 0.5)
with library.holding(job.entry.id), library.reading_needed(library.needed(job.entry.base_id)):
    print(job.entry.id, flush=True)
    sys.stdin.read()
"""


def test_a_promise_outlives_its_worker(vxl, make_film, tmp_path):
    """Base removed, and the worker that appends to it SIGKILLed: the next one reads the base again, and it comes."""
    import threading

    from videoxl.library import Library

    library = Library(tmp_path / "library")  # on the clock of the machine, as the other process is
    base = library.add(make_film(12), settings(), model_name=vxl.name, model_fingerprint=vxl.fingerprint)
    work(library, vxl)
    entry = library.append(base.id, make_film(15, seed=1), settings())
    library.remove(base.id)
    victim = subprocess.Popen(
        [sys.executable, "-c", BEGIN_AND_WAIT, library.folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert victim.stdout.readline().strip() == entry.id
    victim.send_signal(signal.SIGKILL)
    victim.communicate()
    assert base.id in left(library)
    pause = threading.Event()
    while (job := library.lease("worker", SECONDS)) is None:
        pause.wait(0.05)
    assert work_on(job, library, vxl).state == "ready"
    assert left(library) == {entry.id}
    library.close()


def test_a_hidden_base_whose_files_are_gone_is_said(library, vxl, watch, make_film):
    """What somebody deleted by hand under a promise fails it with a sentence."""
    base = watch(make_film(12))
    entry = library.append(base.id, make_film(15, seed=1), settings())
    library.remove(base.id)
    shutil.rmtree(library.folder / "memories" / f"{base.id}.vxl")
    with pytest.raises(MemoryFormatError), library.reading_needed(library.needed(base.id)):
        pass
    work(library, vxl)
    assert "nothing of it is kept" in library.entry(entry.id).why
