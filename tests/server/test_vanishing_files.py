"""Files that go while a request is at them: it gets what it asked for, or hears that it is gone; nothing fails."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace

import pytest

from videoxl.errors import CapacityError
from videoxl.library import Library
from videoxl.server.problem import Problem
from videoxl.server.video_response import VideoResponse

ROUNDS = 25


class Listed(list):
    """What `os.scandir` gave, read to its end."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """Nothing is open any more."""


@pytest.fixture
def client(make_client):
    return make_client()


@pytest.fixture
def files(client):
    return client.app.state.site.files


@pytest.fixture
def send(client, film):
    """Uploads a film: `send()`, `send(content)`."""

    def upload(content=None):
        return client.post("/v1/files", files={"file": ("film.mp4", content or film.read_bytes())})

    return upload


def test_an_upload_takes_no_harm_from_a_deletion_beside_it(files, send, make_film, monkeypatch):
    """What is deleted while the room that is left is counted takes none; the upload is kept."""
    others = [send(make_film(8, seed=seed).read_bytes()).json()["id"] for seed in (71, 72)]
    look = os.scandir

    def and_gone(folder):
        with look(folder) as entries:
            listed = Listed(entries)
        gone = [others.pop() for _ in tuple(others)]
        for file_id in gone:
            files.remove(file_id)  # which looks into the folder, too
        return listed

    monkeypatch.setattr(os, "scandir", and_gone)
    response = send()
    monkeypatch.undo()
    assert not others, "nobody looked into the folder"
    assert response.status_code == 200, response.text
    assert [file.id for file in files.all()] == [response.json()["id"]]


@pytest.mark.parametrize(("headers", "part"), [({}, slice(None)), ({"Range": "bytes=10-99"}, slice(10, 100))])
def test_who_reads_a_file_that_is_deleted_reads_on(client, files, send, film, monkeypatch, headers, part):
    """Deleted when its answer begins, a file comes whole, or the whole of the range, and is gone after it."""
    file_id, answer = send().json()["id"], VideoResponse.__call__

    async def and_gone(self, *arguments):
        files.remove(file_id)
        await answer(self, *arguments)

    monkeypatch.setattr(VideoResponse, "__call__", and_gone)
    response = client.get(f"/v1/files/{file_id}/content", headers=headers)
    assert response.content == film.read_bytes()[part]
    assert client.get(f"/v1/files/{file_id}/content", headers=headers).status_code == 404


def test_bytes_that_are_gone_are_said_to_be(client, files, send):
    """An upload whose bytes somebody took off the disk by hand is not found, and can be deleted."""
    file = send().json()
    files.path(files.get(file["id"])).unlink()
    response = client.get(f"/v1/files/{file['id']}/content")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "file_not_found")
    assert client.delete(f"/v1/files/{file['id']}").status_code == 200


def test_what_cannot_be_written_down_takes_no_room(files, send, film, monkeypatch):
    """Where the record of an upload finds no room, its bytes go again; those of another one of the same film stay."""

    def full(path, data):
        raise CapacityError("the disk is full.")

    monkeypatch.setattr("videoxl.server.files.write_whole", full)
    assert send().status_code == 507
    assert [path.name for path in files.folder.iterdir()] == [".lock"]
    monkeypatch.undo()
    kept = send().json()["id"]
    monkeypatch.setattr("videoxl.server.files.write_whole", full)
    assert send().status_code == 507
    assert files.path(files.get(kept)).read_bytes() == film.read_bytes()


def test_the_same_film_up_and_down_at_once(client, files, send, film):
    """Whoever uploads, reads, lists and deletes a film beside others that do has it until the end; nothing is left."""
    barrier, seen = threading.Barrier(3), []

    def work():
        try:
            for _ in range(ROUNDS):
                barrier.wait()
                file_id = send().json()["id"]
                content = client.get(f"/v1/files/{file_id}/content")
                seen.append((content.status_code, content.content == film.read_bytes()))
                seen.append((client.get("/v1/files").status_code, True))
                seen.append((client.delete(f"/v1/files/{file_id}").status_code, True))
        except BaseException:
            barrier.abort()  # nobody waits for this one
            raise

    with ThreadPoolExecutor(3) as threads:
        for one in [threads.submit(work) for _ in range(3)]:
            one.result()
    assert set(seen) == {(200, True)}
    assert len(seen) == 3 * 3 * ROUNDS
    assert [path.name for path in files.folder.iterdir()] == [".lock"]


def test_a_picture_that_goes_with_its_memory_is_not_found(api, server, make_film, monkeypatch):
    """A thumbnail of a memory that is deleted when it was found is a 404."""
    memory = server.watch(make_film(8, seed=73))
    find = Library.thumbnail

    def and_gone(self, entry_id, index):
        path = find(self, entry_id, index)
        server.site.memories.remove(entry_id)
        return path

    route = f"/v1/memories/{memory['id']}/thumbnails/0.jpg"
    assert api.get(route).headers["content-type"] == "image/jpeg"
    monkeypatch.setattr(Library, "thumbnail", and_gone)
    response = api.get(route)
    assert (response.status_code, response.json()["error"]["code"]) == (404, "thumbnail_not_found")


def test_a_memory_that_is_begun_anew_is_not_ready(server, memory, monkeypatch, tmp_path):
    """Thrown away when it was found, because it was damaged and is watched again, a memory is to be asked later."""
    monkeypatch.setattr(Library, "version", lambda self, entry_id: None)
    monkeypatch.setattr(Library, "reading", lambda self, entry_id: nullcontext(tmp_path / "gone.vxl"))
    with pytest.raises(Problem) as refused:
        server.site.room.take(replace(server.site.library.entry(memory["id"]), state="watching"))
    assert (refused.value.status_code, refused.value.code) == (409, "memory_not_ready")


def test_a_memory_that_is_open_is_not_read_again(server, memory, monkeypatch):
    """Where what is kept is still the same, nobody goes to the disk for it."""
    entry = server.site.library.entry(memory["id"])
    first = server.site.room.take(entry)
    monkeypatch.setattr(Library, "reading", lambda self, entry_id: pytest.fail("it was open"))
    again = server.site.room.take(entry)
    server.site.room.release(first)
    server.site.room.release(again)
    assert again is first
