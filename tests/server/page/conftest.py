"""The page in a real Chromium, on a real server with nano and the demo film. Whatever goes elsewhere fails the test."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import av
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from videoxl.synth.demo import DEMO

PATIENCE_SECONDS = 60.0  # how long a condition is waited for; reached in well under one where the machine is idle
READY_SECONDS = 90.0
TIMEOUT_SECONDS = 300  # of one test: conditions are waited for one after the other
DESK = {"width": 1280, "height": 720}
RECORD_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => console.error("CSP: " + event.violatedDirective));
"""
HARMLESS = "Failed to load resource"  # the browser's own line on an answer of 4xx or none; the page says it in words


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A busy machine draws slowly: give the tests of this folder more time than the others have."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(TIMEOUT_SECONDS))


class RunningServer:
    """nano behind a socket of this machine, in a thread; it can be stopped and started again at the same address."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.folder, self._options, self._port = folder, options, 0
        self.kept: set[str] = set()  # memories that the tests share
        self.start()

    def start(self) -> None:
        from videoxl.server.app import create_app
        from videoxl.server.config import ServeConfig
        from videoxl.server.limits import Limits
        from videoxl.server.listener import Listener

        limits = Limits(lease_seconds=3.0, shutdown_seconds=1.0)
        config = ServeConfig(
            library=self.folder / "library", port=self._port, device="cpu", limits=limits, **self._options
        )
        app = create_app(config)
        self._listener = Listener(app, config)
        self._room = app.state.site.room
        started = threading.Event()
        self._thread = threading.Thread(
            target=self._listener.run, kwargs={"on_started": started.set}, name="page-server", daemon=True
        )
        self._thread.start()
        assert started.wait(READY_SECONDS), "the server did not begin to listen"
        self.url = self._listener.address
        self._port = urlsplit(self.url).port

    def wait_until_ready(self) -> None:
        self._room.wait_until_ready(READY_SECONDS)

    def stop(self) -> None:
        self._listener.stop()
        self._thread.join(READY_SECONDS)
        assert not self._thread.is_alive(), "the server did not stop"


@dataclass
class Visit:
    """One browser profile on the server, with everything that it must not do written down."""

    context: BrowserContext
    url: str
    hosts: set[str] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str = "/") -> Page:
        """A tab that shows a path of the page."""
        page = self.context.new_page()
        page.goto(self.url + path)
        return page

    def api(self, method: str, path: str, **body: Any) -> Any:
        """The server's answer to a request beside the page."""
        options = {"data": body} if body else {}
        response = self.context.request.fetch(self.url + path, method=method, **options)
        assert response.ok, response.text()
        return response.json()

    def end(self) -> None:
        """Leave nothing for the next visit, and check that this one did nothing that it must not."""
        for page in self.context.pages:
            if page.url.startswith(self.url):
                page.evaluate("() => localStorage.clear()")
            page.close()
        complaints, hosts = [*self.complaints], {*self.hosts}
        self.complaints.clear()
        self.hosts.clear()
        assert not complaints
        assert hosts <= {urlsplit(self.url).netloc}, "the page asked another host"


@pytest.fixture(scope="session")
def make_page_server(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., RunningServer]]:
    """Servers for the page's tests, each with a library of its own, where there is a browser to test it with."""
    servers: list[RunningServer] = []

    def make(**options: Any) -> RunningServer:
        servers.append(RunningServer(tmp_path_factory.mktemp("page"), **options))
        return servers[-1]

    yield make
    for server in servers:
        server.stop()


@pytest.fixture(scope="session")
def page_server(make_page_server: Callable[..., RunningServer]) -> RunningServer:
    """The one that needs no key."""
    server = make_page_server()
    server.wait_until_ready()
    return server


@pytest.fixture(autouse=True)
def _patience() -> None:
    """Wait for what a busy machine takes long to show."""
    expect.set_options(timeout=PATIENCE_SECONDS * 1000)


@pytest.fixture
def make_visit(browser: Browser) -> Iterator[Callable[..., Visit]]:
    """Opens browser profiles: `make_visit(url, color_scheme="dark", ...)`; each is checked when the test ends."""
    visits: list[Visit] = []

    def make(url: str, **options: Any) -> Visit:
        visits.append(_visit(browser, url, **options))
        return visits[-1]

    yield make
    for visit in visits:
        visit.end()
        visit.context.close()


@pytest.fixture(scope="module")
def _desk(browser: Browser, page_server: RunningServer) -> Iterator[Visit]:
    visit = _visit(browser, page_server.url)
    yield visit
    visit.context.close()


@pytest.fixture
def visit(_desk: Visit, page_server: RunningServer) -> Iterator[Visit]:
    """A browser at a desk, on the server, in which nothing is open or remembered; and which leaves nothing there."""
    yield _desk
    _desk.end()
    left = [memory["title"] for memory in listed(_desk) if memory["id"] not in page_server.kept]
    assert not left, f"memories were left in the library: {left}"


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two minutes of real footage into which a blowfish was put, shown at 0:54.6."""
    path = tmp_path_factory.mktemp("films") / "harbour.mp4"
    path.write_bytes(DEMO.read_bytes())
    return path


@pytest.fixture(scope="session")
def long_film(film: Path) -> Path:
    """The film, fifty times over: all of its frames are watched for longer than any test takes."""
    path = film.with_name("harbours.mp4")
    with av.open(str(film)) as source, av.open(str(path), "w") as target:
        given = source.streams.video[0]
        kept = target.add_stream_from_template(given)
        packets = [packet for packet in source.demux(given) if packet.dts is not None]
        for repeat in range(50):
            for packet in packets:
                packet.stream = kept
                if repeat:
                    packet.pts, packet.dts = packet.pts + given.duration, packet.dts + given.duration
                target.mux(packet)
    return path


@pytest.fixture
def watch(visit: Visit, film: Path) -> Iterator[Callable[..., dict[str, Any]]]:
    """Has a film watched through the API, beside the page: `watch(title="...", end=8)`; gone after the test."""
    ids: list[str] = []

    def start(video: Path = film, *, title: str | None = None, waits: bool = True, **options: Any) -> dict[str, Any]:
        memory = add(visit, video, title=title or video.name, **options)
        ids.append(memory["id"])
        return settled(visit, memory["id"]) if waits else memory

    yield start
    for memory_id in {*ids} & {memory["id"] for memory in listed(visit)}:
        visit.api("DELETE", f"/v1/memories/{memory_id}")


@pytest.fixture
def memory(visit: Visit, page_server: RunningServer, film: Path) -> dict[str, Any]:
    """The whole film at the model's own settings; watched once, for whichever test asks first. It is not changed."""
    memory_id = add(visit, film)["id"]
    page_server.kept.add(memory_id)
    return settled(visit, memory_id)


def add(visit: Visit, film: Path, **options: Any) -> dict[str, Any]:
    """A memory of a film, which the server begins to watch."""
    part = {"name": film.name, "mimeType": "video/mp4", "buffer": film.read_bytes()}
    answer = visit.context.request.post(f"{visit.url}/v1/files", multipart={"purpose": "user_data", "file": part})
    assert answer.ok, answer.text()
    body = {"source": {"file_id": answer.json()["id"]}, "title": film.name, **options}
    return visit.api("POST", "/v1/memories", **body)


def listed(visit: Visit) -> list[dict[str, Any]]:
    """The memories of the library."""
    memories: list[dict[str, Any]] = visit.api("GET", "/v1/memories")["data"]
    return memories


def settled(visit: Visit, memory_id: str) -> dict[str, Any]:
    """The memory, once it is watched: its stream of events ends then."""
    visit.context.request.get(f"{visit.url}/v1/memories/{memory_id}/events", timeout=READY_SECONDS * 1000)
    return visit.api("GET", f"/v1/memories/{memory_id}")


def _visit(browser: Browser, url: str, **options: Any) -> Visit:
    context = browser.new_context(**{"viewport": DESK, "accept_downloads": True, **options})
    context.set_default_timeout(PATIENCE_SECONDS * 1000)
    context.add_init_script(RECORD_VIOLATIONS)
    visit = Visit(context, url)
    context.on("request", lambda request: visit.hosts.add(urlsplit(request.url.removeprefix("blob:")).netloc))
    context.on("weberror", lambda error: visit.complaints.append(f"{error.error}"))
    context.on("console", lambda message: _note(visit, message))
    return visit


def _note(visit: Visit, message: ConsoleMessage) -> None:
    if message.type in ("error", "warning") and not message.text.startswith(HARMLESS):
        visit.complaints.append(message.text)
