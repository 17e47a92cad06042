"""Whatever a person gives: one line that names it and says what to do, the right exit code, and nothing lost."""

import errno
import json
import shutil
from pathlib import Path

import av
import numpy as np
import pytest

from .conftest import QUESTION, files_of, flip_last_byte


def check(result, *, name, code):
    """One complaint, no traceback, nothing on stdout."""
    assert result.code == code, result.err
    assert result.out == ""
    assert "Traceback" not in result.err
    [complaint] = result.complaints
    assert name in complaint
    assert complaint.endswith((".", "`"))


def no_such_file(folder, film):
    return folder / "missing.mp4"


def folder_without_pictures(folder, film):
    (folder / "empty-folder").mkdir()
    return folder / "empty-folder"


def empty_file(folder, film):
    (folder / "empty.mp4").touch()
    return folder / "empty.mp4"


def text_file(folder, film):
    (folder / "text.mp4").write_text("this is no video\n" * 500)
    return folder / "text.mp4"


def cut_off(folder, film):
    """A film whose index stands in front, cut within its first frame."""
    whole = film.read_bytes()
    start = whole.index(b"mdat") + 30
    (folder / "cut.mp4").write_bytes(whole[:start])
    return folder / "cut.mp4"


def sound_only(folder, film):
    path = folder / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 16000), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 16000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("make", [no_such_file, folder_without_pictures, empty_file, text_file, cut_off, sound_only])
@pytest.mark.parametrize("verb", ["ask", "watch", "info"])
def test_a_video_that_cannot_be_watched(videoxl, film, tmp_path, model_folder, make, verb):
    """Every verb that takes a video refuses the same things in the same way, and leaves no memory behind."""
    path = make(tmp_path, film)
    more = {"ask": (QUESTION, "-m", model_folder), "watch": ("-o", "out.vxl", "-m", model_folder), "info": ()}[verb]
    check(videoxl(verb, path, *more), name=path.name, code=1)
    assert not list(tmp_path.rglob("*.safetensors"))


@pytest.mark.parametrize(
    "options",
    [
        ("--ratio", 3), ("--fps", 0), ("--fps", 1000), ("--fps", "nan"), ("--start", 8, "--end", 5), ("--start", 60),
        ("--start", "soon"), ("--num-frames", 0), ("--fps", 1, "--num-frames", 4), ("--planner", "clever"),
        ("--interval-frames", 0), ("--device", "abacus"),
    ],
    ids=lambda options: " ".join(map(str, options)),
)  # fmt: skip
@pytest.mark.parametrize("verb", ["ask", "watch"])
def test_an_option_that_makes_no_sense(videoxl, film, tmp_path, model_folder, verb, options):
    """Exit code 2, and nothing is written."""
    before = set(tmp_path.rglob("*"))
    result = videoxl(verb, film, *((QUESTION,) if verb == "ask" else ()), *options, "--model", model_folder)
    check(result, name="", code=2)
    assert set(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("options", [("--max-new-tokens", 0), ("--temperature", -1)], ids=str)
def test_an_answer_that_cannot_be_made(videoxl, memory, model_folder, options):
    """Settings of answering are checked too."""
    check(videoxl("ask", memory, QUESTION, *options, "-m", model_folder), name="film.vxl", code=2)


def newer_format(memory):
    manifest = memory / "manifest.json"
    fields = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**fields, "version": 99}))


def missing_shard(memory):
    next(memory.glob("*.safetensors")).unlink()


def half_a_shard(memory):
    shard = next(memory.glob("*.safetensors"))
    shard.write_bytes(shard.read_bytes()[:100])


def half_a_manifest(memory):
    manifest = memory / "manifest.json"
    manifest.write_bytes(manifest.read_bytes()[:200])


def no_manifest(memory):
    (memory / "manifest.json").unlink()


def gone(memory):
    shutil.rmtree(memory)


def a_file(memory):
    shutil.rmtree(memory)
    memory.write_text("no memory")


@pytest.mark.parametrize(
    "damage",
    [newer_format, flip_last_byte, missing_shard, half_a_shard, half_a_manifest, no_manifest, gone, a_file],
)
@pytest.mark.parametrize("verb", ["ask", "chat", "info"])
def test_a_memory_that_cannot_be_read(videoxl, memory, model_folder, damage, verb):
    """A damaged, newer or incomplete memory is refused with its name and a way on, and stays as it is."""
    damage(memory)
    before = files_of(memory) if memory.is_dir() else None
    more = {"ask": (QUESTION, "-m", model_folder), "chat": ("-m", model_folder), "info": ("--verify",)}[verb]
    check(videoxl(verb, memory, *more), name="film.vxl", code=1)
    assert before is None or files_of(memory) == before


@pytest.mark.parametrize("verb", ["ask", "chat"])
def test_a_memory_of_another_model(videoxl, memory, make_model, model_folder, tmp_path, verb):
    """Another model's rows would be noise; both fingerprints are told."""
    other = tmp_path / "other"
    shutil.copytree(model_folder, other)
    make_model(seed=1).save_pretrained(other)
    check(videoxl(verb, memory, *((QUESTION,) if verb == "ask" else ()), "-m", other), name="fingerprint", code=1)


def test_a_model_that_is_none(videoxl, film, tmp_path):
    """A folder without a model is named, and the film is not blamed."""
    (tmp_path / "no-model").mkdir()
    result = videoxl("ask", film, QUESTION, "--model", tmp_path / "no-model")
    check(result, name="no-model", code=1)
    assert "film.mp4" not in result.complaints[0]


def test_a_full_disk_keeps_what_was_saved(videoxl, film, model_folder, tmp_path, monkeypatch):
    """The disk fills up while watching: what is needed is said, and the same command goes on afterwards."""
    from videoxl.memory import folder

    command = ("watch", film, "-o", tmp_path / "film.vxl", "--ratio", 4, "--model", model_folder)
    assert videoxl(*command[:2], "-o", tmp_path / "whole.vxl", *command[4:]).code == 0
    write = folder._write

    def write_to_a_full_disk(path, data):
        if path.name.startswith("rows-"):
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, data)

    with monkeypatch.context() as patch:
        patch.setattr(folder, "_write", write_to_a_full_disk)
        result = videoxl(*command)
    check(result, name="film.vxl", code=1)
    assert "disk is full" in result.err
    assert videoxl(*command).code == 0
    assert files_of(tmp_path / "film.vxl") == files_of(tmp_path / "whole.vxl")


def test_too_little_memory_says_what_is_needed(videoxl, film, model_folder, monkeypatch):
    """Before anything is spent, bytes that the plan needs stand beside bytes that are free."""
    from videoxl.engine import preflight

    monkeypatch.setattr(preflight, "free_bytes", lambda device: 1024)
    result = videoxl("watch", film, "-o", "out.vxl", "--model", model_folder)
    check(result, name="film.mp4", code=1)
    assert "1.0 KiB are free" in result.err
    assert not Path("out.vxl").exists()


@pytest.mark.parametrize(
    "command",
    [("ask", QUESTION), ("watch",), ("export", "--chapters"), ("info",), ("plan",)],
    ids=lambda words: words[0],
)
def test_an_address_is_sent_where_it_is_fetched(videoxl, command):
    """Verbs that take files say of an address that it is one, and which command fetches it."""
    verb, *rest = command
    result = videoxl(verb, "https://example.org/film.mp4", *rest)
    check(result, name="videoxl library add", code=2)
    assert "https://example.org/film.mp4 is an address" in result.err
