"""A video that is fetched and then not watched leaves no bytes behind, and takes none from an upload of the same."""

import base64

import pytest

from videoxl.server.files import LOCK_NAME


@pytest.fixture
def damaged(make_film, request):
    """A film that ends in its middle: its type can be told, and no picture can be read. Each test has its own."""
    content = make_film(8, seed=81).read_bytes()
    return content[: len(content) // 2] + request.node.name.encode()


def kept(server):
    """Names of what lies among the uploads."""
    return {path.name for path in server.site.library.files.iterdir()} - {LOCK_NAME}


def address(content):
    return f"data:video/mp4;base64,{base64.b64encode(content).decode()}"


def add(api, memory, url):
    return api.post("/v1/memories", json={"source": {"url": url}})


def append(api, memory, url):
    return api.post(f"/v1/memories/{memory['id']}/append", json={"source": {"url": url}})


def chat(api, memory, url, **options):
    parts = [{"type": "video_url", "video_url": {"url": url}}, {"type": "text", "text": "What appears?"}]
    body = {"model": memory["model"], "messages": [{"role": "user", "content": parts}], **options}
    return api.post("/v1/chat/completions", json=body)


@pytest.mark.parametrize("send", [add, append, chat])
def test_what_cannot_be_watched_takes_no_room(api, server, memory, damaged, send):
    """A damaged video at an address is refused, and its bytes are gone from the disk."""
    before = kept(server)
    response = send(api, memory, address(damaged))
    assert (response.status_code, response.json()["error"]["code"]) == (422, "video_unreadable")
    assert kept(server) == before


def test_an_upload_of_the_same_bytes_stays(api, memory, damaged):
    """Refusing a damaged video takes nothing from somebody who uploaded it."""
    file_id = api.post("/v1/files", files={"file": ("film.mp4", damaged)}).json()["id"]
    assert add(api, memory, address(damaged)).status_code == 422
    assert api.get(f"/v1/files/{file_id}/content").content == damaged
    assert api.delete(f"/v1/files/{file_id}").status_code == 200


def test_settings_are_looked_at_before_anything_is_fetched(api, server, memory, make_film):
    """A chat that asks for a density which the model does not have is refused, and nothing was fetched for it."""
    before = kept(server)
    response = chat(api, memory, address(make_film(8, seed=82).read_bytes()), videoxl={"ratio": 3})
    assert (response.status_code, response.json()["error"]["type"]) == (400, "invalid_request_error")
    assert kept(server) == before
