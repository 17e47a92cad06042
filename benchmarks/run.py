"""All measurements of this folder, one after the other; each writes benchmarks/results/NAME.json and prints its table.

    python -m benchmarks.run [NAME ...]         or: make bench

A measurement is worth something on a machine that does nothing else. Those of a GPU run where there is one. Those of
the server run in a short form, with results of their own (`serve_load_short`, `serve_soak_short`): they tell whether
something broke, and the numbers of the docs come from the long forms.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

MEASUREMENTS: dict[str, tuple[str, ...]] = {
    "prefill": (),
    "decode": (),
    "answer_batch": (),
    "memory_growth": (),
    "open_memory": (),
    "training_memory": (),
    "isolated_decode": (),
    "serve_load": ("--seconds", "20", "--out", "serve_load_short"),
    "serve_soak": ("--minutes", "2", "--clients", "4", "--out", "serve_soak_short"),
}
GPU_MEASUREMENTS: dict[str, tuple[str, ...]] = {
    "gpu_prefill": ("--frames", "2048"),
}
BY_THEMSELVES = {
    "library_search": "of nano, not of this machine: many films are watched first",
    "nano_grid": "of nano, hours long: `make eval`",
    "recipes": "of nano, not of this machine: many films are watched first",
    "training_plan": "arithmetic, the same on every machine",
}
"""Scripts that are not run here, and why."""
ROOT = Path(__file__).parent.parent
MOST_THREADS = 2  # as the released code was timed; more would favour neither side equally


def main() -> int:
    """Run what was named, or everything that this machine can."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    known = [*MEASUREMENTS, *GPU_MEASUREMENTS]
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of: {', '.join(known)} (default all)")
    names = parser.parse_args().names or [*MEASUREMENTS, *(GPU_MEASUREMENTS if _has_gpu() else ())]
    unknown = [name for name in names if name not in known]
    if unknown:
        parser.error(f"there is no measurement {unknown[0]!r}; there are {', '.join(known)}")
    failed = [name for name in names if not _succeeds(name)]
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _succeeds(name: str) -> bool:
    print(f"\n== {name}", flush=True)
    options = (MEASUREMENTS | GPU_MEASUREMENTS)[name]
    threads = str(min(MOST_THREADS, os.cpu_count() or 1))
    environment = {"OMP_NUM_THREADS": threads, "TRANSFORMERS_VERBOSITY": "error"} | os.environ
    command = [sys.executable, "-m", f"benchmarks.{name}", *options]
    return subprocess.run(command, cwd=ROOT, env=environment).returncode == 0


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


if __name__ == "__main__":
    sys.exit(main())
