"""Downloads from a small internet: what is honest arrives, what is not is a sentence, and nothing is left of it."""

import gzip
import hashlib
import itertools
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading

import pytest

from videoxl.errors import (
    CapacityError,
    FetchError,
    FetchRefusedError,
    FetchTooLargeError,
    UsageError,
    VideoFormatError,
)
from videoxl.library.fetch import FetchLimits, fetch
from videoxl.library.fetch_network import Network, connect_to, tls_context

URL = "http://films.example/reels/film.mp4?key=hunter2"


def chunked(parts):
    """A body in chunks, as HTTP sends one whose length it does not know."""
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


@pytest.fixture
def get(world, tmp_path):
    """Fetches into a folder; a failure must leave it as it was."""

    def run(url=URL, limits=None, **options):
        folder = tmp_path / "files"
        before = os.listdir(folder) if folder.exists() else []
        try:
            return fetch(
                url, folder, limits or FetchLimits(), network=options.pop("network", world.network()), **options
            )
        except BaseException:
            assert (os.listdir(folder) if folder.exists() else []) == before
            raise

    return run


def test_a_film_arrives_whole_under_the_name_of_its_bytes(world, get, helpers, film) -> None:
    """Path, digest, size, type and a name for people; the file is for its owner alone."""
    world.serve(helpers["answer"](film, Content_Type="text/html"))
    got = get()
    assert got.path.read_bytes() == film
    assert got.path.name == hashlib.sha256(film).hexdigest() + ".mp4"
    assert (got.sha256, got.num_bytes) == (hashlib.sha256(film).hexdigest(), len(film))
    assert (got.content_type.name, got.content_name) == ("mp4", "film.mp4")
    assert got.url == "http://films.example/reels/film.mp4"
    assert got.path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(got.path.parent) == [got.path.name]
    assert get().path == got.path  # again: one file


def test_the_request_tells_nothing(world, get, helpers, film) -> None:
    """No cookie, no key, no referrer; the name is the host's, whatever address it is sent to."""
    world.serve(helpers["answer"](film))
    get()
    lines = world.requests[0].decode().split("\r\n")
    assert lines[0] == "GET /reels/film.mp4?key=hunter2 HTTP/1.1"
    assert {line.partition(":")[0].lower() for line in lines[1:] if line} == {
        "host", "user-agent", "accept", "accept-encoding", "connection",
    }  # fmt: skip
    assert "Host: films.example" in lines
    assert "Accept-Encoding: identity" in lines


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_a_redirect_is_followed(world, get, helpers, film, status: str) -> None:
    """To another public host, and by a relative address."""
    world.serve(helpers["answer"](status=status, Location="http://mirror.example:8080/film.mp4"))
    world.serve(
        lambda connection, request: helpers["answer"](
            *([film] if b"/there" in request else []),
            **({} if b"/there" in request else {"status": "302 Found", "Location": "/there"}),
        )(connection, request),
        name="mirror.example",
        address="151.101.1.1",
    )
    assert get().url == "http://mirror.example:8080/there"
    assert world.connections == ["93.184.215.14", "151.101.1.1", "151.101.1.1"]


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:169.254.169.254]/",
        "http://127.0.0.1:8000/admin",
        "http://localhost/",
        "http://internal.example/",
        "http://2130706433/",
        "//10.0.0.1/",
        "file:///etc/passwd",
        "ftp://films.example/film.mp4",
        "gopher://films.example/",
        "data:video/mp4;base64,AAAA",
        "http://user:password@films.example/",
        "http://films.example:25/",
        "",
        "http://[",
        "\\\\films.example\\",
    ],
)
def test_a_redirect_to_where_nobody_may_go_is_not_followed(world, get, helpers, location: str) -> None:
    """Every hop is checked as the first one is: other schemes, private addresses, services of clouds, other ports."""
    world.serve(helpers["answer"](status="302 Found", Location=location))
    world.names |= {"internal.example": ["10.1.2.3"], "localhost": ["127.0.0.1"], "2130706433": ["127.0.0.1"]}
    with pytest.raises(FetchError) as caught:
        get()
    assert world.connections == ["93.184.215.14"]
    assert "hunter2" not in str(caught.value)


def test_redirects_in_a_circle_end(world, get, helpers) -> None:
    """After so many hops the address is given up."""
    world.serve(helpers["answer"](status="302 Found", Location="/reels/film.mp4"))
    with pytest.raises(FetchError, match="sends on more than 5 times"):
        get()
    assert len(world.connections) == 6


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"], ["10.0.0.1"], ["172.16.3.4"], ["192.168.1.1"], ["169.254.169.254"], ["100.64.0.1"], ["0.0.0.0"],
        ["224.0.0.1"], ["255.255.255.255"], ["::1"], ["::"], ["fe80::1"], ["fe80::1%eth0"], ["fd00:ec2::254"],
        ["::ffff:10.0.0.1"], ["::ffff:127.0.0.1"], ["2002:7f00:1::"], ["64:ff9b::7f00:1"], ["ff02::1"],
        ["168.63.129.16"], ["93.184.215.14", "10.0.0.1"], ["10.0.0.1", "93.184.215.14"], ["nonsense"],
    ],
)  # fmt: skip
def test_a_name_with_an_address_that_is_not_public_is_not_connected_to(world, get, addresses) -> None:
    """One such address among good ones is enough, and which one it is stays untold."""
    world.names["films.example"] = addresses
    with pytest.raises(FetchRefusedError, match="may not be read from here") as caught:
        get()
    assert world.connections == []
    assert not any(address in str(caught.value) for address in addresses)


def test_a_name_that_changes_its_address_gains_nothing(world, get, helpers, film) -> None:
    """The name is looked up once, and the connection goes to the address that was checked."""
    world.serve(helpers["answer"](film))
    world.names["films.example"] = [["93.184.215.14"], ["127.0.0.1"]]
    assert get().num_bytes == len(film)
    assert (world.look_ups, world.connections) == (["films.example"], ["93.184.215.14"])


def test_a_redirect_to_a_name_that_changes_its_address_is_refused(world, get, helpers) -> None:
    """A name that was public at the first hop and is private at the second is refused at the second."""
    world.serve(helpers["answer"](status="302 Found", Location="/again"))
    world.names["films.example"] = [["93.184.215.14"], ["127.0.0.1"]]
    with pytest.raises(FetchRefusedError, match="this machine itself"):
        get()
    assert world.connections == ["93.184.215.14"]


def test_private_addresses_are_let_in_where_asked(world, get, helpers, film) -> None:
    """With `allow_private` a machine next door may be read, a cloud's service still not."""
    world.serve(helpers["answer"](film), name="nas.example", address="192.168.1.20")
    assert get("http://nas.example/film.mp4", allow_private=True).num_bytes == len(film)
    with pytest.raises(FetchRefusedError, match="metadata"):
        get("http://169.254.169.254/", allow_private=True)


def test_only_allowed_hosts_are_asked(world, get, helpers, film) -> None:
    """With a list, any other host is refused before its name is looked up, at every hop."""
    world.serve(helpers["answer"](status="302 Found", Location="http://mirror.example/film.mp4"))
    world.serve(helpers["answer"](film), name="mirror.example", address="151.101.1.1")
    assert get(allowed_hosts=["FILMS.example", "mirror.example."]).num_bytes == len(film)
    with pytest.raises(FetchRefusedError, match=r"mirror\.example is not among the hosts"):
        get(allowed_hosts=["films.example"])
    world.serve(helpers["answer"](film), name="xn--bcher-kva.example", address="151.101.1.2")
    assert get("http://bücher.example/film.mp4", allowed_hosts=["Bücher.example"]).num_bytes == len(film)
    world.look_ups.clear()
    with pytest.raises(FetchRefusedError, match=r"films\.example is not among the hosts"):
        get(allowed_hosts=["example"])
    assert world.look_ups == []


def test_a_file_that_says_it_is_too_large_is_not_begun(world, get, helpers) -> None:
    """The promised length is enough to refuse."""
    world.serve(helpers["answer"](b"x", length=10**12))
    with pytest.raises(FetchTooLargeError, match="1,000,000,000,000 bytes, more than 1,000"):
        get(limits=FetchLimits(max_bytes=1000))


def endless(film):
    """A server that sends a film and never stops."""

    def behave(connection, request):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + film)
        for _ in itertools.count():
            connection.sendall(bytes(65536))

    return behave


def endless_chunks(film):
    """The same, in chunks."""

    def behave(connection, request):
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for part in itertools.chain([film], itertools.repeat(bytes(65536))):
            connection.sendall(b"%x\r\n%s\r\n" % (len(part), part))

    return behave


def endless_headers(film):
    """A server that never comes to the body."""

    def behave(connection, request):
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        for number in itertools.count():
            connection.sendall(b"X-%d: x\r\n" % number)

    return behave


def endless_continues(film):
    """A server that says for ever that one may go on."""

    def behave(connection, request):
        while True:
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)

    return behave


def endless_line(film):
    """A header without an end of line."""

    def behave(connection, request):
        connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        while True:
            connection.sendall(b"a" * 65536)

    return behave


@pytest.mark.parametrize("server", [endless, endless_chunks, endless_headers, endless_continues, endless_line])
def test_what_never_ends_is_ended(world, get, film, server) -> None:
    """Without a length, in chunks, in headers or before them: bytes are counted as they come."""
    world.serve(server(film))
    with pytest.raises(FetchError):
        get(limits=FetchLimits(max_bytes=2 * len(film)))


@pytest.mark.parametrize("server", [endless, endless_chunks])
def test_a_body_without_end_is_too_large(world, get, film, server) -> None:
    """The limit of bytes holds where no length is given."""
    world.serve(server(film))
    with pytest.raises(FetchTooLargeError):
        get(limits=FetchLimits(max_bytes=len(film)))


def test_a_length_that_lies_is_no_way_past_the_limit(world, get, helpers, film) -> None:
    """More than promised is not read; less than promised is an error and keeps nothing."""
    world.serve(helpers["answer"](film + bytes(10**6), length=len(film)))
    assert get().num_bytes == len(film)
    world.serve(helpers["answer"](film, length=len(film) + 5), name="short.example", address="151.101.1.1")
    with pytest.raises(FetchError, match="5 too early"):
        get("http://short.example/film.mp4")


@pytest.mark.parametrize(
    "body",
    [
        b"%x\r\n" % 10**6 + b"abc",
        b"zz\r\nabc\r\n",
        b"-5\r\nabc\r\n",
        chunked([b"a" * 5000])[:-7],
        b"%x\r\n" % 2**70,
    ],
)
def test_broken_chunks_are_an_error(world, get, film, body: bytes) -> None:
    """A body that ends in the middle, or whose sizes are none, keeps nothing."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"%x\r\n%s\r\n" % (len(film), film)
    world.serve(lambda connection, request: connection.sendall(head + body))
    with pytest.raises(FetchError):
        get()


@pytest.mark.parametrize("header", ["Content_Encoding", "Transfer_Encoding"])
@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "identity, gzip", "zstd"])
def test_a_compressed_answer_is_refused(world, get, helpers, film, header: str, encoding: str) -> None:
    """A bomb is never unpacked: what was asked for is the file as it is."""
    bomb = gzip.compress(bytes(10**7))
    world.serve(helpers["answer"](bomb, **{header: encoding}))
    with pytest.raises(FetchError, match="compressed"):
        get()


def test_a_bomb_that_does_not_say_so_is_typed_by_its_bytes(world, get, helpers) -> None:
    """The same bytes under the name of a video are no video."""
    world.serve(helpers["answer"](gzip.compress(os.urandom(20_000)), Content_Type="video/mp4"))
    with pytest.raises(VideoFormatError, match=r"film\.mp4 is compressed \(gzip\)"):
        get()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<!DOCTYPE html><title>Sign in</title>", "is a page of HTML"),
        (b"#EXTM3U\n#EXTINF:2,\nhttp://127.0.0.1/secret.ts\n", r"is a playlist \(HLS\)"),
        (b"ID3" + bytes(5000), "only sound"),
        (b"", "is empty"),
        (b"MZ" + bytes(5000), "is no video or picture"),
    ],
)
def test_what_is_no_video_is_refused_whatever_its_header_says(world, get, helpers, body: bytes, said: str) -> None:
    """A header and a name are claims."""
    world.serve(helpers["answer"](body, Content_Type="video/mp4"))
    with pytest.raises(VideoFormatError, match=said):
        get()


def test_what_is_no_video_is_told_before_the_rest_is_read(world, get) -> None:
    """The first bytes of a gigabyte are enough."""

    def behave(connection, request):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n" + b"<html>" + bytes(300_000))
        connection.recv(1)  # the rest never comes

    world.serve(behave)
    with pytest.raises(VideoFormatError, match="HTML"):
        get()


@pytest.mark.parametrize("status", ["401 Unauthorized", "404 Not Found", "429 Slow Down", "500 Oops", "204 No Content"])
def test_no_success_is_told_with_its_number(world, get, helpers, film, status: str) -> None:
    """A page about an error is not taken for the film."""
    world.serve(helpers["answer"](film, status=status))
    with pytest.raises(FetchError, match=f"answers {status[:3]}"):
        get()


def slow_line(connection, wait):
    connection.sendall(b"HTTP/1.1 200")
    wait(connection)


def slow_header(connection, wait):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Le")
    wait(connection)


def slow_body(connection, wait):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nabc")
    wait(connection)


@pytest.mark.parametrize("stop", [slow_line, slow_header, slow_body, lambda connection, wait: wait(connection)])
def test_a_server_that_says_nothing_more_is_given_up(world, get, helpers, stop) -> None:
    """In the first line, the headers or the body: the limit is for the whole, and it is said."""
    world.serve(lambda connection, request: stop(connection, helpers["wait_for_the_end"]))
    world.clock.step_seconds = 5
    with pytest.raises(FetchError, match="longer than 30 s, which is the limit"):
        get(limits=FetchLimits(seconds=30))


def test_a_byte_now_and_then_does_not_hold_us(world, get, film) -> None:
    """A server that always sends something in time for the next wait runs into the limit of the whole."""

    def behave(connection, request):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(film))
        for byte in film:
            connection.sendall(bytes([byte]))

    world.serve(behave)
    world.clock.step_seconds = 1
    with pytest.raises(FetchError, match="longer than 60 s"):
        get(limits=FetchLimits(seconds=60))


def test_a_name_that_is_never_looked_up_is_given_up(world, get) -> None:
    """A name server that does not answer counts against the same limit."""
    let_go = threading.Event()
    world.clock.step_seconds = 5
    network = Network(resolve=lambda host, port: let_go.wait(30) or [], connect=world.connect, clock=world.clock)
    with pytest.raises(FetchError, match="longer than 20 s"):
        get(limits=FetchLimits(seconds=20), network=network)
    let_go.set()


def test_a_download_can_be_called_off(world, get, helpers, film) -> None:
    """From another thread, while nothing comes; nothing is kept."""
    stopped = threading.Event()

    def behave(connection, request):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n" + film)
        stopped.set()
        helpers["wait_for_the_end"](connection)

    world.serve(behave)
    with pytest.raises(FetchError, match="called off"):
        get(stopped=stopped)


def test_progress_is_told_and_can_end_the_download(world, get, helpers, film) -> None:
    """Bytes rise to the total; what the listener raises comes out, and nothing is kept."""
    world.serve(helpers["answer"](film))
    world.clock.step_seconds = 0.2
    told = []
    get(progress=told.append)
    counts = [progress.num_bytes for progress in told]
    assert counts == sorted(counts)
    assert (counts[-1], {progress.total_bytes for progress in told}) == (len(film), {len(film)})

    def leave(progress):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        get(progress=leave)


def test_ctrl_c_leaves_nothing(world, tmp_path, helpers, film) -> None:
    """A person who interrupts a download in the middle finds no partial file."""
    world.serve(
        lambda connection, request: (
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n" + film),
            helpers["wait_for_the_end"](connection),
        )
    )
    program = f"""
import socket, sys
from pathlib import Path
from videoxl.library.fetch import Network, fetch
def connect(address, port, seconds):
    return socket.create_connection(("127.0.0.1", {world.ports["93.184.215.14"]}))
network = Network(resolve=lambda host, port: ["93.184.215.14"], connect=connect)
fetch("http://films.example/film.mp4", Path({str(tmp_path / "files")!r}), network=network,
      progress=lambda progress: print("coming", flush=True))
"""
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout.readline() == b"coming\n"
    assert len(os.listdir(tmp_path / "files")) == 1
    process.send_signal(signal.SIGINT)
    process.wait(timeout=30)
    process.stdout.close()
    assert os.listdir(tmp_path / "files") == []


def test_a_full_disk_is_said(world, get, helpers, film, monkeypatch: pytest.MonkeyPatch) -> None:
    """No room is told as such, and what was written is given back."""

    def full(descriptor, content):
        raise OSError(28, "No space left on device")

    world.serve(helpers["answer"](film))
    monkeypatch.setattr("videoxl.library.fetch_landing.os.write", full)
    with pytest.raises(CapacityError, match="the disk is full"):
        get()


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"220 mail ESMTP\r\n" * 3,
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"\x00" * 100,
        b"+OK\r\n\r\n",
    ],
)
def test_what_does_not_speak_http_is_said(world, get, sent: bytes) -> None:
    """Another service, or nothing at all, is an error in a sentence."""
    world.serve(lambda connection, request: connection.sendall(sent))
    with pytest.raises(FetchError, match=r"films\.example"):
        get()


def test_a_name_nobody_knows_and_a_machine_that_is_off_are_told_apart(world, get) -> None:
    """Each failure says what to check."""
    world.names["films.example"] = []
    with pytest.raises(FetchError, match="has no address: check how it is spelt"):
        get()
    world.names["films.example"] = ["93.184.215.14", "151.101.1.1"]
    with pytest.raises(FetchError, match=r"cannot be reached \(connection refused\)"):
        get()
    assert world.connections == ["93.184.215.14", "151.101.1.1"]  # each of its addresses was tried


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('attachment; filename="My holiday.mp4"', "My holiday.mp4"),
        ("attachment; filename*=UTF-8''na%C3%AFve%20film.mov", "naïve film.mp4"),
        ('attachment; filename="../../etc/passwd"', "passwd.mp4"),
        ('attachment; filename="C:\\\\Windows\\\\evil.exe"', "evil.mp4"),
        ('attachment; filename="..."', "video.mp4"),
        (f'attachment; filename="{"a" * 5000}.mp4"', "a" * 120 + ".mp4"),
    ],
)
def test_the_name_for_people_is_harmless(world, get, helpers, film, header: str, name: str) -> None:
    """No folder, no control character, not long, and with the suffix of what it is."""
    world.serve(helpers["answer"](film, Content_Disposition=header))
    assert get().content_name == name


def test_limits_without_sense_are_refused() -> None:
    """A limit of nothing is an option that makes no sense."""
    for limits in ({"max_bytes": 0}, {"seconds": float("inf")}, {"connect_seconds": -1}, {"max_redirects": -1}):
        with pytest.raises(UsageError, match=next(iter(limits))):
            FetchLimits(**limits)


def test_the_real_connector_goes_where_it_was_sent() -> None:
    """A connection is made to the numeric address that is given."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        connect_to("127.0.0.1", listener.getsockname()[1], 5) as connection,
    ):
        assert connection.getpeername() == listener.getsockname()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl here to make a certificate with")
@pytest.mark.parametrize(("host", "is_its_own"), [("films.example", True), ("other.example", False)])
def test_the_certificate_must_be_the_hosts(world, get, helpers, film, tmp_path, host: str, is_its_own: bool) -> None:
    """Though the connection goes to a numeric address, name and certificate are those of the host."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-keyout", str(key), "-out", str(certificate), "-days", "2", "-subj", "/CN=films.example"),
            *("-addext", "subjectAltName=DNS:films.example"),
        ],
        check=True,
        capture_output=True,
    )
    names_asked = []
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    server.sni_callback = lambda connection, name, context: names_asked.append(name)
    listener = socket.create_server(("127.0.0.1", 0))
    world.listeners.append(listener)

    def serve():
        connection, _ = listener.accept()
        with connection:
            try:
                with server.wrap_socket(connection, server_side=True) as secured:
                    request = secured.recv(65536)
                    helpers["answer"](film)(secured, request)
                    helpers["wait_for_the_end"](secured)
            except OSError:
                return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    world.names[host], world.ports["93.184.215.14"] = ["93.184.215.14"], listener.getsockname()[1]
    network = world.network(tls=lambda: ssl.create_default_context(cafile=str(certificate)))
    if is_its_own:
        assert get(f"https://{host}/film.mp4", network=network).num_bytes == len(film)
    else:
        with pytest.raises(FetchError, match="certificate that is not its own"):
            get(f"https://{host}/film.mp4", network=network)
    thread.join(10)
    assert names_asked == [host]


def test_a_redirect_from_https_to_http_is_refused() -> None:
    """What was asked for in secret is not fetched in the clear."""
    from videoxl.library.fetch_address import redirected, web_address

    with pytest.raises(FetchRefusedError, match="from https to http"):
        redirected(web_address("https://films.example/film.mp4"), "http://films.example/film.mp4")


def test_certificates_are_checked_by_default() -> None:
    """The context that is used checks names and authorities."""
    context = tls_context()
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
