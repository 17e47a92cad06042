"""Servers under everything at once, for long: nothing lost, nothing leaked.

    python -m benchmarks.serve_soak [--minutes 30] [--clients 8] [--seed 0] [--model nano]

Clients upload, watch, ask, stream, leave in the middle, rename, append, export, import and delete at random, all on one
library. One server stays; a second one on the same library works on the queue, too, and is killed again and again.
In the end the queue is let run empty, and then is looked at what is there:

    lost        memories that a client was promised and has not deleted, and that are not ready; also those that go on
                behind a memory which somebody deleted before they were watched
    leaked      of the server that stayed: handles and threads above those at the beginning; in the library: uploads,
                memories, thumbnails, locks and rows that belong to nothing
    errors      answers that are neither a success nor a refusal that was to be expected
    logs        where there were errors, or something was lost: the last lines that each server logged, which name the
                ids of requests that failed, and why they did
"""

import argparse
import json
import random
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measurement import progress, write
from benchmarks.served import LOGS, Served

FILM_SECONDS = (6, 10, 16, 24)
RATIOS = (4, 8, 16)
QUESTIONS = ("Can you see a picture of a kite?", "What was inserted?", "Is there a dog?")
EXPECTED = {200, 201, 202, 404, 409, 429}  # a memory may be deleted, or not ready, by the time it is asked of
MOST_MEMORIES = 24
KILL_SECONDS = 20.0, 60.0
SAMPLE_SECONDS = 2.0
SETTLE_SECONDS = 600.0
LAST_KEPT_SECONDS = 20.0  # connections of clients that are gone are closed by then
MOST_LINES = 50  # of each server's log


def main() -> int:
    """Run, look, write the result, print it; 1 where something went wrong or was lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30, help="of soak (default 30)")
    parser.add_argument("--clients", type=int, default=8, help="at once (default 8)")
    parser.add_argument("--seed", type=int, default=0, help="of everything random (default 0)")
    parser.add_argument("--model", default="nano", help="an embedded model's name or a folder (default nano)")
    parser.add_argument("--out", default="serve_soak", help="name of the result (default serve_soak)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = soak(options.model, Path(folder), options.clients, 60 * options.minutes, options.seed)
    about = {"model": options.model, "clients": options.clients, "minutes": options.minutes, "seed": options.seed}
    write(options.out, {**about, **result}, module="serve_soak")
    for name, value in result.items():
        if name != "logs" and (not isinstance(value, list) or len(value) < 10):
            print(f"{name:<16} {value}")
    for name, lines in result["logs"].items():
        print(name, *lines, sep="\n    ")
    return 1 if result["num_errors"] or result["lost"] else 0


def soak(model: str, home: Path, num_clients: int, seconds: float, seed: int) -> dict[str, Any]:
    """All of it."""
    films = write_films(home / "films", seed)
    stop = threading.Event()
    shared = Shared()
    with Served(home, "--allow-folder", str(home / "films"), model=model) as served:
        clients = [
            Client(served, films, random.Random(f"{seed}-{number}"), shared, stop) for number in range(num_clients)
        ]
        clients[0].one_round_of_each()
        time.sleep(LAST_KEPT_SECONDS)
        before = {"handles": served.num_handles(), "threads": served.num_threads()}
        resident: list[int] = []
        threads = [threading.Thread(target=client.work) for client in clients]
        killer = threading.Thread(target=kill_again_and_again, args=(model, home, random.Random(seed), stop, shared))
        for thread in (*threads, killer):
            thread.start()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            resident.append(served.resident_bytes())
            time.sleep(SAMPLE_SECONDS)
        stop.set()
        for thread in (*threads, killer):
            thread.join()
        progress("the clients are gone; the queue runs empty")
        lost = wait_for_queue(served, shared)
        time.sleep(LAST_KEPT_SECONDS)
        after = {"handles": served.num_handles(), "threads": served.num_threads()}
        left = look_for_strays(served, home / "library")
    tenth = max(1, len(resident) // 10)
    return {
        "operations": dict(sorted(shared.operations.items())),
        "statuses": dict(sorted(shared.statuses.items())),
        "errors": sorted(set(shared.errors))[:50],
        "num_errors": len(shared.errors),
        "kills": shared.num_kills,
        "lost": lost,
        "logs": last_lines(home) if shared.errors or lost else {},
        "leaked": {
            "handles": after["handles"] - before["handles"],
            "threads": after["threads"] - before["threads"],
            **left,
        },
        "resident_growth": statistics.median(resident[-tenth:])
        / statistics.median(resident[tenth : 2 * tenth] or resident)
        - 1,
        "resident_bytes": resident,
    }


@dataclass(slots=True)
class Shared:
    """What all clients know and count."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    files: dict[str, int] = field(default_factory=dict)
    memories: set[str] = field(default_factory=set)
    """Promised, and not deleted."""
    operations: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    num_kills: int = 0


class Client:
    """One person who does not know what he wants."""

    def __init__(
        self, served: Served, films: list[Path], chance: random.Random, shared: Shared, stop: threading.Event
    ) -> None:
        self._served, self._films, self._chance, self._shared, self._stop = served, films, chance, shared, stop
        self._operations = {
            self.upload: 3, self.watch_upload: 3, self.watch_path: 3, self.ask: 12, self.stream: 12,
            self.leave_in_the_middle: 12, self.leave_an_upload: 2, self.look: 4, self.rename: 2, self.append: 1,
            self.take_along: 1, self.delete_memory: 3, self.delete_file: 3,
        }  # fmt: skip

    def work(self) -> None:
        """Do something, again and again."""
        names, weights = list(self._operations), list(self._operations.values())
        while not self._stop.is_set():
            self._do(self._chance.choices(names, weights)[0])

    def one_round_of_each(self) -> None:
        """Everything once, so that what is opened only once is open."""
        for operation in self._operations:
            self._do(operation)

    def _do(self, operation) -> None:
        self._shared.operations[operation.__name__] += 1
        try:
            operation()
        except Exception as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            self._shared.errors.append(f"{operation.__name__}: {type(error).__name__} {error} ({last.name})"[:300])

    def upload(self) -> str | None:
        """A film, as a form."""
        content = self._chance.choice(self._films).read_bytes()
        status, file = self._send_form("/v1/files", content)
        if status == 200:
            self._shared.files[file["id"]] = 1
            return file["id"]
        return None

    def watch_upload(self) -> None:
        """An upload, to be watched."""
        file_id = self._any(self._shared.files)
        if file_id is not None:
            self._watch({"file_id": file_id})

    def watch_path(self) -> None:
        """A film of an open folder, to be watched."""
        self._watch({"path": str(self._chance.choice(self._films))})

    def ask(self) -> None:
        """A question whose answer is waited for."""
        if memory_id := self._any(self._shared.memories):
            self._call("POST", f"/v1/memories/{memory_id}/ask", {"question": self._question(), "max_tokens": 16})

    def stream(self) -> None:
        """A question whose answer is read as it comes."""
        self._stream(leave=False)

    def leave_in_the_middle(self) -> None:
        """A question whose answer is not waited for."""
        self._stream(leave=True)

    def leave_an_upload(self) -> None:
        """An upload that ends in its middle."""
        connection = self._served.connect()
        connection.putrequest("POST", "/v1/files")
        connection.putheader("Content-Type", "multipart/form-data; boundary=b")
        connection.putheader("Content-Length", "1000000")
        connection.endheaders(_form_begins() + self._films[0].read_bytes()[:5000])
        connection.close()

    def look(self) -> None:
        """At the list, a memory, its events, its pictures."""
        self._call("GET", "/v1/memories?limit=20")
        if memory_id := self._any(self._shared.memories):
            self._call("GET", f"/v1/memories/{memory_id}")
            self._call("GET", f"/v1/memories/{memory_id}/thumbnails/0.jpg", is_json=False)
            self._call("GET", f"/v1/memories/{memory_id}/video", is_json=False)

    def rename(self) -> None:
        """A memory gets another title."""
        if memory_id := self._any(self._shared.memories):
            self._call("PATCH", f"/v1/memories/{memory_id}", {"title": f"title {self._chance.random()}"})

    def append(self) -> None:
        """Another film behind a memory."""
        if memory_id := self._any(self._shared.memories):
            source = {"path": str(self._chance.choice(self._films))}
            with self._shared.lock:  # as in _watch
                self._promise(*self._call("POST", f"/v1/memories/{memory_id}/append", {"source": source}))

    def take_along(self) -> None:
        """A memory out as a file, and in again."""
        if memory_id := self._any(self._shared.memories):
            status, parcel = self._call("GET", f"/v1/memories/{memory_id}/export", is_json=False)
            if status == 200:
                with self._shared.lock:  # as in _watch
                    self._promise(*self._send_form("/v1/memories/import", parcel))

    def delete_memory(self) -> None:
        """A memory goes, whatever is done with it just now; most often when there are many."""
        if len(self._shared.memories) > self._chance.randrange(MOST_MEMORIES):
            memory_id = self._any(self._shared.memories)
            with self._shared.lock:
                if memory_id is None or memory_id not in self._shared.memories:
                    return
                self._call("DELETE", f"/v1/memories/{memory_id}")
                self._shared.memories.discard(memory_id)

    def delete_file(self) -> None:
        """An upload goes."""
        file_id = self._any(self._shared.files)
        if file_id is not None and self._shared.files.pop(file_id, None):
            self._call("DELETE", f"/v1/files/{file_id}")

    def _watch(self, source: dict[str, str]) -> None:
        if len(self._shared.memories) < MOST_MEMORIES:
            body = {"source": source, "ratio": self._chance.choice(RATIOS)}
            with self._shared.lock:  # or somebody could delete it between the promise and our noting it
                self._promise(*self._call("POST", "/v1/memories", body))

    def _promise(self, status: int, memory) -> None:
        if status in (201, 202):
            self._shared.memories.add(memory["id"])

    def _stream(self, *, leave: bool) -> None:
        memory_id = self._any(self._shared.memories)
        if memory_id is None:
            return
        connection = self._served.connect()
        try:
            body = json.dumps({"question": self._question(), "stream": True, "max_tokens": 64})
            connection.request("POST", f"/v1/memories/{memory_id}/ask", body, {"Content-Type": "application/json"})
            if leave and self._chance.random() < 0.3:
                return
            response = connection.getresponse()
            self._note(response.status, "stream")
            if leave:
                response.readline()
                return
            text = response.read()
            if response.status == 200 and b"event: answer" not in text:
                self._shared.errors.append(f"stream: ended with {text[-200:]!r}")
        finally:
            connection.close()

    def _call(self, method: str, route: str, body=None, *, is_json: bool = True):
        connection = self._served.connect()
        try:
            content = None if body is None else json.dumps(body)
            connection.request(method, route, content, {"Content-Type": "application/json"} if content else {})
            response = connection.getresponse()
            data = response.read()
            self._note(response.status, f"{method} {route.split('/')[-1][:20]}: {data[:200]!r}")
            return response.status, json.loads(data) if is_json or response.status >= 400 else data
        finally:
            connection.close()

    def _send_form(self, route: str, content: bytes):
        connection = self._served.connect()
        try:
            body = _form_begins() + content + b"\r\n--b--\r\n"
            connection.request("POST", route, body, {"Content-Type": "multipart/form-data; boundary=b"})
            response = connection.getresponse()
            data = response.read()
            self._note(response.status, f"{route}: {data[:200]!r}")
            return response.status, json.loads(data)
        finally:
            connection.close()

    def _note(self, status: int, what: str) -> None:
        self._shared.statuses[status] += 1
        if status not in EXPECTED:
            self._shared.errors.append(f"{status} {what}")

    def _any(self, names) -> str | None:
        found = list(names)
        return self._chance.choice(found) if found else None

    def _question(self) -> str:
        return self._chance.choice(QUESTIONS)


def kill_again_and_again(model: str, home: Path, chance: random.Random, stop: threading.Event, shared: Shared) -> None:
    """A second server on the library, which never lives for long."""
    while not stop.is_set():
        try:
            with Served(home, model=model) as second:
                stop.wait(chance.uniform(*KILL_SECONDS))
                if not stop.is_set():
                    second.kill()
                    shared.num_kills += 1
        except Exception as error:
            shared.errors.append(f"the second server: {type(error).__name__} {error}")
            return


def wait_for_queue(served: Served, shared: Shared) -> list[str]:
    """Until nothing is to be watched any more; what is not there, or not ready, though it was promised."""
    until = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < until:
        found = {memory_id: served.request("GET", f"/v1/memories/{memory_id}") for memory_id in shared.memories}
        if not [memory for _, memory in found.values() if memory.get("state") in ("queued", "watching")]:
            break
        time.sleep(1.0)
    return [
        f"{memory_id[:8]}: {status} {memory.get('state', '')} {memory.get('why', '')}"
        for memory_id, (status, memory) in found.items()
        if memory.get("state") != "ready"
    ]


def look_for_strays(served: Served, library: Path) -> dict[str, object]:
    """What lies in the library and belongs to nothing."""
    listed = {memory["id"] for memory in served.request("GET", "/v1/memories?limit=1000")[1]["data"]}
    records = served.request("GET", "/v1/files")[1]["data"]
    with sqlite3.connect(library / "catalogue.sqlite") as catalogue:
        rows = {
            table: catalogue.execute(
                f"SELECT count(*) FROM {table} WHERE entry_id NOT IN (SELECT id FROM entry)"
            ).fetchone()[0]
            for table in ("job", "interval", "question")
        }
        num_jobs = catalogue.execute("SELECT count(*) FROM job").fetchone()[0]
        needed = {Path(path).name for (path,) in catalogue.execute("SELECT source_path FROM entry") if path}
        removed = catalogue.execute("SELECT count(*) FROM entry WHERE removed_at IS NOT NULL").fetchone()[0]
    catalogue.close()
    blobs = {path.name for path in (library / "files").iterdir() if not path.name.startswith((".", "file-"))}
    return {
        "memories": len({path.stem for path in (library / "memories").iterdir()} - listed),
        "thumbnails": len({path.name for path in (library / "thumbnails").iterdir()} - listed),
        "locks": len({path.stem for path in (library / "locks").iterdir()} - listed),
        "incoming": len(list((library / "incoming").iterdir())),
        "trash": len(list((library / "trash").iterdir())),
        "partial_uploads": len(list((library / "files").glob(".partial-*"))),
        "blobs": len(blobs) - len({*needed} & blobs) if not records else 0,
        "rows": rows,
        "jobs": num_jobs,
        "removed_entries": removed,
    }


def last_lines(home: Path) -> dict[str, list[str]]:
    """What each server said last, those that said nothing left out; folders of this machine are not named."""
    names = {str(home): "HOME", sys.prefix: "PYTHON", str(Path(__file__).parents[1]): "VIDEOXL"}
    said = {}
    for path in sorted(home.glob(LOGS)):
        text = path.read_text(errors="replace")
        for folder, name in names.items():
            text = text.replace(folder, name)
        if lines := text.splitlines()[-MOST_LINES:]:
            said[path.name] = lines
    return said


def write_films(folder: Path, seed: int) -> list[Path]:
    """Some short films of coloured blocks."""
    from videoxl.video.writer import FilmWriter

    folder.mkdir()
    generator = np.random.default_rng(seed)
    films = []
    for seconds in FILM_SECONDS:
        path = folder / f"film-{seconds}.mp4"
        with FilmWriter(path, width=96, height=64, fps=4) as writer:
            for _ in range(seconds):
                frame = generator.integers(0, 256, (4, 6, 3), dtype=np.uint8).repeat(16, axis=0).repeat(16, axis=1)
                for _ in range(4):
                    writer.write(frame)
        films.append(path)
    return films


def _form_begins() -> bytes:
    return b'--b\r\nContent-Disposition: form-data; name="file"; filename="film.mp4"\r\n\r\n'


if __name__ == "__main__":
    sys.exit(main())
