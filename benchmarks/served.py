"""A server in a process of its own, to be measured from outside: started, looked at, asked, stopped."""

import http.client
import json
import os
import subprocess
import sysconfig
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

KIB = 1024
LOGS = "server-*.log"
"""What servers log, in the folder that is their home; each has a file of its own."""
READY_SECONDS = 300.0
STOP_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Asked:
    """One question from a client's side: seconds to the first token and to the end, or what went wrong."""

    first_seconds: float
    total_seconds: float
    error: str | None = None


class Served:
    """`videoxl serve` on a library of its own, in a `with` block."""

    def __init__(self, home: Path, *options: str, model: str = "nano") -> None:
        script = Path(sysconfig.get_path("scripts")) / "videoxl"
        self._log = (home / LOGS.replace("*", f"{time.monotonic_ns()}")).open("w")
        began = time.perf_counter()
        self.process = subprocess.Popen(
            [script, "serve", "--port", "0", "--device", "cpu", "--model", model, "--log-level", "warning", *options],
            stdout=subprocess.PIPE, stderr=self._log, text=True, env={**os.environ, "VIDEOXL_HOME": str(home)},
        )  # fmt: skip
        assert self.process.stdout is not None
        try:
            self.url = self.process.stdout.readline().strip()
            if not self.url:
                raise RuntimeError(f"the server did not start; see {self._log.name}")
            self.get_bytes("/")
            self.page_seconds = time.perf_counter() - began
            """From the command to the page."""
            self.ready_seconds = self._wait_until_ready(began)
            """From the command to the model."""
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self) -> "Served":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._log.close()

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self.process.kill()
        self.process.wait()

    def connect(self) -> http.client.HTTPConnection:
        """A connection that stays open."""
        parts = urlsplit(self.url)
        assert parts.hostname is not None
        return http.client.HTTPConnection(parts.hostname, parts.port, timeout=READY_SECONDS)

    def request(self, method: str, route: str, body: Any = None) -> tuple[int, Any]:
        """Status and JSON of one request."""
        connection = self.connect()
        try:
            content = None if body is None else json.dumps(body)
            connection.request(method, route, content, {"Content-Type": "application/json"} if content else {})
            response = connection.getresponse()
            data = response.read()
            return response.status, json.loads(data) if data else None
        finally:
            connection.close()

    def get_bytes(self, route: str) -> bytes:
        """What a route gives."""
        connection = self.connect()
        try:
            connection.request("GET", route)
            return connection.getresponse().read()
        finally:
            connection.close()

    def resident_bytes(self) -> int:
        """Memory that the server holds now."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * KIB
        raise LookupError("the system does not say how much memory the server holds")

    def num_handles(self) -> int:
        """Files and sockets that the server holds open."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def num_threads(self) -> int:
        """Threads of the server."""
        return len(os.listdir(f"/proc/{self.process.pid}/task"))

    def _wait_until_ready(self, began: float) -> float:
        while self.request("GET", "/ready")[0] != 200:
            if time.perf_counter() - began > READY_SECONDS:
                raise RuntimeError(f"the model was not loaded within {READY_SECONDS:g} s; see {self._log.name}")
            time.sleep(0.1)
        return time.perf_counter() - began


def ask(connection: http.client.HTTPConnection, memory_id: str, question: str, *, num_tokens: int) -> Asked:
    """Ask in a stream, with a clock on its first piece and its end."""
    body = json.dumps({"question": question, "stream": True, "max_tokens": num_tokens})
    began = time.perf_counter()
    try:
        connection.request("POST", f"/v1/memories/{memory_id}/ask", body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        if response.status != 200:
            return Asked(0.0, time.perf_counter() - began, f"{response.status} {response.read()[:200]!r}")
        first, last = None, ""
        for name in _event_names(response):
            first, last = first or time.perf_counter() - began, name
        if last != "answer" or first is None:
            return Asked(0.0, time.perf_counter() - began, f"the stream ended with {last or 'nothing'}")
        return Asked(first, time.perf_counter() - began)
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        return Asked(0.0, time.perf_counter() - began, type(error).__name__)


def _event_names(response: http.client.HTTPResponse) -> Iterator[str]:
    for line in response:
        if line.startswith(b"event: "):
            yield line.removeprefix(b"event: ").strip().decode()
