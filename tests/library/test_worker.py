"""Watching what waits, with a real model: what is kept, what is told, and what stops it."""

import threading
from pathlib import Path

import pytest
from PIL import Image

from videoxl.errors import LeaseLostError
from videoxl.library.worker import work_on
from videoxl.memory import inspect
from videoxl.memory.lock import FolderLock

from .conftest import SECONDS, files_of


def lease(library, entry):
    return library.lease("worker", SECONDS, only={entry.id})


def memory_of(library, entry):
    with library.reading(entry.id) as path:
        return files_of(path)


def test_a_watched_video_is_what_watching_it_oneself_gives(library, vxl, watch, make_film, tmp_path):
    """The memory has the very bytes of `vxl.watch`, and the entry says what it keeps."""
    film = make_film(25)
    entry = watch(film)
    vxl.watch(film, out=tmp_path / "same.vxl", ratio=4, interval_frames=10)
    assert memory_of(library, entry) == files_of(tmp_path / "same.vxl")
    summary = inspect(tmp_path / "same.vxl").summary()
    assert (entry.state, entry.num_frames, entry.num_intervals, entry.num_rows) == ("ready", 25, 3, summary.num_rows)
    assert (entry.duration_seconds, entry.ratio) == (25.0, summary.compression_ratio)
    assert entry.num_bytes == sum(map(len, files_of(tmp_path / "same.vxl").values()))


def test_watching_again_costs_nothing(library, watch, make_film, monkeypatch, vxl):
    """A second adding of what was watched puts nothing into the queue."""
    entry = watch(make_film(12))
    monkeypatch.setattr(type(vxl), "watch", None)
    assert watch(make_film(12)) == entry


def test_intervals_and_thumbnails_come_while_it_is_watched(library, vxl, add_film, make_film, open_library):
    """After each interval, another process sees one more, with its times, rows and a picture."""
    entry, seen = add_film(make_film(25)), []
    other = open_library()

    def look(memory):
        kept = other.intervals(entry.id)
        seen.append([(each.start_seconds, each.stop_seconds) for each in kept])
        assert sum(each.num_rows for each in kept) == memory.summary().num_visual_rows
        assert other.thumbnail(entry.id, len(kept) - 1) is not None
        assert other.entry(entry.id).state == "watching"

    work_on(lease(library, entry), library, vxl, between=look)
    assert seen[0] == [(0.0, 10.0)]
    assert seen[-1] == [(0.0, 10.0), (10.0, 20.0), (20.0, 25.0)]
    with Image.open(library.thumbnail(entry.id, 2)) as picture:
        assert (picture.format, picture.size) == ("JPEG", (64, 48))


def test_what_is_kept_grows_while_it_is_watched(library, vxl, add_film, make_film, open_library):
    """After each interval another process sees the intervals, frames, rows and bytes that are kept by then."""
    entry, other = add_film(make_film(25)), open_library()
    assert (entry.num_intervals, entry.num_frames, entry.num_rows, entry.num_bytes) == (0, 0, 0, 0)
    frames = []

    def look(memory):
        seen = other.entry(entry.id)
        frames.append(seen.num_frames)
        assert (seen.num_intervals, seen.num_frames) == (len(memory.intervals), memory.num_frames)
        assert (seen.num_rows, seen.num_bytes) == (memory.num_rows, memory.nbytes)

    work_on(lease(library, entry), library, vxl, between=look)
    assert frames == [10, 20, 25]


def test_a_thumbnail_is_there_when_its_interval_is_told_of(library, vxl, add_film, make_film, monkeypatch):
    """Whoever sees an interval in the catalogue finds its picture: a page asks for it just once."""
    from videoxl.library.job import Job

    entry, keep, pictures = add_film(make_film(25)), Job.keep_interval, []

    def look(job, interval, *arguments, **options):
        pictures.append(library.thumbnail(entry.id, interval.index))
        keep(job, interval, *arguments, **options)

    monkeypatch.setattr(Job, "keep_interval", look)
    work_on(lease(library, entry), library, vxl)
    assert len(pictures) == 3
    assert all(pictures)


def test_what_stops_a_worker_gives_the_job_back(library, vxl, add_film, make_film, tmp_path):
    """Stopped between two intervals, rows are saved, the reason comes out, the next worker ends with equal bytes."""
    film = make_film(45)
    entry = add_film(film)
    num_kept = 0

    def stop(memory):
        nonlocal num_kept
        num_kept = len(memory.intervals)
        if num_kept == 2:
            raise RuntimeError("the server goes")

    with pytest.raises(RuntimeError, match="the server goes"):
        work_on(lease(library, entry), library, vxl, between=stop)
    assert library.entry(entry.id).state == "queued"
    with library.reading(entry.id) as path:
        assert len([s for s in inspect(path).manifest.segments if s.kind == "interval"]) == 2
    resumed = []
    done = work_on(lease(library, entry), library, vxl, progress=resumed.append)
    assert done.state == "ready"
    assert {progress.num_resumed for progress in resumed} == {20}
    vxl.watch(film, out=tmp_path / "same.vxl", ratio=4, interval_frames=10)
    assert memory_of(library, entry) == files_of(tmp_path / "same.vxl")
    assert len(library.intervals(entry.id)) == 5


def test_ctrl_c_gives_the_job_back(library, vxl, add_film, make_film):
    """An interrupted worker leaves a queued entry, not a failed one."""
    entry = add_film(make_film(25))

    def interrupt(progress):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work_on(lease(library, entry), library, vxl, progress=interrupt)
    assert library.entry(entry.id).state == "queued"


def test_removing_a_video_stops_its_worker(library, vxl, add_film, make_film):
    """The worker of an entry that was removed ends at the next interval, and its files are gone when it has."""
    entry = add_film(make_film(45))
    with pytest.raises(LeaseLostError):
        work_on(lease(library, entry), library, vxl, between=lambda memory: library.remove(entry.id))
    assert library.entries() == []
    assert list((library.folder / "memories").iterdir()) == []
    assert list((library.folder / "thumbnails").iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"no video", b"\0" * 4096])
def test_what_is_no_video_fails_with_a_sentence(library, vxl, add_film, tmp_path, content):
    """A broken file is a failed entry that names the file and no folder of this machine."""
    path = tmp_path / "broken.mp4"
    path.write_bytes(content)
    entry = add_film(path)
    done = work_on(lease(library, entry), library, vxl)
    assert done.state == "failed"
    assert "broken.mp4" in done.why
    assert str(tmp_path) not in done.why


def test_a_video_that_has_changed_is_not_taken_for_the_old_one(library, vxl, add_film, make_film, tmp_path):
    """A file whose bytes are not those that were added is refused; one that is gone, too."""
    path = tmp_path / "film.mp4"
    path.write_bytes(make_film(12).read_bytes())
    entry = add_film(path)
    path.write_bytes(make_film(12, seed=1).read_bytes())
    assert "has changed since it was added" in work_on(lease(library, entry), library, vxl).why
    library.again(entry.id)
    path.unlink()
    assert "does not exist" in work_on(lease(library, entry), library, vxl).why


def test_what_is_no_video_any_more_has_changed(library, vxl, add_film, make_film, tmp_path):
    """A video whose name now means something that cannot be read is said to have changed, not to be broken."""
    path = tmp_path / "film.mp4"
    path.write_bytes(make_film(12).read_bytes())
    entry = add_film(path)
    path.write_text("no video")
    assert "has changed since it was added" in work_on(lease(library, entry), library, vxl).why


@pytest.mark.parametrize("when", ["hashed", "opened", "watched"])
def test_a_video_that_is_swapped_while_it_is_opened_is_refused(library, vxl, add_film, make_film, tmp_path, when):
    """Another film under the name after the digest was compared, or bytes written into it later: nothing is kept."""
    from videoxl.library.worker import open_stored

    path, other = tmp_path / "film.mp4", make_film(25, seed=1).read_bytes()
    path.write_bytes(make_film(25).read_bytes())
    entry = add_film(path)

    def swap():
        (tmp_path / "other.mp4").write_bytes(other)
        (tmp_path / "other.mp4").replace(path)

    def open_source(path):
        source = open_stored(path, library)
        hashed, read = source.fingerprint, source.frames_at

        def fingerprint():
            found = hashed()
            if when == "hashed":
                swap()
            return found

        def frames_at(*arguments, **options):
            if when == "opened":
                swap()
            yield from read(*arguments, **options)

        source.fingerprint, source.frames_at = fingerprint, frames_at
        return source

    def between(memory):
        if when == "watched":
            with path.open("ab") as file:
                file.write(b"more")

    done = work_on(lease(library, entry), library, vxl, open_source=open_source, between=between)
    assert (done.state, done.why) == ("failed", "film.mp4 has changed since it was added. Add it again.")
    assert (done.num_intervals, done.num_rows, library.intervals(entry.id)) == (0, 0, [])
    assert not list((library.folder / "memories").iterdir())


def test_the_same_video_that_comes_once_more_has_not_changed(library, vxl, add_film, make_film, tmp_path):
    """An upload of the same bytes takes the place of the first while that is opened: it is watched all the same."""
    from videoxl.library.worker import open_stored

    path, again = library.files / "film.mp4", tmp_path / "again.mp4"
    for each in (path, again):
        each.write_bytes(make_film(25).read_bytes())
    entry = add_film(path)

    def open_source(path):
        source = open_stored(path, library)
        again.replace(path)
        return source

    assert work_on(lease(library, entry), library, vxl, open_source=open_source).state == "ready"
    assert not again.exists()


def test_a_video_that_is_moved_while_it_is_watched_is_watched_to_its_end(library, vxl, add_film, make_film, tmp_path):
    """What happens to the name once the decoder has the file is no matter."""
    path = tmp_path / "film.mp4"
    path.write_bytes(make_film(25).read_bytes())
    entry = add_film(path)
    moved = []

    def move(memory):
        if not moved:
            moved.append(path.replace(tmp_path / "moved.mp4"))
            path.write_bytes(make_film(12, seed=1).read_bytes())

    done = work_on(lease(library, entry), library, vxl, between=move)
    assert (done.state, done.num_frames) == ("ready", 25)


def test_another_model_is_refused(library, vxl, make_model, processor, add_film, make_film):
    """A job that reaches a worker with other weights fails with both names, and writes nothing."""
    from videoxl.engine import VideoXL

    entry = add_film(make_film(12))
    done = work_on(lease(library, entry), library, VideoXL(make_model(seed=1), processor, name="other"))
    assert done.state == "failed"
    assert "Start a worker with that model" in done.why


def test_a_damaged_memory_is_made_anew(library, vxl, watch, make_film):
    """A flipped byte, or a manifest of rubbish, is replaced when the entry is watched again."""
    entry = watch(make_film(12))
    before = memory_of(library, entry)
    for name in before:
        with library.reading(entry.id) as path:
            content = bytearray(before[name])
            content[-2] ^= 1
            (path / name).write_bytes(content)
        library.again(entry.id)
        assert work_on(lease(library, entry), library, vxl).state == "ready"
        assert memory_of(library, entry) == before


def test_a_ready_memory_that_was_deleted_by_hand_is_watched_again(library, vxl, watch, add_film, make_film):
    """Adding the video finds that its memory is gone, and queues it."""
    import shutil

    entry = watch(make_film(12))
    shutil.rmtree(library.folder / "memories" / f"{entry.id}.vxl")
    assert add_film(make_film(12)).state == "queued"
    assert watch(make_film(12)).state == "ready"


def test_a_folder_that_another_run_writes_is_left_to_it(library, vxl, add_film, make_film, clock):
    """A worker that meets a live writer does not fail the video; it is tried again a little later."""
    entry = add_film(make_film(12))
    job = lease(library, entry)
    job.path.mkdir()
    lock = FolderLock(job.path)
    assert work_on(job, library, vxl).state == "queued"
    assert lease(library, entry) is None
    lock.release()
    clock.pass_by(10)
    assert work_on(lease(library, entry), library, vxl).state == "ready"


def test_appending_is_appending(library, vxl, watch, make_film):
    """A video behind another is what `vxl.append` gives, in an entry with the intervals and pictures of both."""
    from .conftest import settings

    base = watch(make_film(12))
    entry = library.append(base.id, make_film(15, seed=1), settings())
    done = work_on(lease(library, entry), library, vxl)
    assert (done.state, done.base_id, done.num_intervals, done.duration_seconds) == ("ready", base.id, 4, 27.0)
    with library.reading(base.id) as path:
        expected = vxl.open(path)
    vxl.append(expected, make_film(15, seed=1), ratio=4, interval_frames=10)
    with library.reading(entry.id) as path:
        assert vxl.open(path).same_rows(expected)
    assert [interval.source for interval in library.intervals(entry.id)] == [0, 0, 1, 1]
    assert all(library.thumbnail(entry.id, index) for index in range(4))
    assert library.entry(base.id) == base


def test_an_appending_that_was_stopped_goes_on(library, vxl, watch, make_film, open_library):
    """Stopped in the middle, what is appended goes on where it was, with the bytes and the intervals of one go."""
    from videoxl.library.intervals import read_vectors

    from .conftest import settings

    base, film = watch(make_film(12)), make_film(45, seed=1)
    before = memory_of(library, base)
    entry, other = library.append(base.id, film, settings()), open_library()
    told = []

    def stop(memory):
        seen = other.entry(entry.id)
        told.append((seen.num_intervals, seen.num_frames, seen.num_rows, seen.num_bytes))
        assert told[-1] == (len(memory.intervals), memory.num_frames, memory.num_rows, memory.nbytes)
        if len(memory.intervals) == 4:
            raise RuntimeError("the server goes")

    with pytest.raises(RuntimeError, match="the server goes"):
        work_on(lease(library, entry), library, vxl, between=stop)
    assert (library.entry(entry.id).state, library.entry(entry.id).num_intervals) == ("queued", 4)
    resumed = []
    done = work_on(lease(library, entry), library, vxl, progress=resumed.append, between=stop_never(told))
    assert (done.state, done.num_intervals) == ("ready", 7)
    assert {progress.num_resumed for progress in resumed} == {20}
    assert told == sorted(told)
    with library.reading(base.id) as path:
        expected = vxl.open(path)
    vxl.append(expected, film, ratio=4, interval_frames=10)
    with library.reading(entry.id) as path:
        assert vxl.open(path).same_rows(expected)
    with library._catalogue.reading() as connection:
        assert len(read_vectors(connection, entry.id)) == 7
    assert memory_of(library, base) == before


def stop_never(told):
    """A listener that only notes."""
    return lambda memory: told.append((len(memory.intervals), memory.num_frames, memory.num_rows, memory.nbytes))


def test_a_damaged_appending_is_made_anew(library, vxl, watch, make_film):
    """A flipped byte in what was appended is replaced, and the rows are those of before."""
    from .conftest import settings

    base = watch(make_film(12))
    entry = library.append(base.id, make_film(15, seed=1), settings())
    work_on(lease(library, entry), library, vxl)
    before = memory_of(library, entry)
    with library.reading(entry.id) as path:
        [shard] = path.glob("*.safetensors")
        content = bytearray(shard.read_bytes())
        content[-2] ^= 1
        shard.write_bytes(content)
    library.again(entry.id)
    assert work_on(lease(library, entry), library, vxl).state == "ready"
    assert memory_of(library, entry) == before


def test_appending_to_what_is_gone_fails(library, vxl, watch, make_film):
    """A base that was removed after the append was watched is said when that is to be watched again."""
    from .conftest import settings

    base = watch(make_film(12))
    entry = library.append(base.id, make_film(15, seed=1), settings())
    work_on(lease(library, entry), library, vxl)
    library.remove(base.id)
    library.again(entry.id)
    done = work_on(lease(library, entry), library, vxl)
    assert (done.state, "it goes on behind was removed" in done.why) == ("failed", True)


def test_a_worker_that_is_silent_gives_signs_of_life(library, vxl, add_film, make_film):
    """While nothing is decoded or computed, the lease is renewed by a thread of its own."""
    entry, renewed = add_film(make_film(12)), threading.Event()
    job = library.lease("worker", 0.05, only={entry.id})
    library_renew = type(job).renew

    def renew(self):
        library_renew(self)
        renewed.set()

    def open_slowly(path: Path):
        from videoxl.video import open_video

        assert renewed.wait(timeout=30)
        return open_video(path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(job), "renew", renew)
        assert work_on(job, library, vxl, open_source=open_slowly).state == "ready"


def test_what_came_from_elsewhere_is_decoded_behind_a_wall(library, vxl, add_film, make_film):
    """A file in the library's own folder is opened by the isolated decoder, a person's own file as ever."""
    from videoxl.library.worker import open_stored
    from videoxl.video.isolated import IsolatedSource

    fetched = library.fetched / "film.mp4"
    fetched.write_bytes(make_film(12).read_bytes())
    assert isinstance(open_stored(fetched, library), IsolatedSource)
    assert not isinstance(open_stored(make_film(12), library), IsolatedSource)
    entry = add_film(fetched, name="holiday.mp4")
    done = work_on(lease(library, entry), library, vxl)
    assert done.state == "ready", done.why
    with library.reading(entry.id) as path:
        assert vxl.open(path).about.sources[0].name == "holiday.mp4"
