"""A small internet on this machine: names, public addresses, and servers that behave as badly as a test wants.

Addresses are real public ones; the connector leads each to a server on the loopback interface, and every connection is
written down. A server is a function that gets the connected socket after the request was read.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import videoxl
from videoxl.library.fetch import Network

FILM = Path(videoxl.__file__).parent / "synth" / "assets" / "demo.mp4"
Behaviour = Callable[[socket.socket, bytes], None]


class Clock:
    """A clock that goes on by a step whenever somebody looks."""

    def __init__(self, step_seconds: float = 0.0) -> None:
        self.step_seconds, self._now = step_seconds, 0.0

    def __call__(self) -> float:
        self._now += self.step_seconds
        return self._now


@dataclass
class World:
    """Names with their addresses, addresses with their servers, and what happened."""

    names: dict[str, list[str] | list[list[str]]] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    requests: list[bytes] = field(default_factory=list)
    connections: list[str] = field(default_factory=list)
    look_ups: list[str] = field(default_factory=list)
    clock: Clock = field(default_factory=Clock)
    listeners: list[socket.socket] = field(default_factory=list)

    def serve(self, behaviour: Behaviour, *, name: str = "films.example", address: str = "93.184.215.14") -> None:
        """Have a name whose address is answered by a server."""
        self.names.setdefault(name, [address])
        listener = socket.create_server(("127.0.0.1", 0))
        self.listeners.append(listener)
        self.ports[address] = listener.getsockname()[1]
        threading.Thread(target=self._answer, args=(listener, behaviour), daemon=True).start()

    def network(self, **options) -> Network:
        """The world as a download sees it."""
        return Network(resolve=self.resolve, connect=self.connect, clock=self.clock, **options)

    def resolve(self, host: str, port: int) -> list[str]:
        """The addresses of a name; a name with several lists gives the next one at each look."""
        self.look_ups.append(host)
        found = self.names.get(host, [host])
        if found and isinstance(found[0], list):
            return found.pop(0) if len(found) > 1 else found[0]
        return list(found)

    def connect(self, address: str, port: int, seconds: float) -> socket.socket:
        """A connection to the server that stands for an address."""
        self.connections.append(address)
        if address not in self.ports:
            raise ConnectionRefusedError(111, "Connection refused")
        return socket.create_connection(("127.0.0.1", self.ports[address]), timeout=seconds)

    def _answer(self, listener: socket.socket, behaviour: Behaviour) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                request = b""
                while b"\r\n\r\n" not in request and (part := connection.recv(65536)):
                    request += part
                self.requests.append(request)
                behaviour(connection, request)


def answer(body: bytes = b"", *, status: str = "200 OK", length: int | None = -1, **headers: str) -> Behaviour:
    """A server that gives one answer; the length is the body's unless another is given, None leaves it out."""

    def behave(connection: socket.socket, request: bytes) -> None:
        lines = [f"HTTP/1.1 {status}", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
        if length is not None:
            lines.append(f"Content-Length: {len(body) if length == -1 else length}")
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)

    return behave


def wait_for_the_end(connection: socket.socket) -> None:
    """Until the other side goes."""
    with suppress(OSError):
        while connection.recv(65536):
            pass


@pytest.fixture
def world():
    """An empty world."""
    made = World()
    yield made
    for listener in made.listeners:
        listener.close()


@pytest.fixture(scope="session")
def film() -> bytes:
    """A real film."""
    return FILM.read_bytes()


@pytest.fixture
def helpers():
    """What tests build servers of."""
    return {"answer": answer, "wait_for_the_end": wait_for_the_end, "Clock": Clock}
