"""The process that listens: a socket of its own, connections that may not dawdle, and an end that loses nothing."""

import asyncio
import logging
import math
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from videoxl.errors import UsageError
from videoxl.server.config import ServeConfig
from videoxl.server.limits import Limits
from videoxl.server.site import Site

BACKLOG = 256
HEAD_BYTES = 16 * 1024  # of one request's head; more is refused by h11
MARGIN_SECONDS = 5.0


class Listener:
    """One app on one socket. Made, it holds the address already; `run` serves on it until it is stopped."""

    def __init__(self, app: FastAPI, config: ServeConfig) -> None:
        """Raises UsageError where the address cannot be had."""
        self._socket = _bind(config)
        limits = config.limits
        logging.getLogger("uvicorn.error").addFilter(_without_stack)
        settings = uvicorn.Config(
            app, http=_protocol(limits), ws="none", loop="asyncio", lifespan="on", access_log=False, log_config=None,
            server_header=False, backlog=BACKLOG, h11_max_incomplete_event_size=HEAD_BYTES,
            timeout_keep_alive=math.ceil(limits.keep_alive_seconds), proxy_headers=False,
            timeout_graceful_shutdown=int(limits.shutdown_seconds + MARGIN_SECONDS),
        )  # fmt: skip
        self._server = _Server(settings, app.state.site)

    @property
    def address(self) -> str:
        """Where a browser finds it."""
        host, port = self._socket.getsockname()[:2]
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def run(self, *, on_started: Callable[[], None] = lambda: None) -> None:
        """Serve until a signal, or `stop`, says to end; then finish what is under way and save what was watched."""
        self._server.on_started = on_started
        with self._socket:
            self._server.run(sockets=[self._socket])

    def stop(self) -> None:
        """As Ctrl-C does, from any thread."""
        self._server.should_exit = True


class _Server(uvicorn.Server):
    """Tells the site to stop before it waits for the answers that are under way."""

    def __init__(self, config: uvicorn.Config, site: Site) -> None:
        super().__init__(config)
        self._site = site
        self.on_started: Callable[[], None] = lambda: None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            self.on_started()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Let Ctrl-C and SIGTERM stop the server, which then ends as one that was asked to and not as one that died."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {kind: signal.signal(kind, self.handle_exit) for kind in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for kind, handler in before.items():
                signal.signal(kind, handler)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._site.is_stopping = True
        self._site.room.begin_stop()
        await super().shutdown(sockets=sockets)


def _bind(config: ServeConfig) -> socket.socket:
    host = config.host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With its protocol named: only then does asyncio send each piece at once, not after an acknowledgement 40 ms later.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, config.port))
    except OSError as error:
        listening.close()
        raise UsageError(
            f"cannot listen on {host} port {config.port} ({error.strerror or error}). "
            "Choose another --port (0 takes any that is free) or --host."
        ) from error
    return listening


def _protocol(limits: Limits) -> type[H11Protocol]:
    """HTTP/1.1 with two more limits: how many connections, and how long a head may take."""

    class Protocol(H11Protocol):
        _head_timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if len(self.connections) > limits.max_connections:
                transport.abort()
                return
            self._time_head()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_timer()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.cycle is not None and not self.cycle.response_complete:
                self._stop_timer()  # a head is there; its body has limits of its own
            elif self._head_timer is None:
                self._time_head()

        def _time_head(self) -> None:
            self._stop_timer()
            self._head_timer = self.loop.call_later(limits.header_seconds, self._give_up)

        def _stop_timer(self) -> None:
            if self._head_timer is not None:
                self._head_timer.cancel()
                self._head_timer = None

        def _give_up(self) -> None:
            if self.cycle is None or self.cycle.response_complete:
                self.transport.abort()

    return Protocol


def _without_stack(record: logging.LogRecord) -> bool:
    """Keep uvicorn's sentences and drop its stacks, which name folders; ours say where it was.

    A second Ctrl-C ends it in its middle, and the app's stack then comes as the sentence itself.
    """
    record.exc_info = record.exc_text = None
    return not record.getMessage().lstrip().startswith("Traceback")
