"""One server with nano for all tests that need a model, on a real socket; and apps without a model for all others."""

import json
import os
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from videoxl.server.app import create_app
from videoxl.server.config import ServeConfig
from videoxl.server.limits import Limits
from videoxl.server.listener import Listener
from videoxl.server.site import Site

KEY = "a-key-of-32-characters-for-tests"
READY_SECONDS = 90.0
LIMITS = Limits(
    max_upload_bytes=4_000_000, max_files_bytes=64_000_000, max_body_bytes=2_000_000, max_new_tokens=64,
    header_seconds=1.0, keep_alive_seconds=1.0, body_idle_seconds=1.0, send_seconds=2.0, lease_seconds=3.0,
    shutdown_seconds=5.0, max_choices=3, max_videos=3,
)  # fmt: skip


@pytest.fixture(scope="session")
def film(make_film: Callable[..., Path]) -> Path:
    """Twelve seconds of colours."""
    return make_film(12)


@pytest.fixture
def make_client(tmp_path: Path) -> Iterator[Callable[..., TestClient]]:
    """Clients of apps whose model is never loaded: `make_client(api_keys=(KEY,), ...)`."""
    sites: list[Site] = []

    def make(**options: Any) -> TestClient:
        app = create_app(ServeConfig(library=tmp_path / "library", **{"limits": LIMITS, **options}))
        sites.append(app.state.site)
        return TestClient(app, base_url="http://127.0.0.1")

    yield make
    for site in sites:
        site.library.close()


@dataclass
class Served:
    """A server that listens."""

    url: str
    folder: Path
    """Videos in here may be watched by path."""
    site: Site | None = None

    def client(self, **options: Any) -> httpx2.Client:
        return httpx2.Client(base_url=self.url, timeout=60, **options)

    def watch(self, film: Path, **options: Any) -> dict[str, Any]:
        """Have a film watched, and wait until it is."""
        with self.client() as client:
            memory = client.post("/v1/memories", json={"source": {"path": str(film)}, **options}).json()
            return wait_for(client, memory["id"], "ready")


def wait_for(client: httpx2.Client, memory_id: str, *states: str, seconds: float = 60.0) -> dict[str, Any]:
    """The memory, once it is in one of these states."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        memory = client.get(f"/v1/memories/{memory_id}").json()
        if memory["state"] in states:
            return memory
        time.sleep(0.02)
    raise AssertionError(f"still {memory['state']} ({memory['why']}) after {seconds} s, expected {states}")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, film: Path) -> Iterator[Served]:
    """nano behind a real socket, without a key, on loopback."""
    config = ServeConfig(
        library=tmp_path_factory.mktemp("served") / "library", port=0, device="cpu", allow_folders=(film.parent,),
        limits=LIMITS,
    )  # fmt: skip
    app = create_app(config)
    listener = Listener(app, config)
    started = threading.Event()
    thread = threading.Thread(target=listener.run, kwargs={"on_started": started.set}, daemon=True)
    thread.start()
    assert started.wait(30), "the server did not begin to listen"
    app.state.site.room.wait_until_ready(READY_SECONDS)
    yield Served(listener.address, film.parent, app.state.site)
    listener.stop()
    thread.join(60)
    assert not thread.is_alive(), "the server did not stop"


@pytest.fixture
def api(server: Served) -> Iterator[httpx2.Client]:
    """A client of the server with nano."""
    with server.client() as client:
        yield client


@pytest.fixture(scope="session")
def memory(server: Served, film: Path) -> dict[str, Any]:
    """The film, watched by the server with nano."""
    return server.watch(film)


@dataclass
class Process:
    """A server in a process of its own."""

    popen: subprocess.Popen
    url: str
    first_line_seconds: float

    def client(self) -> httpx2.Client:
        return httpx2.Client(base_url=self.url, timeout=60)

    def wait_until_ready(self) -> None:
        with self.client() as client:
            until = time.monotonic() + READY_SECONDS
            while client.get("/ready").status_code != 200:
                assert time.monotonic() < until, client.get("/ready").text
                time.sleep(0.05)


SHORT_LEASE = """
import sys
from pathlib import Path
from videoxl.server.app import create_app
from videoxl.server.config import ServeConfig
from videoxl.server.limits import Limits
from videoxl.server.listener import Listener
config = ServeConfig(
    library=Path(sys.argv[1]), port=0, device="cpu", allow_folders=(Path(sys.argv[2]),),
    limits=Limits(lease_seconds=1.5, shutdown_seconds=5.0),
)
listener = Listener(create_app(config), config)
listener.run(on_started=lambda: print(listener.address, flush=True))
"""


@pytest.fixture
def start_process(tmp_path: Path, film: Path) -> Iterator[Callable[..., Process]]:
    """Starts servers that do not outlive the test: `videoxl serve` with options, or one whose leases are short."""
    started: list[subprocess.Popen] = []

    def start(*arguments: object, command: bool = False, **environment: str) -> Process:
        script = [Path(sysconfig.get_path("scripts")) / "videoxl", "serve", "--port", "0", "--device", "cpu"]
        own = [sys.executable, "-c", SHORT_LEASE, tmp_path / "home" / "library", film.parent]
        began = time.monotonic()
        with (tmp_path / f"stderr-{len(started)}").open("w") as errors:
            popen = subprocess.Popen(
                [*map(str, script if command else own), *map(str, arguments)], stdout=subprocess.PIPE, stderr=errors,
                text=True,
                env={**os.environ, "VIDEOXL_HOME": str(tmp_path / "home"), "OMP_NUM_THREADS": "1", **environment},
            )  # fmt: skip
        started.append(popen)
        assert popen.stdout is not None
        url = popen.stdout.readline().strip()
        return Process(popen, url, time.monotonic() - began)

    yield start
    for popen in started:
        popen.kill()
        popen.communicate()


def events_of(text: str) -> list[tuple[str, Any]]:
    """Named events of a stream, in order; comments are left out."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if line and not line.startswith(":"))
        if "data" in fields:
            data = fields["data"]
            found.append((fields.get("event", "message"), data if data == "[DONE]" else json.loads(data)))
    return found
