"""What it costs to decode a stranger's video behind a wall: opening it and reading it, against doing so directly.

python -m benchmarks.isolated_decode [--rounds 7] [--seconds 40]

The same code decodes in both forms; behind the wall it runs in a limited process of its own, once for looking at the
file and once for each reading, and pixels come through a pipe. Computing is counted in both processes; on a busy
machine it is the number to trust.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import videoxl
from benchmarks.measurement import Timing, progress, summary, write
from videoxl.video.file_source import FileSource
from videoxl.video.isolated import IsolatedSource
from videoxl.video.source import VideoSource
from videoxl.video.writer import FilmWriter

SMALL = Path(videoxl.__file__).parent / "synth" / "assets" / "demo.mp4"
LARGE_SIZE = (1920, 1080)
LARGE_FPS = 5
BLOCK = 8  # pixels of one colour: neither flat nor noise
MODEL_SIDE = 448  # about what a model looks at


def main() -> None:
    """Measure, write the result, print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7, help="turns of each form (default 7)")
    parser.add_argument("--seconds", type=int, default=40, help="length of the 1080p film (default 40)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        large = write_large(Path(folder) / "large.mp4", num_seconds=options.seconds)
        result = {
            "films": {
                name: measure(path, max_side=max_side, rounds=options.rounds)
                for name, path, max_side in (
                    ("320x180, as it is", SMALL, None),
                    ("1080p, scaled to 448", large, MODEL_SIDE),
                    ("1080p, as it is", large, None),
                )
            }
        }
    write("isolated_decode", result)
    print(table(result))


def measure(path: Path, *, max_side: int | None, rounds: int) -> dict[str, object]:
    """Opening a film, and reading a frame of each of its seconds, in both forms."""
    direct = FileSource(path)
    with IsolatedSource(path) as isolated:
        num_frames = int(direct.info.duration_seconds)
        timings = in_turns(
            {
                "open direct": lambda: FileSource(path),
                "open isolated": lambda: IsolatedSource(path).close(),
                "read direct": reading(direct, num_frames, max_side),
                "read isolated": reading(isolated, num_frames, max_side),
            },
            rounds=rounds,
        )
        is_same = pixels(direct, num_frames, max_side) == pixels(isolated, num_frames, max_side)
        held = isolated.held
    return {
        "frames": num_frames,
        "same_frames": is_same,
        "held": held,
        "forms": {name: summary(each) for name, each in timings.items()},
        "extra_cpu_seconds": {
            what: least(timings[f"{what} isolated"]) - least(timings[f"{what} direct"]) for what in ("open", "read")
        },
    }


def reading(source: VideoSource, num_frames: int, max_side: int | None) -> Callable[[], int]:
    """One frame a second, all of them."""
    return lambda: sum(batch.num_frames for batch in source.read(range(num_frames), max_side=max_side))


def pixels(source: VideoSource, num_frames: int, max_side: int | None) -> list[bytes]:
    """What is read, to be compared."""
    return [batch.frames_FCHW.tobytes() for batch in source.read(range(num_frames), max_side=max_side)]


def in_turns(forms: dict[str, Callable[[], object]], *, rounds: int) -> dict[str, list[Timing]]:
    """Time each form once a round, one after the other, with the computing of the processes that it starts."""
    timings: dict[str, list[Timing]] = {name: [] for name in forms}
    for number in range(rounds):
        for name, work in forms.items():
            wall, cpu = time.perf_counter(), computing()
            work()
            timings[name].append(Timing(time.perf_counter() - wall, computing() - cpu))
            progress(f"round {number + 1}/{rounds}  {name}: {timings[name][-1].cpu_seconds:.2f} s of computing")
    return timings


def computing() -> float:
    """Seconds that this process and its buried children have computed."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def least(timings: list[Timing]) -> float:
    """Computing of the turn that was least disturbed."""
    return min(timing.cpu_seconds for timing in timings)


def write_large(path: Path, *, num_seconds: int) -> Path:
    """A film of coloured blocks that drift."""
    width, height = LARGE_SIZE
    small = np.random.default_rng(0).integers(0, 256, (height // BLOCK, width // BLOCK, 3), np.uint8)
    picture = small.repeat(BLOCK, axis=0).repeat(BLOCK, axis=1)
    with FilmWriter(path, width=width, height=height, fps=LARGE_FPS) as film:
        for number in range(num_seconds * LARGE_FPS):
            film.write(np.roll(picture, number * 3, axis=1))
    return path


def table(result: dict) -> str:
    """The result for a person: seconds of computing, and by the clock."""
    lines = [f"{'film':<24}{'':>6}{'CPU s':>8}{'isolated':>10}{'wall s':>9}{'isolated':>10}"]
    for name, film in result["films"].items():
        for what in ("open", "read"):
            forms = [film["forms"][f"{what} {how}"] for how in ("direct", "isolated")]
            (cpu, cpu_isolated), (wall, wall_isolated) = (
                [form[f"{kind}_seconds"]["min"] for form in forms] for kind in ("cpu", "wall")
            )
            lines.append(f"{name:<24}{what:>6}{cpu:>8.2f}{cpu_isolated:>10.2f}{wall:>9.2f}{wall_isolated:>10.2f}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
