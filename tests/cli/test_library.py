"""`videoxl library`: videos in, found, asked, moved and removed, as a person does it."""

import json
import re
import signal
from pathlib import Path

import pytest

from .conftest import QUESTION, files_of

SHORT = ("--max-new-tokens", 3)


@pytest.fixture
def add(videoxl, model_folder):
    """Adds videos with the tiny model; gives their entries."""

    def add_some(*sources, code=0):
        result = videoxl("library", "add", *sources, "--ratio", 4, "--model", model_folder, "--json")
        assert result.code == code, result.err
        return json.loads(result.out)["entries"]

    return add_some


def entries_of(videoxl, *options):
    return json.loads(videoxl("library", "list", *options, "--json").out)["entries"]


def test_added_videos_are_listed_and_shown(videoxl, add, film):
    """A video is watched with progress, listed with what it keeps, and shown with all that is known of it."""
    [entry] = add(film)
    listed = videoxl("library", "list")
    assert f"{entry['id'][:8]}  ready     film" in listed.out
    shown = videoxl("library", "show", entry["id"][:8])
    for words in ("film.mp4, 00:00:12", str(film), "12 frames in 2 intervals", "4.0 visual tokens for one row"):
        assert words in shown.out
    document = json.loads(videoxl("library", "show", entry["id"], "--json").out)
    assert [interval["start_seconds"] for interval in document["intervals"]] == [0.0, 10.0]
    assert document["state"] == "ready"


def test_what_is_kept_so_far_is_listed_and_shown(videoxl, film, model_folder, make_film, monkeypatch):
    """Of a video whose watching was stopped, the rows, frames, intervals and bytes are told that are kept by then."""
    from videoxl.engine.watcher import Watcher

    def interrupt(watcher):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Watcher, "finish", interrupt)
        stopped = videoxl("library", "add", make_film(23), "--ratio", 4, "--model", model_folder)
    assert stopped.code == 130
    [entry] = entries_of(videoxl)
    assert (entry["state"], entry["num_intervals"], entry["num_frames"]) == ("queued", 1, 10)
    assert entry["num_rows"] > 10
    assert entry["num_bytes"] > 0
    assert re.search(r"queued .* 23/23 frames, [\d.]+ KiB kept", videoxl("library", "list").out)
    assert f"{entry['num_rows']} rows of 10 frames in 1 intervals" in videoxl("library", "show", entry["id"]).out


def test_an_empty_library_says_how_to_begin(videoxl):
    """Nothing to list is no error."""
    result = videoxl("library", "list")
    assert (result.code, "library add" in result.out) == (0, True)
    assert entries_of(videoxl) == []


def test_a_folder_is_all_its_videos(videoxl, add, make_film, tmp_path):
    """Videos in folders of folders are found by their bytes; other files are passed over; the same is added once."""
    folder = tmp_path / "films"
    (folder / "deep").mkdir(parents=True)
    for name, seconds in (("a.mp4", 3), ("deep/b.bin", 4), ("deep/copy-of-a.mp4", 3), (".hidden.mp4", 5)):
        (folder / name).write_bytes(make_film(seconds).read_bytes())
    (folder / "notes.txt").write_text("no video")
    add(folder)
    assert {entry["source_name"] for entry in entries_of(videoxl)} == {"a.mp4", "b.bin"}


def test_adding_again_watches_nothing(videoxl, film, model_folder):
    """What is in the library costs nothing the second time."""
    command = ("library", "add", film, "--model", model_folder)
    assert "12/12 frames" in videoxl(*command).err
    assert "frames" not in videoxl(*command).err


def test_what_cannot_be_added_is_said_and_the_rest_is(videoxl, film, model_folder, tmp_path):
    """One bad source among good ones is exit 3, only bad ones are exit 1; each is named with its reason."""
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    both = videoxl("library", "add", broken, film, tmp_path / "none.mp4", "--model", model_folder, "--json")
    assert both.code == 3
    document = json.loads(both.out)
    assert [entry["state"] for entry in document["entries"]] == ["ready"]
    assert [Path(each["source"]).name for each in document["failed"]] == ["broken.mp4", "none.mp4"]
    assert videoxl("library", "add", broken, "--model", model_folder).code == 1
    assert videoxl("library", "add", tmp_path, "--title", "two", "--model", model_folder).code in (1, 2)


def test_what_was_asked_is_in_the_library(videoxl, film, model_folder):
    """A question about a file puts the film into the library, with the question and its answer."""
    asked = videoxl("ask", film, QUESTION, *SHORT, "--model", model_folder, "--json")
    document = json.loads(asked.out)
    [entry] = entries_of(videoxl)
    assert (entry["id"], entry["num_questions"]) == (document["id"], 1)
    assert document["memory"].endswith(f"{entry['id']}.vxl")
    shown = json.loads(videoxl("library", "show", entry["id"], "--json").out)
    assert [question["text"] for question in shown["questions"]] == [QUESTION]
    assert shown["questions"][0]["answer"]["text"] == document["answers"][0]["text"]


def test_a_memory_is_asked_by_its_id(videoxl, film, model_folder, tmp_path):
    """The first digits of an id stand for the memory, in ask and in chat; options of watching do not go with it."""
    first = json.loads(videoxl("ask", film, QUESTION, *SHORT, "--model", model_folder, "--json").out)
    short = first["id"][:8]
    again = videoxl("ask", short, QUESTION, *SHORT, "--model", model_folder, "--json")
    assert json.loads(again.out)["answers"][0]["text"] == first["answers"][0]["text"]
    assert videoxl("chat", short, *SHORT, "--model", model_folder, typed="what ?\n").code == 0
    assert entries_of(videoxl)[0]["num_questions"] == 3
    assert videoxl("ask", short, QUESTION, "--ratio", 2, "--model", model_folder).code == 2
    unknown = videoxl("ask", "0" * 8, QUESTION, "--model", model_folder)
    assert (unknown.code, "library has no memory" in unknown.err) == (1, True)


def test_a_search_finds_titles_and_answers(videoxl, add, film, model_folder):
    """Words of a title are found without a model; nothing found is exit 1."""
    [entry] = add(film)
    assert videoxl("library", "rename", entry["id"], "My holiday").code == 0
    found = videoxl("library", "search", "holiday", "--no-model")
    assert (found.code, found.out.split()[:2]) == (0, [entry["id"][:8], "title"])
    hits = json.loads(videoxl("library", "search", "holiday", "--model", model_folder, "--json").out)["hits"]
    assert hits[0]["title"] == "My holiday"
    nothing = videoxl("library", "search", "elephant", "--no-model")
    assert nothing.code == 1
    assert "nothing in the library has to do with 'elephant'" in nothing.err


def test_a_memory_moves_as_one_file(videoxl, add, film, tmp_path):
    """Exported, removed and imported it is the same; a file that is there is not replaced by itself."""
    [entry] = add(film)
    exported = videoxl("library", "export", entry["id"], "-o", tmp_path / "film.vxlz")
    assert (exported.code, exported.out.strip()) == (0, str(tmp_path / "film.vxlz"))
    assert videoxl("library", "export", entry["id"], "-o", tmp_path / "film.vxlz").code == 2
    assert videoxl("library", "remove", entry["id"]).code == 0
    assert entries_of(videoxl) == []
    assert videoxl("library", "import", tmp_path / "film.vxlz").code == 0
    [again] = entries_of(videoxl)
    assert (again["id"], again["num_rows"], again["title"]) == (entry["id"], entry["num_rows"], entry["title"])


def test_memories_are_added_as_they_are(videoxl, add, memory, film):
    """A .vxl folder is taken in without a model, and is what adding its video gives."""
    result = videoxl("library", "add", memory, "--json")
    assert result.code == 0, result.err
    [taken] = json.loads(result.out)["entries"]
    [entry] = add(film)
    assert entry["id"] == taken["id"]
    assert memory.is_dir()


def test_the_queue_is_worked_on_later(videoxl, film, make_film, model_folder):
    """Queued videos wait; `work` watches them all, and has nothing to do the second time."""
    videos = film, make_film(3)
    assert videoxl("library", "add", *videos, "--queue", "--model", model_folder).code == 0
    assert {entry["state"] for entry in entries_of(videoxl, "--state", "queued")} == {"queued"}
    worked = videoxl("library", "work", "--model", model_folder, "--json")
    assert worked.code == 0
    assert [entry["state"] for entry in json.loads(worked.out)["entries"]] == ["ready", "ready"]
    assert json.loads(videoxl("library", "work", "--model", model_folder, "--json").out)["entries"] == []


def test_room_is_made(videoxl, add, film, make_film):
    """By size or by age, what went is said; a time or size that is none is a misuse."""
    add(film, make_film(3))
    assert json.loads(videoxl("library", "gc", "--older-than", "30d", "--json").out)["removed"] == []
    made = json.loads(videoxl("library", "gc", "--max-size", "0", "--json").out)
    assert len(made["removed"]) == 2
    assert made["bytes"] > 0
    assert entries_of(videoxl) == []
    assert videoxl("library", "gc", "--older-than", "yesterday").code == 2
    assert videoxl("library", "gc", "--max-size", "much").code == 2


def test_ctrl_c_keeps_what_was_watched(videoxl, start_videoxl, make_film, model_folder):
    """Exit 130 and a queued entry; the same command goes on behind what was kept."""
    options = ("--num-frames", 600, "--ratio", 16, "--model", model_folder, "--device", "cpu")
    process = start_videoxl("library", "add", make_film(60), *options)
    for line in process.stderr:
        if "frames/s" in line:
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert "Traceback" not in err
    [entry] = entries_of(videoxl)
    assert entry["state"] == "queued"
    resumed = videoxl("library", "add", make_film(60), *options)
    assert resumed.code == 0, resumed.err
    assert "going on with film.mp4 behind frame" in resumed.err


@pytest.mark.parametrize("verb", ["show", "remove", "export", "rename"])
def test_an_id_that_names_nothing_is_said(videoxl, verb, tmp_path):
    """Unknown, ambiguous and impossible ids are exit 1 with one line, whatever the verb."""
    for wrong in ("0" * 8, "no-id", "../x"):
        result = videoxl("library", verb, wrong, *(["title"] if verb == "rename" else []))
        assert (result.code, len(result.complaints)) == (1, 1)
    assert list(tmp_path.glob("*.vxlz")) == []


def test_what_the_earlier_scheme_kept_is_taken_in(videoxl, film, model_folder, memory, tmp_path):
    """A memory under home/memories with a digest in its name becomes an entry, and its film is not watched again."""
    earlier = tmp_path / "home" / "memories" / "film-0123456789abcdef.vxl"
    earlier.parent.mkdir(parents=True)
    memory.rename(earlier)
    before = files_of(earlier)
    asked = videoxl("ask", film, QUESTION, *SHORT, "--ratio", 4, "--model", model_folder)
    assert asked.code == 0
    assert "was watched before" in asked.err
    assert not earlier.exists()
    [kept] = (tmp_path / "home" / "library" / "memories").iterdir()
    assert files_of(kept) == before


def test_an_earlier_memory_that_is_damaged_stays_and_is_said(videoxl, tmp_path):
    """What cannot be taken in disturbs nothing else."""
    earlier = tmp_path / "home" / "memories" / "film-0123456789abcdef.vxl"
    earlier.mkdir(parents=True)
    (earlier / "manifest.json").write_text("{}")
    listed = videoxl("library", "list")
    assert (listed.code, "stays where it is" in listed.err) == (0, True)
    assert earlier.exists()


def test_a_damaged_catalogue_is_one_line(videoxl, tmp_path):
    """Exit 1 and a sentence that says which file to move away."""
    videoxl("library", "list")
    for path in (tmp_path / "home" / "library").glob("catalogue.sqlite*"):
        path.write_bytes(b"rubbish " * 1000)
    result = videoxl("library", "list")
    assert (result.code, len(result.complaints)) == (1, 1)
    assert "catalogue.sqlite is damaged" in result.err


def test_listing_loads_no_model(tmp_path):
    """`library list` answers without torch and numpy."""
    import os
    import subprocess
    import sys

    code = "import sys\nfrom videoxl.cli import main\ntry:\n    main(['library', 'list'])\nexcept SystemExit as end:\n"
    code += "    assert not end.code\nassert not {'torch', 'numpy', 'av', 'PIL'} & set(sys.modules)"
    environment = {**os.environ, "VIDEOXL_HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, capture_output=True)


@pytest.fixture
def served(make_film, tmp_path):
    """Addresses of a film and of a text, on a server of this machine."""
    import threading
    from functools import partial
    from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "talk.mp4").write_bytes(make_film(3).read_bytes())
    (folder / "talk.txt").write_text("no video" * 100)

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *words):
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_an_address_is_fetched_and_watched(videoxl, served, model_folder, tmp_path):
    """A video from an address is kept in the library with its own name, and goes with its memory."""
    command = ("library", "add", f"{served}/talk.mp4", "--allow-private-urls", "--model", model_folder, "--json")
    result = videoxl(*command)
    assert result.code == 0, result.err
    [entry] = json.loads(result.out)["entries"]
    assert (entry["state"], entry["source_name"], entry["title"]) == ("ready", "talk.mp4", "talk")
    fetched = tmp_path / "home" / "library" / "fetched"
    assert [str(path) for path in fetched.iterdir()] == [entry["source_path"]]
    assert videoxl("library", "remove", entry["id"]).code == 0
    assert list(fetched.iterdir()) == []


def test_an_address_that_is_no_video_leaves_nothing(videoxl, served, model_folder, tmp_path):
    """What is not there, no video, or on this machine without leave is exit 1, and no file stays."""
    for name, options in (
        ("talk.txt", ["--allow-private-urls"]),
        ("none.mp4", ["--allow-private-urls"]),
        ("talk.mp4", []),
    ):
        result = videoxl("library", "add", f"{served}/{name}", *options, "--model", model_folder)
        assert (result.code, len(result.complaints)) == (1, 1), result.err
    assert list((tmp_path / "home" / "library" / "fetched").iterdir()) == []
    assert entries_of(videoxl) == []
