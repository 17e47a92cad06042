"""An upload that is deleted while a memory is being made of it: never there, or there until the memory has it."""

import threading

import pytest

from videoxl.server.sources import Sources

from .conftest import wait_for

MOMENTS = {"found": (Sources, "find"), "looked at": (Sources, "duration")}


@pytest.fixture
def upload(api, make_film):
    """The id of a film that was uploaded; each its own."""

    def send(seed):
        film = make_film(8, seed=seed).read_bytes()
        return api.post("/v1/files", files={"file": ("kite.mp4", film)}).json()["id"]

    return send


def add(api, file_id, memory):
    return api.post("/v1/memories", json={"source": {"file_id": file_id}})


def append(api, file_id, memory):
    return api.post(f"/v1/memories/{memory['id']}/append", json={"source": {"file_id": file_id}})


def chat(api, file_id, memory):
    parts = [{"type": "file", "file": {"file_id": file_id}}, {"type": "text", "text": "What appears?"}]
    body = {"model": memory["model"], "messages": [{"role": "user", "content": parts}]}
    return api.post("/v1/chat/completions", json=body)


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("send", [add, append, chat])
def test_an_upload_that_goes_while_it_is_added_is_not_found(api, server, memory, upload, monkeypatch, send, moment):
    """Deleted when it was found, or looked at, and is not in the queue yet, it is a 404, and nothing waits for it."""
    file_id, (kind, name) = upload(61), MOMENTS[moment]
    step, before = getattr(kind, name), [each.id for each in server.site.library.entries()]

    def and_gone(*arguments, **options):
        result = step(*arguments, **options)
        server.site.files.remove(file_id)
        return result

    monkeypatch.setattr(kind, name, and_gone)
    response = send(api, file_id, memory)
    assert (response.status_code, response.json()["error"]["code"]) == (404, "file_not_found")
    assert response.json()["error"]["message"].startswith("kite.mp4 was deleted")
    assert [each.id for each in server.site.library.entries()] == before


def test_an_upload_that_is_being_added_stays_until_the_memory_has_it(api, server, upload, monkeypatch):
    """Deleted while it is put into the queue, it is gone as an upload, and its bytes stay for the memory's sake."""
    fcntl = pytest.importorskip("fcntl")
    files, library, file_id = server.site.files, server.site.library, upload(62)
    add_entry, lock, has_come_so_far = library.add, fcntl.flock, threading.Event()

    def remove():
        try:
            files.remove(file_id)
        finally:
            has_come_so_far.set()

    def locked(descriptor, operation):
        if threading.current_thread() is not deleting:
            return lock(descriptor, operation)
        try:
            lock(descriptor, operation | fcntl.LOCK_NB)
        except BlockingIOError:
            has_come_so_far.set()
            lock(descriptor, operation)

    def add_meanwhile(*arguments, **options):
        deleting.start()
        has_come_so_far.wait()
        return add_entry(*arguments, **options)

    deleting = threading.Thread(target=remove)
    monkeypatch.setattr(fcntl, "flock", locked)
    monkeypatch.setattr(library, "add", add_meanwhile)
    added = add(api, file_id, None).json()
    deleting.join()
    ready = wait_for(api, added["id"], "ready", "failed")
    assert (ready["state"], ready["has_video"]) == ("ready", True)
    assert api.get(f"/v1/files/{file_id}").status_code == 404
    assert api.delete(f"/v1/memories/{added['id']}").status_code == 200
    assert not list(library.files.glob(f"{added['source_sha256']}*")), "nobody needs them any more"
