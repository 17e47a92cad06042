"""The Files API: videos go straight to disk, come back in ranges, and are gone when they are deleted."""

import os
import stat

import pytest

from .conftest import LIMITS


@pytest.fixture
def client(make_client):
    return make_client()


@pytest.fixture
def upload(client, film):
    def send(content=None, *, name="film.mp4", **fields):
        content = film.read_bytes() if content is None else content
        return client.post("/v1/files", files={"file": (name, content, "text/html")}, data=fields)

    return send


def test_a_file_comes_back_as_it_was(client, upload, film):
    """An upload is kept byte for byte under OpenAI's description of it."""
    file = upload(purpose="user_data").json()
    assert file["object"] == "file"
    assert file["bytes"] == film.stat().st_size
    assert file["filename"] == "film.mp4"
    assert file["purpose"] == "user_data"
    assert file["expires_at"] is None
    assert client.get(f"/v1/files/{file['id']}").json() == file
    content = f"/v1/files/{file['id']}/content"
    assert client.get(content).content == film.read_bytes()
    assert client.head(content).headers["content-length"] == str(film.stat().st_size)
    assert client.head(content).content == b""
    assert client.get("/v1/files").json()["data"] == [file]


def test_files_are_told_by_their_content(client, upload):
    """What a client says of a file's type is not believed: a page that calls itself a film is refused."""
    for content in (
        b"<html><script>alert(1)</script>",
        b"",
        b"MZ\x90\x00",
        b"#EXTM3U\nhttp://127.0.0.1/\n",
        b"\0" * 5000,
    ):
        response = upload(content)
        assert response.status_code == 422, content
        assert response.json()["error"]["code"] == "video_unreadable"
    assert client.get("/v1/files").json()["data"] == []


def test_a_file_is_never_run_by_a_browser(client, upload):
    """A file goes out with the type of its content, sandboxed, and not to be guessed at."""
    response = client.get(f"/v1/files/{upload().json()['id']}/content")
    assert response.headers["content-type"] == "video/mp4"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in response.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("asked", "status", "part"),
    [
        ("bytes=0-9", 206, slice(0, 10)),
        ("bytes=10-", 206, slice(10, None)),
        ("bytes=-7", 206, slice(-7, None)),
        ("bytes=0-99999999999", 206, slice(0, None)),
        ("bytes=99999999-", 416, None),
        ("bytes=-0", 416, None),
        ("bytes=5-2", 200, slice(None)),
        ("bytes=0-1,4-5", 200, slice(None)),
        ("bytes=a-b", 200, slice(None)),
        ("lines=1-2", 200, slice(None)),
        ("bytes=" + "9" * 400 + "-", 200, slice(None)),
    ],
)
def test_ranges(client, upload, film, asked, status, part):
    """A player gets the range it asks for; a range that is none gets the whole file, one behind its end a refusal."""
    file_id = upload().json()["id"]
    response = client.get(f"/v1/files/{file_id}/content", headers={"Range": asked})
    assert response.status_code == status
    if part is None:
        assert response.json()["error"]["code"] == "range_not_satisfiable"
        assert response.headers["content-range"] == f"bytes */{film.stat().st_size}"
    else:
        assert response.content == film.read_bytes()[part]


def test_the_same_film_is_kept_once(client, upload):
    """Two uploads of the same bytes are two files for clients, and one on disk until the last is deleted."""
    folder = client.app.state.site.library.files
    first, second = upload().json(), upload(name="other.mp4").json()
    assert first["id"] != second["id"]
    assert len(list(folder.glob("*.mp4"))) == 1
    assert client.delete(f"/v1/files/{first['id']}").json() == {"id": first["id"], "object": "file", "deleted": True}
    assert client.get(f"/v1/files/{second['id']}/content").status_code == 200
    client.delete(f"/v1/files/{second['id']}")
    assert [path.name for path in folder.iterdir()] == [".lock"]


@pytest.mark.parametrize(
    "file_id",
    [
        "nothing",
        "file-" + "0" * 24,
        "..",
        "%2e%2e%2fcatalogue.sqlite",
        "file-x/../../catalogue.sqlite",
        ".lock",
        "*",
        "file-" + "A" * 24,
        "file-%00",
    ],
)
def test_a_file_that_is_not_there(client, file_id):
    """Ids that name nothing, or try to name another file, are not found."""
    for method, route in (("GET", ""), ("GET", "/content"), ("DELETE", "")):
        response = client.request(method, f"/v1/files/{file_id}{route}")
        assert response.status_code in (404, 405), (method, route)
        assert set(response.json()["error"]) == {"message", "type", "param", "code"}


def test_listing_in_pages(client, upload):
    """Files are listed the newest first, a page at a time."""
    ids = {upload(name=f"{number}.mp4").json()["id"] for number in range(3)}
    first = client.get("/v1/files", params={"limit": 2}).json()
    assert first["has_more"]
    rest = client.get("/v1/files", params={"limit": 2, "after": first["last_id"]}).json()
    assert not rest["has_more"]
    assert {file["id"] for file in first["data"] + rest["data"]} == ids
    assert client.get("/v1/files", params={"purpose": "vision"}).json()["data"] == []
    assert client.get("/v1/files", params={"after": "file-" + "0" * 24}).status_code == 404


@pytest.mark.parametrize(
    "fields", [{"purpose": "nonsense"}, {"expires_after[seconds]": "1"}, {"expires_after[seconds]": "soon"}]
)
def test_fields_that_make_no_sense(client, upload, fields):
    """A purpose or an expiry that OpenAI does not know is refused, and the file is not kept."""
    assert upload(**fields).status_code == 400
    assert client.get("/v1/files").json()["data"] == []


def test_a_file_that_has_run_out_is_gone(client, upload, monkeypatch):
    """After its time a file is not found, and its bytes leave the disk."""
    file = upload(**{"expires_after[anchor]": "created_at", "expires_after[seconds]": "3600"}).json()
    assert file["expires_at"] == file["created_at"] + 3600
    later = file["expires_at"] + 1
    monkeypatch.setattr("videoxl.server.files.time.time", lambda: later)
    assert client.get(f"/v1/files/{file['id']}").status_code == 404
    assert client.get("/v1/files").json()["data"] == []
    assert not list(client.app.state.site.library.files.glob("*.mp4"))


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"[" * 100_000, b"\xff", b'{"id": "x"}', b'{"colour": 1}', "wrong types"],
    ids=["empty", "cut", "list", "deep", "no text", "half", "newer", "types"],
)
def test_a_damaged_record_harms_no_other_upload(client, upload, content):
    """It is 404 itself and in no list; other uploads come and go, and no bytes that it may be of go with them."""
    first, second = upload().json(), upload().json()
    folder = client.app.state.site.files.folder
    record = folder / f"{first['id']}.json"
    whole = record.read_bytes()
    record.write_bytes(whole.replace(b'"created_at": ', b'"created_at": "').replace(b', "expires_at', b'", "expires_at')
                       if content == "wrong types" else content)  # fmt: skip
    response = client.get(f"/v1/files/{first['id']}")
    assert response.status_code == 404
    assert "damaged; upload it again" in response.json()["error"]["message"]
    assert [file["id"] for file in client.get("/v1/files").json()["data"]] == [second["id"]]
    assert client.delete(f"/v1/files/{second['id']}").status_code == 200
    record.write_bytes(whole)
    assert client.get(f"/v1/files/{first['id']}/content").status_code == 200


def test_all_files_together_have_a_limit(make_client, film):
    """When the uploads' share of the disk is full, the next one is refused with both sizes."""
    size = film.stat().st_size
    limits = type(LIMITS)(max_files_bytes=size + 1000)
    client = make_client(limits=limits)
    assert client.post("/v1/files", files={"file": ("a.mp4", film.read_bytes())}).status_code == 200
    refused = client.post("/v1/files", files={"file": ("b.mp4", film.read_bytes())})
    assert refused.status_code == 507
    assert refused.json()["error"]["code"] == "storage_full"


def test_uploads_are_for_their_owner_alone(client, upload):
    """Other users of the machine can neither look into the folder nor read a film in it."""
    upload()
    folder = client.app.state.site.library.files
    for path in (folder, *folder.glob("*.mp4")):
        assert stat.S_IMODE(os.stat(path).st_mode) & 0o077 == 0, path.name
