"""From a saved one-hour memory to the first token of an answer, on the CPU.

    python -m benchmarks.open_memory [--model nano] [--minutes 60] [--ratio 8] [--rounds 5]

    fresh     a new process, from its start to the first token: all of the next four
    imports   Python, torch, transformers and videoxl
    load      the model's weights
    open      the memory from disk, every byte checked
    first     the question and the first token, keys rotated on the way
    warm      the same once more in the same process: open, question, first token
    again     a further question on the opened memory, first token

The memory has the rows of an hour at one frame a second, with random numbers in them: neither reading nor attending
depends on what they say. Where the named model is not there, a random small one takes its place and the result says so.
"""

import argparse
import json
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from benchmarks.measurement import Timing, in_own_process, progress, summary, write
from videoxl.compression.layout import Layout
from videoxl.compression.plan import fixed_plan

if TYPE_CHECKING:
    from videoxl.engine import VideoXL
    from videoxl.memory import CompressedMemory

QUESTION = "What appears in the film?"


def main() -> None:
    """Measure, write the result, print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="nano", help="an embedded model's name or a folder (default nano)")
    parser.add_argument("--minutes", type=float, default=60, help="length of the video at 1 fps (default 60)")
    parser.add_argument("--ratio", type=int, default=8, help="visual tokens a row (default 8)")
    parser.add_argument("--rounds", type=int, default=5, help="processes (default 5)")
    parser.add_argument("--ask", nargs=2, metavar=("MODEL", "MEMORY"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.ask:
        print(json.dumps(ask(*options.ask)))
        return
    with tempfile.TemporaryDirectory() as folder:
        model = _model(options.model, Path(folder))
        path = Path(folder) / "hour.vxl"
        about = save_hour(model, path, num_frames=round(60 * options.minutes), ratio=options.ratio)
        runs = [_run(number, model, path) for number in range(options.rounds)]
    stages = {stage: [Timing(run[stage], run[stage]) for run in runs] for stage in runs[0]}
    result = {
        "model": options.model if model == options.model else "small random",
        "minutes": options.minutes,
        "ratio": options.ratio,
        **about,
        "stages": {stage: summary(timings)["wall_seconds"] for stage, timings in stages.items()},
    }
    write("open_memory", result)
    print(table(result))


def save_hour(model: str, path: Path, *, num_frames: int, ratio: int) -> dict[str, int]:
    """Save a memory with the rows that so many frames leave; says how many and how large."""
    import videoxl

    memory = random_hour(videoxl.load(model, device="cpu"), num_frames=num_frames, ratio=ratio)
    memory.save(path)
    return {"rows": memory.num_rows, "row_bytes": memory.nbytes}


def random_hour(vxl: "VideoXL", *, num_frames: int, ratio: int) -> "CompressedMemory":
    """A memory as watching so many frames would leave it, with random numbers in the rows of video."""
    from videoxl.memory import CompressedMemory, MemoryAbout, MemorySource
    from videoxl.memory.segment import Segment

    config = vxl.model.config
    text = config.text_config
    source = MemorySource(name="random.mp4", duration_seconds=float(num_frames))
    about = MemoryAbout(model_name=vxl.name, model_fingerprint=vxl.fingerprint, sources=(source,))
    memory = CompressedMemory(about)
    cache = vxl.model.cache(memory)
    vxl.model.remember_text(cache, torch.tensor([vxl.processor.before_video()]))
    width = memory.keys.shape[-1]
    generator = torch.Generator().manual_seed(0)
    for interval in fixed_plan(num_frames, ratio=ratio, interval_frames=config.interval_frames):
        num_rows = Layout(interval.num_frames * config.tokens_per_frame, ratio, config.layout_rule).num_rows_kept
        segment = Segment(
            kind="interval", num_rows=num_rows, first_frame=interval.start, num_frames=interval.num_frames,
            start_seconds=float(interval.start), stop_seconds=float(interval.stop), ratio=ratio,
        )  # fmt: skip
        shape = (text.num_hidden_layers, text.num_key_value_heads, num_rows, width)
        memory.append(segment, *(torch.randn(shape, generator=generator) for _ in range(2)))
    return memory


def ask(model: str, memory_path: str) -> dict[str, float]:
    """What one process of a person does, with the clock before and after each step."""
    import videoxl
    import videoxl.engine

    clock = {"imported": time.time()}
    vxl = videoxl.load(model, device="cpu")
    clock["loaded"] = time.time()
    memory = videoxl.open(memory_path)
    clock["opened"] = time.time()
    vxl.ask(memory, QUESTION, max_new_tokens=1)
    clock["answered"] = time.time()
    vxl.ask(videoxl.open(memory_path), QUESTION, max_new_tokens=1)
    clock["answered warm"] = time.time()
    vxl.ask(memory, "When does it appear?", max_new_tokens=1)
    clock["answered again"] = time.time()
    return clock


def table(result: dict) -> str:
    """The result for a person."""
    lines = [f"{result['model']}: {result['rows']} rows, {result['row_bytes'] / 1e6:.0f} MB"]
    lines += [f"{stage:<9}{seconds['min']:>7.2f} s, median {seconds['median']:.2f} s"
              for stage, seconds in result["stages"].items()]  # fmt: skip
    return "\n".join(lines)


def _run(number: int, model: str, path: Path) -> dict[str, float]:
    began = time.time()
    clock = in_own_process("benchmarks.open_memory", "--ask", model, path)
    marks = [began, *clock.values()]
    stages = dict(zip(("imports", "load", "open", "first", "warm", "again"), _differences(marks), strict=True))
    run = {"fresh": clock["answered"] - began, **stages}
    progress(f"process {number + 1}: " + ", ".join(f"{stage} {seconds:.2f} s" for stage, seconds in run.items()))
    return run


def _differences(marks: list[float]) -> list[float]:
    return [after - before for before, after in pairwise(marks)]


def _model(name: str, folder: Path) -> str:
    from videoxl.engine.loading import model_path

    if Path(model_path(name)).exists():
        return name
    from benchmarks.small_model import save_small_model

    progress(f"the model {name!r} is not here; a random small one takes its place")
    return str(save_small_model(folder / "small"))


if __name__ == "__main__":
    main()
