"""One question and its answer over HTTP/1.1: a GET without cookies or keys, and bytes that are counted and timed.

The time limit holds for every single wait, so a server that sends a byte now and then cannot hold us; the bytes are
counted as they leave the wire, so neither headers without end nor a length that lies gets past the limit.
"""

from __future__ import annotations

import http.client
import io
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO, cast

from videoxl import __version__
from videoxl.errors import FetchError, FetchTooLargeError
from videoxl.library.fetch_address import WebAddress
from videoxl.library.fetch_deadline import Deadline
from videoxl.library.fetch_limits import FetchLimits
from videoxl.library.fetch_network import LOOK_SECONDS, Network

REDIRECTS = (301, 302, 303, 307, 308)
MAX_HEADER_BYTES = 256 * 1024
CHUNK_BYTES = 128 * 1024
HEADERS = {
    "User-Agent": f"videoxl/{__version__}",
    "Accept": "video/*, image/*, */*;q=0.1",
    "Accept-Encoding": "identity",  # what comes is what is counted
    "Connection": "close",
}


class Exchange:
    """An answer whose headers have been read and whose body has not."""

    def __init__(self, address: WebAddress, answer: http.client.HTTPResponse, wire: _Wire, max_bytes: int) -> None:
        self._address, self._answer, self._wire, self._max_bytes = address, answer, wire, max_bytes
        self.status = answer.status

    @property
    def location(self) -> str | None:
        """Where it sends on to, if it does."""
        location = self._answer.headers.get("Location") if self.is_redirect else None
        return None if location is None else location.encode("latin-1", "replace").decode("utf-8", "replace")

    @property
    def is_redirect(self) -> bool:
        """Whether it sends on."""
        return self.status in REDIRECTS

    @property
    def file_name(self) -> str | None:
        """What it calls the file, unchecked."""
        with suppress(ValueError, LookupError):  # a header in a code of its own
            return self._answer.headers.get_filename()
        return None

    @property
    def total_bytes(self) -> int | None:
        """The length that it promises."""
        return self._answer.length

    def body(self) -> Iterator[bytes]:
        """The bytes of the file, as they are.

        Raises:
            FetchTooLargeError: There are more than allowed, or promised to be.
            FetchError: It is no success, is compressed, or ends early.
        """
        self._check()
        self._wire.allow(2 * self._max_bytes + MAX_HEADER_BYTES)  # chunks bring lines of their own
        num_bytes = 0
        while True:
            with _told(self._address):
                chunk = self._answer.read(CHUNK_BYTES)
            if not chunk:
                break
            num_bytes += len(chunk)
            yield chunk
        if self._answer.length:  # promised bytes that never came
            raise FetchError(
                f"{self._address.shown} ended after {num_bytes:,} bytes, {self._answer.length:,} too early: try again."
            )

    def _check(self) -> None:
        shown, headers = self._address.shown, self._answer.headers
        if self.status != http.client.OK:
            known = http.client.responses.get(self.status, "no known status")
            raise FetchError(f"{shown} answers {self.status} ({known.lower()}): check the address in a browser.")
        encodings = {text.strip().lower() for text in headers.get_all("Content-Encoding", [])} - {"", "identity"}
        transfers = {text.strip().lower() for text in headers.get_all("Transfer-Encoding", [])} - {"", "chunked"}
        if encodings or transfers:
            raise FetchError(
                f"{shown} sends the file compressed, which was not asked for: give an address of the file."
            )
        if len(set(headers.get_all("Content-Length", []))) > 1:
            raise FetchError(f"{shown} gives two lengths for one file: try another address.")
        if self._answer.length is not None and self._answer.length > self._max_bytes:
            raise FetchTooLargeError(
                f"{shown} has {self._answer.length:,} bytes, more than {self._max_bytes:,}, which is the limit: give a "
                "smaller file, or raise the limit."
            )


@contextmanager
def exchange(
    address: WebAddress, network: Network, deadline: Deadline, limits: FetchLimits, *, allow_private: bool
) -> Iterator[Exchange]:
    """Ask for an address; the connection ends with the block.

    Raises:
        FetchRefusedError: Its host has an address that is not public.
        FetchError: It cannot be reached, or what answers does not speak HTTP.
    """
    connection = network.open(address, deadline, connect_seconds=limits.connect_seconds, allow_private=allow_private)
    try:
        wire = _Wire(connection, deadline, address.shown)
        client = http.client.HTTPConnection(address.host, address.port)
        client.sock = cast(Any, wire)  # connected already: it never looks a name up
        with _told(address):
            client.putrequest("GET", address.target, skip_host=True, skip_accept_encoding=True)
            for name, value in {"Host": address.host_header, **HEADERS}.items():
                client.putheader(name, value)
            client.endheaders()
            answer = client.getresponse()
        yield Exchange(address, answer, wire, limits.max_bytes)
    finally:
        with suppress(OSError):
            connection.close()


@contextmanager
def _told(address: WebAddress) -> Iterator[None]:
    """Failures of the connection, in a sentence."""
    try:
        yield
    except (http.client.IncompleteRead, OSError) as error:  # our own errors are neither
        raise FetchError(f"{address.shown} broke the connection off before the end: try again.") from error
    except (http.client.HTTPException, ValueError) as error:
        raise FetchError(f"{address.shown} does not answer as a web server does: check the address.") from error


class _Wire:
    """A connected socket in the form that http.client wants, whose reading has an end in time and in bytes."""

    def __init__(self, connection: socket.socket, deadline: Deadline, shown: str) -> None:
        self._connection, self._deadline = connection, deadline
        self._bytes = _WireBytes(connection, deadline, shown)

    def allow(self, num_bytes: int) -> None:
        """Let so many more bytes come."""
        self._bytes.num_left = num_bytes

    def sendall(self, content: bytes) -> None:
        """Send, within what is left of the time."""
        self._connection.settimeout(self._deadline.left())
        self._connection.sendall(content)

    def makefile(self, mode: str) -> BinaryIO:
        """What comes, to be read."""
        return cast(BinaryIO, io.BufferedReader(self._bytes, CHUNK_BYTES))

    def close(self) -> None:
        """Nothing: the socket belongs to the block that opened it."""


class _WireBytes(io.RawIOBase):
    """The bytes of a connection."""

    def __init__(self, connection: socket.socket, deadline: Deadline, shown: str) -> None:
        self._connection, self._deadline, self._shown = connection, deadline, shown
        self.num_left = MAX_HEADER_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while True:
            self._connection.settimeout(min(self._deadline.left(), LOOK_SECONDS))
            try:
                num_read = self._connection.recv_into(buffer)
                break
            except TimeoutError:
                continue
        self.num_left -= num_read
        if self.num_left < 0:
            raise FetchTooLargeError(
                f"{self._shown} sends more than was allowed, or headers without end: give another."
            )
        return num_read
