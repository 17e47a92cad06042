"""Clients that send too much, too slowly, or do not read: each is ended within its limit, and the server stays up."""

import socket
import time
from urllib.parse import urlsplit

import pytest

from .conftest import LIMITS

FORM_BEGINS = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n'
PATIENCE_SECONDS = 20.0  # of these tests; the limits themselves are about one second


def connect(server):
    parts = urlsplit(server.url)
    connection = socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE_SECONDS)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def head(method, path, **headers):
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode().replace(b"_", b"-")


def read_all(connection):
    """All that the server says until it closes; what was said before a reset counts."""
    said = b""
    try:
        while data := connection.recv(65536):
            said += data
    except ConnectionError:
        pass
    return said


def trickle(connection, data, *, seconds):
    """Send a byte now and then, until the server has had enough."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        try:
            connection.sendall(data)
        except ConnectionError:
            return
        time.sleep(seconds)
        connection.setblocking(False)
        try:
            connection.recv(1, socket.MSG_PEEK)
            return
        except BlockingIOError:
            continue
        except ConnectionError:
            return
        finally:
            connection.setblocking(True)
            connection.settimeout(PATIENCE_SECONDS)
    raise AssertionError("the server waits for ever")


def test_a_slow_head_is_ended(server, api):
    """Slowloris: a head that comes byte by byte is ended after its seconds, however steadily it comes."""
    began = time.monotonic()
    with connect(server) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        trickle(connection, b"x", seconds=0.1)
        assert read_all(connection) == b""
    assert time.monotonic() - began < 5 * LIMITS.header_seconds
    assert api.get("/health").status_code == 200


def test_a_connection_without_a_request_is_ended(server):
    """A socket that says nothing is closed."""
    with connect(server) as connection:
        assert read_all(connection) == b""


@pytest.mark.parametrize("route", ["/v1/memories", "/v1/files", "/v1/memories/import"])
def test_a_slow_body_is_ended(server, api, route):
    """A body that stops, or trickles, is answered with 408."""
    is_form = route != "/v1/memories"
    kind = "multipart/form-data; boundary=b" if is_form else "application/json"
    for seconds in (0.1, 10.0):
        with connect(server) as connection:
            connection.sendall(head("POST", route, Content_Type=kind, Content_Length=1_000_000))
            if is_form:
                connection.sendall(FORM_BEGINS)
            if seconds < 1:
                trickle(connection, b" ", seconds=seconds)
            said = read_all(connection)
        assert said.startswith(b"HTTP/1.1 408"), said[:200]
        assert b'"code":"too_slow"' in said
    assert api.get("/health").status_code == 200


@pytest.mark.parametrize("announced", [True, False])
def test_a_gigabyte_of_prompt_is_refused_while_it_comes(server, api, announced):
    """What is larger than a body may be is refused with 413: by what it says, or as soon as it has come so far."""
    with connect(server) as connection:
        size = {"Content_Length": 2**30} if announced else {"Transfer_Encoding": "chunked"}
        connection.sendall(head("POST", "/v1/chat/completions", Content_Type="application/json", **size))
        sent = 0
        piece = b"x" * 65536
        try:
            while not announced and sent < 2**30:
                connection.sendall(b"10000\r\n" + piece + b"\r\n")
                sent += len(piece)
        except ConnectionError:
            pass
        said = read_all(connection)
    assert said.startswith(b"HTTP/1.1 413") or (not said and not announced)  # a reset may overtake the answer
    assert sent < LIMITS.max_body_bytes + 16 * 2**20
    assert api.get("/health").status_code == 200


def test_a_huge_upload_is_refused_while_it_comes(server, api, film):
    """A file over the limit ends at the limit, and nothing of it stays."""
    before = {path.name for path in (server.site.library.folder / "files").iterdir()}
    content = film.read_bytes() + b"\0" * LIMITS.max_upload_bytes

    def body():
        yield FORM_BEGINS
        for start in range(0, len(content), 65536):
            yield content[start : start + 65536]
        yield b"\r\n--b--\r\n"

    try:
        response = api.post("/v1/files", content=body(), headers={"Content-Type": "multipart/form-data; boundary=b"})
        assert response.status_code == 413
    except OSError:
        pass
    assert {path.name for path in (server.site.library.folder / "files").iterdir()} <= before | {".lock"}


def test_a_head_that_is_too_large_is_refused(server, api):
    """Headers end at 16 KiB."""
    with connect(server) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n" + b"X-Large: " + b"x" * 200_000)
        said = read_all(connection)
    assert not said or said.startswith(b"HTTP/1.1 400")  # a reset may overtake the answer
    assert api.get("/health").status_code == 200


@pytest.mark.parametrize(
    "request_text",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
        b"POST /v1/memories HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"GET /\0 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"GET /%00%ff%c0%ae%c0%ae/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
)
def test_what_is_no_request_is_refused(server, api, request_text):
    """Other protocols, smuggled bodies and broken heads get a refusal or nothing, and nobody else notices."""
    with connect(server) as connection:
        connection.sendall(request_text)
        status = read_all(connection).split(b"\r\n")[0]
    assert not status or status.split()[1] in (b"400", b"403", b"404", b"405", b"408"), status
    assert api.get("/health").status_code == 200
