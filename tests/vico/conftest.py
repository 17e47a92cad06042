"""Films with facts, made without drawing much; captioners that say what a test wants; a language model on localhost."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from videoxl.errors import EndpointAnswerError
from videoxl.vico import Caption, Endpoint, Event, FilmFile
from videoxl.vico.clip import Clip

NAMES = ("drum", "apple", "violin", "rocket", "otter", "chair")


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two small films from synth, 70 s each, six pictures in each, with facts beside them."""
    from videoxl.synth.script import random_film
    from videoxl.synth.splits import split_generator

    folder = tmp_path_factory.mktemp("films")
    for seed in range(2):
        film = random_film(
            split_generator("validation", seed), seconds=70.0, num_needles=6, split="validation", width=64, height=36,
            procedural=1.0,
        )  # fmt: skip
        film.write(folder / f"film-{seed}.mp4", fps=2)
    return folder


@pytest.fixture
def blank_film(tmp_path: Path) -> Callable[..., FilmFile]:
    """Writes a grey film of so many seconds, one frame a second."""
    from videoxl.video.writer import FilmWriter

    def make(seconds: int, *, name: str = "blank") -> FilmFile:
        path = tmp_path / f"{name}.mp4"
        with FilmWriter(path, width=32, height=16, fps=1) as writer:
            for _ in range(seconds):
                writer.write(np.full((16, 32, 3), 128, np.uint8))
        return FilmFile(path, name)

    return make


@dataclass
class ScriptedCaptioner:
    """Says a sentence for each clip, by number; None fails. Remembers what it was asked."""

    sentences: list[str | None]
    clip_seconds: float = 14.0
    num_parallel: int = 1
    name: str | None = "scripted"
    asked: list[int] = field(default_factory=list)

    def identity(self, film: FilmFile) -> str | None:
        return self.name

    def caption(self, film: FilmFile, clip: Clip) -> Caption:
        number = round(clip.start_seconds / self.clip_seconds)
        self.asked.append(number)
        sentence = self.sentences[number]
        if sentence is None:
            raise EndpointAnswerError("scripted to fail")
        return Caption(clip, sentence)


@pytest.fixture
def scripted() -> type[ScriptedCaptioner]:
    return ScriptedCaptioner


@pytest.fixture
def timeline_events() -> Callable[..., list[Event]]:
    """Events one after another, two seconds each, with the given texts."""

    def make(*texts: str) -> list[Event]:
        return [Event(text, 4.0 * index, 4.0 * index + 2) for index, text in enumerate(texts)]

    return make


Reply = tuple[int, dict[str, str], bytes] | str
"""A text that the model says, or a whole answer: status, headers, body."""


class ModelServer:
    """An endpoint on localhost: `answer` is told each request and says what comes back."""

    def __init__(self) -> None:
        self.answer: Callable[[dict[str, Any]], Reply] = lambda request: "fine"
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.lock, self.is_over = threading.Lock(), threading.Event()
        self.drips = False  # one byte now and then behind every answer, until the test is over
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def endpoint(self, **options: Any) -> Endpoint:
        return Endpoint(**{"url": self.url, "model": "wise", "timeout_seconds": 10.0, "num_retries": 2, **options})

    def close(self) -> None:
        self.is_over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(server: ModelServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with server.lock:  # several may be asked at once, and the lists belong together
                server.requests.append(body)
                server.headers.append(dict(self.headers))
                server.paths.append(self.path)
            reply = server.answer(body)
            status, headers, content = (200, {}, completion(reply)) if isinstance(reply, str) else reply
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(content))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)
            while server.drips and not server.is_over.wait(0.02):
                self.wfile.write(b"x")

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:
                """The client has left, as some tests want it to."""

    return Handler


def completion(text: str, **choice: Any) -> bytes:
    """A chat completion's body."""
    return json.dumps({"choices": [{"message": {"role": "assistant", "content": text}, **choice}]}).encode()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    started = ModelServer()
    yield started
    started.close()
