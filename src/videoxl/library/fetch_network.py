"""Names looked up once, and connections made to the very addresses that were checked.

A name that answers with a public address now and a private one a moment later gains nothing: there is no second look.
"""

from __future__ import annotations

import functools
import ipaddress
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from videoxl.errors import FetchError, FetchRefusedError
from videoxl.library.fetch_address import WebAddress
from videoxl.library.fetch_deadline import Deadline
from videoxl.library.fetch_public import why_not

MAX_NUM_ADDRESSES = 16  # of one name; more are not tried
LOOK_SECONDS = 0.25  # between two looks at the deadline


def system_addresses(host: str, port: int) -> list[str]:
    """The numeric addresses of a name, as the system gives them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(item[4][0]) for item in found))


def connect_to(address: str, port: int, seconds: float) -> socket.socket:
    """A connection to a numeric address, and to nothing else."""
    connection = socket.create_connection((address, port), timeout=seconds)
    reached = ipaddress.ip_address(str(connection.getpeername()[0]).partition("%")[0])
    if reached != ipaddress.ip_address(address.partition("%")[0]):
        connection.close()
        raise ConnectionError("connected to another address than the one that was asked for")
    return connection


@functools.cache
def tls_context() -> ssl.SSLContext:
    """Certificates are checked against the system's authorities, or certifi's where the system has none."""
    places = ssl.get_default_verify_paths()
    if any(place and Path(place).exists() for place in (places.cafile, places.capath)):
        return ssl.create_default_context()
    import certifi

    return ssl.create_default_context(cafile=certifi.where())


@dataclass(frozen=True, slots=True)
class Network:
    """The outside world as a download sees it; tests put a small one of their own in its place."""

    resolve: Callable[[str, int], Sequence[str]] = system_addresses
    connect: Callable[[str, int, float], socket.socket] = connect_to
    tls: Callable[[], ssl.SSLContext] = tls_context
    clock: Callable[[], float] = time.monotonic

    def open(
        self, address: WebAddress, deadline: Deadline, *, connect_seconds: float, allow_private: bool
    ) -> socket.socket:
        """A connection to one of the host's addresses, all of which were checked; with TLS for https.

        Raises:
            FetchRefusedError: One of its addresses is not public.
            FetchError: It has none, none answers, or its certificate is not its own.
        """
        found = self._addresses(address, deadline)
        for text in found:
            reason = why_not(text, allow_private=allow_private)
            if reason is not None:
                raise FetchRefusedError(
                    f"{address.host} may not be read from here: its address is {reason}. Give an address of the public "
                    "internet, or upload the file."
                )
        problem: Exception | None = None
        for text in found[:MAX_NUM_ADDRESSES]:
            try:
                connection = self.connect(text, address.port, min(deadline.left(), connect_seconds))
            except OSError as error:
                problem = error
                continue
            try:
                return self._secured(connection, address, min(deadline.left(), connect_seconds))
            except BaseException:
                with suppress(OSError):
                    connection.close()
                raise
        deadline.left()
        raise FetchError(
            f"{address.host} cannot be reached ({_short(problem)}): check the address, or try again later."
        ) from problem

    def _addresses(self, address: WebAddress, deadline: Deadline) -> list[str]:
        """The addresses of the host; looking up a name knows no time limit of its own, so it is waited for here."""
        answers: queue.SimpleQueue[Sequence[str] | Exception] = queue.SimpleQueue()

        def look_up() -> None:
            try:
                answers.put(self.resolve(address.host, address.port))
            except Exception as error:  # carried to whoever waits
                answers.put(error)

        threading.Thread(target=look_up, name="videoxl-look-up", daemon=True).start()
        while True:
            try:
                answer = answers.get(timeout=min(deadline.left(), LOOK_SECONDS))
                break
            except queue.Empty:
                continue
        if isinstance(answer, (OSError, UnicodeError)) or (not isinstance(answer, Exception) and not answer):
            raise FetchError(f"{address.host} has no address: check how it is spelt.")
        if isinstance(answer, Exception):
            raise answer
        return list(answer)

    def _secured(self, connection: socket.socket, address: WebAddress, seconds: float) -> socket.socket:
        connection.settimeout(seconds)
        if address.scheme == "http":
            return connection
        try:
            return self.tls().wrap_socket(connection, server_hostname=address.host)
        except ssl.SSLCertVerificationError as error:
            raise FetchError(
                f"{address.host} shows a certificate that is not its own ({error.verify_message}): nothing was read "
                "from it."
            ) from error
        except OSError as error:  # ssl.SSLError is one
            raise FetchError(f"{address.host} does not speak https as expected ({_short(error)}).") from error


def _short(error: Exception | None) -> str:
    """A reason without addresses and numbers of the inner workings."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    reason = getattr(error, "strerror", None) or getattr(error, "reason", None)
    return str(reason or type(error).__name__).lower()
