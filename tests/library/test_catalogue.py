"""The catalogue's file: made, brought up to date, refused, and whole whatever happens."""

import sqlite3
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from videoxl.errors import CapacityError, LibraryError
from videoxl.library import Library, catalogue
from videoxl.library.schema import APPLICATION_ID, MIGRATIONS, VERSION

from .conftest import SECONDS


def test_a_library_is_its_owners_alone(library):
    """Folders and catalogue can be read by nobody else."""
    folders = [path for path in (library.folder, *library.folder.iterdir()) if path.is_dir()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o700}
    assert stat.S_IMODE((library.folder / "catalogue.sqlite").stat().st_mode) == 0o600


def test_readers_do_not_wait_for_a_writer(library, add):
    """The log is written ahead: an open transaction of one process leaves others reading."""
    add()
    other = sqlite3.connect(library.folder / "catalogue.sqlite", isolation_level=None)
    assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    other.execute("BEGIN IMMEDIATE")
    assert len(library.entries()) == 1
    other.close()


def test_threads_write_in_a_line(library, add, monkeypatch):
    """A thread that comes while another writes waits for it, without asking SQLite again and again."""
    entry = add()
    monkeypatch.setattr(catalogue, "BUSY_SECONDS", 0.0)
    library._catalogue.close()
    fresh = catalogue.Catalogue(library.folder / "catalogue.sqlite", fill=lambda connection: None)
    inside = threading.Barrier(2)

    def write():
        inside.wait()
        with fresh.writing() as connection:
            connection.execute("UPDATE entry SET title = title || '!' WHERE id = ?", (entry.id,))

    with ThreadPoolExecutor(1) as threads:
        with fresh.writing() as connection:
            second = threads.submit(write)
            inside.wait()
            connection.execute("UPDATE entry SET title = 'a' WHERE id = ?", (entry.id,))
            with pytest.raises(TimeoutError):
                second.result(0.05)
        second.result()
    with fresh.reading() as connection:
        assert connection.execute("SELECT title FROM entry").fetchone()[0] == "a!"
    fresh.close()


@pytest.mark.parametrize("version", range(1, VERSION))
def test_an_older_catalogue_is_brought_up_to_date(tmp_path, open_library, version):
    """A catalogue of every earlier step opens, with its rows as they were, and can be worked with."""
    folder = tmp_path / "library"
    folder.mkdir()
    connection = sqlite3.connect(folder / "catalogue.sqlite")
    for step in MIGRATIONS[:version]:
        for statement in step:
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {version}")
    old = "a" * 32
    connection.execute(
        "INSERT INTO entry (id, title, source_sha256, source_name, duration_seconds, model_name, model_fingerprint,"
        " settings, ratio, state, created_at) VALUES (?, 'old', 's', 'old.mp4', 1, 'tiny', 'f', ?, 4, 'queued', 1)",
        (old, '{"planner": "fixed", "ratio": 4, "interval_frames": 10}'),
    )
    connection.execute("INSERT INTO job (entry_id, queued_at) VALUES (?, 1)", (old,))
    connection.commit()
    connection.close()
    library = open_library()
    assert library.entry(old).title == "old"
    assert library.intervals(old) == []
    assert library.lease("worker", SECONDS).entry.id == old


def test_a_newer_catalogue_is_refused(library, add):
    """A catalogue that a later videoxl has changed is left alone, with a sentence that says what to do."""
    add()
    library.close()
    path = library.folder / "catalogue.sqlite"
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(LibraryError, match="Upgrade videoxl"):
        Library(library.folder)
    assert path.read_bytes() == before


@pytest.mark.parametrize("statement", ["CREATE TABLE t (a)", "PRAGMA user_version = 1"])
def test_another_programs_database_is_refused(tmp_path, statement):
    """A database that is not ours is not written to."""
    folder = tmp_path / "library"
    folder.mkdir()
    connection = sqlite3.connect(folder / "catalogue.sqlite")
    connection.execute(statement)
    connection.commit()
    connection.close()
    with pytest.raises(LibraryError, match=r"catalogue of videoxl|another program"):
        Library(folder)


def test_a_damaged_catalogue_is_said_and_can_be_made_again(library, watch, make_film, open_library):
    """Garbage is refused with the way out; taking that way finds every memory again."""
    entry = watch(make_film(12))
    library.close()
    for path in library.folder.glob("catalogue.sqlite*"):
        path.write_bytes(b"no database at all " * 400)
    with pytest.raises(LibraryError, match="Move that file away"):
        Library(library.folder)
    for path in library.folder.glob("catalogue.sqlite*"):
        path.unlink()
    found = open_library()
    assert [(each.id, each.state, each.num_rows) for each in found.entries()] == [(entry.id, "ready", entry.num_rows)]
    assert len(found.intervals(entry.id)) == entry.num_intervals
    assert found.thumbnail(entry.id, 0) is not None


def test_a_full_disk_leaves_the_catalogue_as_it_was(library, add, monkeypatch, open_library):
    """What does not fit is a CapacityError, and nothing of it is there afterwards."""
    first = add("first.mp4")
    library.close()
    connect = catalogue._connect

    def connect_to_a_full_disk(path):
        connection = connect(path)
        [num_pages] = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {num_pages}")
        return connection

    monkeypatch.setattr(catalogue, "_connect", connect_to_a_full_disk)
    full = open_library()

    def add_many():
        for number in range(1000):
            add(f"{number}.mp4", to=full, title="long " * 40)

    with pytest.raises(CapacityError, match="disk is full"):
        add_many()
    kept = len(full.entries())
    monkeypatch.setattr(catalogue, "_connect", connect)
    again = open_library()
    assert len(again.entries()) == kept
    assert again.entry(first.id).title == "first"
    assert again.lease("worker", SECONDS).entry.id == first.id


OPEN_AND_ADD = """
import sys
from pathlib import Path
from videoxl.library import Library, WatchSettings
settings = WatchSettings(planner="fixed", ratio=4, interval_frames=10)
library = Library(sys.argv[1])
for number in range(20):
    library.add(Path(sys.argv[2]), settings, model_name="m", model_fingerprint="f", source_sha256=f"{number}")
"""


def test_processes_that_begin_at_once_share_one_catalogue(tmp_path, open_library):
    """Three processes that open a library that is not there yet, and add the same to it, all succeed."""
    film = tmp_path / "film.mp4"
    film.write_bytes(b"film")
    processes = [
        subprocess.Popen([sys.executable, "-c", OPEN_AND_ADD, tmp_path / "library", film], stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    errors = [process.communicate()[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], errors
    assert len(open_library().entries()) == 20
