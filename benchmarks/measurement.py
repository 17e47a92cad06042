"""Seconds, bytes and where they were measured: what every script of this folder has in common.

Times are only ever compared within one run, in turns (A B A B), by their least and their median: a machine that is
busy for a moment then slows both. CPU seconds count the work of all threads and bear more of such noise.
"""

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import torch

RESULTS = Path(__file__).parent / "results"
KIB = 1024


@dataclass(frozen=True, slots=True)
class Timing:
    """One piece of work: seconds by the clock, and seconds of computing over all threads."""

    wall_seconds: float
    cpu_seconds: float


def timed(work: Callable[[], object]) -> Timing:
    """Do the work once."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return Timing(time.perf_counter() - wall, time.process_time() - cpu)


def in_turns(forms: Mapping[str, Callable[[], object]], *, rounds: int) -> dict[str, list[Timing]]:
    """Time each form once a round, one after the other."""
    timings: dict[str, list[Timing]] = {name: [] for name in forms}
    for number in range(rounds):
        for name, work in forms.items():
            timings[name].append(timed(work))
            progress(f"round {number + 1}/{rounds}  {name}: {timings[name][-1].wall_seconds:.2f} s")
    return timings


def summary(timings: Sequence[Timing], *, per: int = 1) -> dict[str, object]:
    """Least, median and all timings, each divided by `per` (tokens, frames)."""
    wall = [timing.wall_seconds / per for timing in timings]
    cpu = [timing.cpu_seconds / per for timing in timings]
    return {
        "wall_seconds": {"min": min(wall), "median": statistics.median(wall), "all": wall},
        "cpu_seconds": {"min": min(cpu), "median": statistics.median(cpu), "all": cpu},
    }


def ratios(timings: Mapping[str, Sequence[Timing]], *, ours: str = "ours") -> dict[str, dict[str, float]]:
    """How many times longer each other form takes than ours."""
    found = {}
    for name in timings:
        if name != ours:
            found[f"{name} / {ours}"] = {
                f"{kind}_{how.__name__}": how(getattr(timing, f"{kind}_seconds") for timing in timings[name])
                / how(getattr(timing, f"{kind}_seconds") for timing in timings[ours])
                for kind in ("wall", "cpu")
                for how in (min, statistics.median)
            }
    return found


def resident_bytes() -> int:
    """Memory that this process holds now."""
    return _status_bytes("VmRSS:")


def forget_peak() -> bool:
    """Let the peak begin again from what is held now; False where the system does not allow it (only Linux does)."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        progress("this system does not reset peaks: loading the model counts too")
        return False
    return True


def peak_bytes() -> int:
    """The most memory that this process has held since `forget_peak`."""
    if Path("/proc/self/status").exists():
        return _status_bytes("VmHWM:")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else KIB)


def extra_bytes(work: Callable[[], object]) -> int:
    """The most memory that some work holds beyond what was held before it. Once a process: memory is not given back."""
    forget_peak()
    before = resident_bytes()
    work()
    return peak_bytes() - before


def in_own_process(module: str, *options: object) -> dict[str, object]:
    """Run `python -m module options`, and read the JSON object that it prints last."""
    command = [sys.executable, "-m", module, *map(str, options)]
    root = Path(__file__).parent.parent
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=root)
    return json.loads(done.stdout.strip().splitlines()[-1])


def hardware() -> dict[str, object]:
    """Where this was measured; no names of hosts or people."""
    found: dict[str, object] = {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "system": platform.system(),
    }
    if hasattr(os, "getloadavg"):
        found["load_average"] = round(os.getloadavg()[0], 2)
    if torch.cuda.is_available():
        found["gpu"] = torch.cuda.get_device_name()
    return found


def write(name: str, result: Mapping[str, object], *, module: str | None = None) -> Path:
    """Keep a result as JSON, with when, where and by which command (of `module`, if not of `name`) it was measured."""
    folder = RESULTS
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    options = [Path(option).name if os.sep in option else option for option in sys.argv[1:]]
    about = {
        "measured": datetime.now(UTC).strftime("%Y-%m-%d"),
        "command": " ".join(["python", "-m", f"benchmarks.{module or name}", *options]),
        "hardware": hardware(),
    }
    path.write_text(json.dumps(about | dict(result), indent=1) + "\n")
    progress(f"written: {path.parent.name}/{path.name}")
    return path


def progress(line: str) -> None:
    """Say something to the person who waits."""
    print(line, file=sys.stderr, flush=True)


def _status_bytes(field: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * KIB
    raise LookupError(f"/proc/self/status has no {field}")


def _cpu_model() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
