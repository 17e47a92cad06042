"""Peak memory of watching a short and a long film on the CPU: it may grow by the kept rows, and by nothing else.

    python -m benchmarks.memory_growth [--frames 1000 10000]

A film is decoded, seen and condensed as `videoxl watch` does it, each length in a process of its own. The short film
is the beginning of the long one. Rows count as they are used: keys and values at rest, and the rotated keys.
"""

import argparse
import json
import tempfile
from pathlib import Path

from benchmarks.measurement import extra_bytes, in_own_process, progress, timed, write
from benchmarks.small_model import save_small_model, write_film

RATIO = 8
WARM_FRAMES = 64


def main() -> None:
    """Measure, write the result, print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, nargs=2, default=(1000, 10_000), help="frames of the two films")
    parser.add_argument("--watch", type=Path, nargs=2, metavar=("MODEL", "FILM"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.watch:
        print(json.dumps(watch(*options.watch, options.frames[0])))
        return
    few, many = options.frames
    with tempfile.TemporaryDirectory() as folder:
        model = save_small_model(Path(folder) / "model")
        progress(f"writing a film of {many} frames")
        film = write_film(Path(folder) / "film.mp4", num_frames=many)
        runs = []
        for frames in (few, many):
            run = in_own_process("benchmarks.memory_growth", "--watch", model, film, "--frames", frames, frames)
            progress(
                f"{frames} frames: {run['extra_bytes'] / 1e6:.1f} MB, of which rows {run['row_bytes'] / 1e6:.1f} MB"
            )
            runs.append(run)
    beside = [run["extra_bytes"] - run["row_bytes"] for run in runs]
    growth = beside[1] / beside[0] - 1
    whole = [run["model_bytes"] + bytes_beside for run, bytes_beside in zip(runs, beside, strict=True)]
    result = {
        "ratio": RATIO,
        "runs": runs,
        "beside_rows_bytes": beside,
        "growth": whole[1] / whole[0] - 1,
        "growth_above_loaded_model": growth,
    }
    write("memory_growth", result)
    print(table(result))


def watch(model: Path, film: Path, num_frames: int) -> dict[str, object]:
    """Watch the first frames of a film, and say what that held at its peak."""
    import videoxl
    from benchmarks.measurement import resident_bytes

    vxl = videoxl.load(model, device="cpu")
    # Libraries that load on first use, thread pools and the allocator's first arenas are no growth.
    vxl.watch(film, ratio=RATIO, max_frames=WARM_FRAMES, end_seconds=WARM_FRAMES)
    held = resident_bytes()
    kept = []
    timing = None

    def work() -> None:
        nonlocal timing
        timing = timed(lambda: kept.append(vxl.watch(film, ratio=RATIO, end_seconds=num_frames)))

    extra = extra_bytes(work)
    memory = kept[0]
    return {
        "frames": memory.num_frames,
        "rows": memory.num_rows,
        "row_bytes": memory.nbytes + memory.nbytes // 2,
        "model_bytes": held,
        "extra_bytes": extra,
        "wall_seconds": timing.wall_seconds,
    }


def table(result: dict) -> str:
    """The result for a person."""
    lines = [f"{'frames':>8}{'rows':>8}{'rows MB':>9}{'beside rows MB':>16}{'seconds':>9}"]
    for run, beside in zip(result["runs"], result["beside_rows_bytes"], strict=True):
        rows_mb = run["row_bytes"] / 1e6
        lines.append(
            f"{run['frames']:>8}{run['rows']:>8}{rows_mb:>9.1f}{beside / 1e6:>16.1f}{run['wall_seconds']:>9.1f}"
        )
    lines.append(
        f"growth of the process beside its rows: {100 * result['growth']:+.1f} % "
        f"({100 * result['growth_above_loaded_model']:+.1f} % of what is above the loaded model)"
    )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
