"""A server under load on the loopback: many clients on one watched hour, and one client while an hour is being watched.

    python -m benchmarks.serve_load [--clients 32] [--seconds 120] [--minutes 60] [--model nano]

    page        from `videoxl serve` to the page, and to the model being loaded
    alone       one client: seconds to the first token, question after question
    together    all clients, question after question: errors, first tokens (p50, p95), answers a second, memory
    watching    one client on the ready hour while another hour is being watched, against `alone`

The ready memory has the rows of an hour at one frame a second, with random numbers in them: neither reading nor
attending depends on what they say. The hour that is watched is a film of noise that is written first.
"""

import argparse
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.measurement import progress, write
from benchmarks.open_memory import save_hour
from benchmarks.served import Asked, Served, ask
from videoxl.library import Library

QUESTIONS = (
    "Can you see a picture of a kite?",
    "What was inserted?",
    "When does the film have a plunger?",
    "What comes first?",
)
RATIO = 16
NUM_TOKENS = 16
ALONE_SECONDS = 20.0
WARM_UP_SECONDS = 15.0
SAMPLE_SECONDS = 0.5
PARTS = ("alone", "together", "again", "watching")
MOST_OF_ALONE = {"together": 5.0, "watching": 3.0}
MOST_GROWTH = 0.05
FILM_SIZE = 160, 120


def main() -> int:
    """Measure, write the result, print it; 1 where a question failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=32, help="at once (default 32)")
    parser.add_argument("--seconds", type=float, default=120, help="of load (default 120)")
    parser.add_argument("--minutes", type=float, default=60, help="length of both videos at 1 fps (default 60)")
    parser.add_argument("--model", default="nano", help="an embedded model's name or a folder (default nano)")
    parser.add_argument("--out", default="serve_load", help="name of the result (default serve_load)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = measure(options.model, Path(folder), options.clients, options.seconds, options.minutes)
    about = {"model": options.model, "clients": options.clients, "minutes": options.minutes, "ratio": RATIO}
    write(options.out, {**about, "tokens": NUM_TOKENS, **result}, module="serve_load")
    print(table(result))
    return 1 if any(result[part]["num_errors"] for part in PARTS) else 0


def measure(model: str, home: Path, num_clients: int, seconds: float, minutes: float) -> dict[str, object]:
    """All of it, on a server of its own."""
    num_frames = round(60 * minutes)
    memory = save_hour(model, home / "hour.vxl", num_frames=num_frames, ratio=RATIO)
    library = Library(home / "library")
    memory_id = library.adopt(home / "hour.vxl").id
    library.close()
    film = write_film(home / "film.mp4", num_frames)
    with Served(home, "--allow-folder", str(home), model=model) as served:
        run(served, memory_id, num_clients, WARM_UP_SECONDS)
        progress("warm; one client alone")
        alone = run(served, memory_id, 1, ALONE_SECONDS)
        progress(f"{num_clients} clients together")
        growth = _Growth(served)
        together = run(served, memory_id, num_clients, seconds, growth=growth)
        progress("one client again, then while an hour is being watched")
        again = run(served, memory_id, 1, ALONE_SECONDS)
        status, made = served.request("POST", "/v1/memories", {"source": {"path": str(film)}, "ratio": RATIO})
        assert status == 202, made
        watched_before = _frames_after_start(served, made["id"])
        watching = run(served, memory_id, 1, max(ALONE_SECONDS, seconds / 4))
        watched = _progress(served, made["id"])["frames"] - watched_before
        found = {
            "alone": _summary(alone),
            "together": _summary(together),
            "again": _summary(again),
            "watching": _summary(watching),
        }
        return {
            "memory": memory,
            "page_seconds": served.page_seconds,
            "ready_seconds": served.ready_seconds,
            **found,
            "together_p95_over_alone": found["together"]["first_p95"] / found["alone"]["first_p50"],
            "watching_p50_over_alone": found["watching"]["first_p50"] / found["again"]["first_p50"],
            "watching_frames_per_second": watched / max(ALONE_SECONDS, seconds / 4),
            "resident_bytes": growth.samples,
            "resident_growth": growth.share,
        }


class _Growth:
    """The server's memory while it is under load."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self.samples: list[int] = []

    def sample(self) -> None:
        self.samples.append(self._served.resident_bytes())

    @property
    def share(self) -> float:
        """How much more the last tenth held than the second; the first belongs to the warm-up of more clients."""
        tenth = max(1, len(self.samples) // 10)
        return statistics.median(self.samples[-tenth:]) / statistics.median(self.samples[tenth : 2 * tenth]) - 1


def run(
    served: Served, memory_id: str, num_clients: int, seconds: float, *, growth: _Growth | None = None
) -> list[Asked]:
    """What all clients saw who asked one question after another for so long."""
    until = time.perf_counter() + seconds
    asked: list[Asked] = []

    def work(number: int) -> None:
        connection = served.connect()
        turn = number
        while time.perf_counter() < until:
            asked.append(ask(connection, memory_id, QUESTIONS[turn % len(QUESTIONS)], num_tokens=NUM_TOKENS))
            turn += 1
        connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(num_clients)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        if growth is not None and time.perf_counter() < until:
            growth.sample()
        time.sleep(SAMPLE_SECONDS)
    return asked


def write_film(path: Path, num_frames: int) -> Path:
    """A film of one frame a second, each of another pattern, so that nothing of it is cheap to watch."""
    from videoxl.video.writer import FilmWriter

    width, height = FILM_SIZE
    generator = np.random.default_rng(0)
    with FilmWriter(path, width=width, height=height, fps=1) as writer:
        for _ in range(num_frames):
            blocks = generator.integers(0, 256, (height // 20, width // 20, 3), dtype=np.uint8)
            writer.write(blocks.repeat(20, axis=0).repeat(20, axis=1))
    return path


def _summary(asked: Sequence[Asked]) -> dict[str, object]:
    good = [each for each in asked if each.error is None]
    first = sorted(each.first_seconds for each in good)
    return {
        "questions": len(asked),
        "errors": sorted({each.error for each in asked if each.error is not None}),
        "num_errors": len(asked) - len(good),
        "first_p50": statistics.median(first),
        "first_p95": first[min(len(first) - 1, int(0.95 * len(first)))],
        "first_max": first[-1],
        "total_p50": statistics.median(each.total_seconds for each in good),
    }


def _progress(served: Served, memory_id: str) -> dict:
    memory = served.request("GET", f"/v1/memories/{memory_id}")[1]
    assert memory["state"] in ("queued", "watching"), f"the hour is {memory['state']} already: give more --minutes"
    return memory["progress"]


def _frames_after_start(served: Served, memory_id: str) -> int:
    while not (frames := _progress(served, memory_id)["frames"]):
        time.sleep(0.2)
    return frames


def table(result: dict) -> str:
    """The result for people."""
    lines = [f"{'':<10} {'questions':>9} {'errors':>6} {'p50':>8} {'p95':>8} {'whole':>8}"]
    for name in PARTS:
        row = result[name]
        lines.append(
            f"{name:<10} {row['questions']:>9} {row['num_errors']:>6} {row['first_p50']:>7.3f}s "
            f"{row['first_p95']:>7.3f}s {row['total_p50']:>7.3f}s"
        )
    lines += [
        f"together, p95 over alone: {result['together_p95_over_alone']:.1f} (at most {MOST_OF_ALONE['together']:g})",
        f"watching, p50 over alone: {result['watching_p50_over_alone']:.1f} (at most {MOST_OF_ALONE['watching']:g}), "
        f"at {result['watching_frames_per_second']:.1f} frames/s",
        f"memory grew by {100 * result['resident_growth']:.1f} % (at most {100 * MOST_GROWTH:g} %)",
        f"page after {result['page_seconds']:.1f} s, model after {result['ready_seconds']:.1f} s",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
