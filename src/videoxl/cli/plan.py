"""`videoxl plan`: what watching will keep and need, from a config.json and arithmetic alone."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from videoxl.cli import options as opt
from videoxl.cli.console import note, print_json, print_pairs, print_table
from videoxl.cli.duration import seconds_of
from videoxl.cli.failure import naming
from videoxl.cli.loading import quieten
from videoxl.cli.sources import open_source
from videoxl.errors import CapacityError

if TYPE_CHECKING:
    from videoxl.cli.planning import Plan


def plan(
    source: Annotated[str, typer.Argument(metavar="VIDEO", help="A video, or a duration: 3600s, 90m, 1h30m, 1:30:00.")],
    fps: opt.Fps = None,
    num_frames: opt.NumFrames = None,
    start: opt.Start = None,
    end: opt.End = None,
    max_frames: opt.MaxFrames = None,
    ratio: opt.Ratio = None,
    interval_frames: opt.IntervalFrames = None,
    device_memory: Annotated[
        str | None,
        typer.Option("--device-memory", metavar="SIZE", help="24GiB, 80GB; default: what is free on this machine."),
    ] = None,
    dtype: Annotated[
        str | None,
        typer.Option(
            "--dtype", metavar="NAME", help="float32, bfloat16 or float16; default: bfloat16, without a GPU float32."
        ),
    ] = None,
    model: opt.Model = opt.DEFAULT_MODEL,
    json: opt.Json = False,
) -> None:
    """Say what watching will keep and need, and what fits.

    Rows, bytes, peak memory by term, and the smallest ratio whose peak fits; exit 1 where none fits. Of the model only
    config.json is read, official or ours; where a duration is given, no video is read either.
    """
    from videoxl.cli.planning import make_plan
    from videoxl.cli.watching import WatchOptions
    from videoxl.compression.size import ByteSize

    options = WatchOptions(
        fps=fps, num_frames=num_frames, start=start, end=end, max_frames=max_frames, ratio=ratio,
        interval_frames=interval_frames,
    )  # fmt: skip
    device_bytes = None if device_memory is None else ByteSize.parse(device_memory)
    with naming(source):
        duration_seconds = _duration_seconds(source)
        quieten()
        made = make_plan(duration_seconds, options, model=model, dtype=dtype, device_bytes=device_bytes)
        print_json(_as_json(source, made)) if json else _print(source, made)
        if made.ratio is None or not made.fits(made.ratio):
            raise _too_small(made)


def _duration_seconds(source: str) -> float:
    """How long a video is: the word of the file, or of a person where there is no such file."""

    said = None if Path(source).exists() else seconds_of(source)
    return open_source(Path(source)).info.duration_seconds if said is None else said


def _print(source: str, made: "Plan") -> None:
    from videoxl.compression.size import ByteSize
    from videoxl.video.clock import clock

    print(
        f"{source}: {clock(made.duration_seconds)}, {made.num_frames:,} frames of {made.tokens_per_frame} visual tokens"
    )
    if made.num_requested > made.num_frames:
        note(f"--max-frames leaves out {made.num_requested - made.num_frames} of {made.num_requested} frames.")
    room = None if made.device_bytes is None else ByteSize(made.device_bytes)
    rows = [
        (f"{ratio}", f"{needed.num_visual_tokens:,}", f"{needed.num_rows:,}", f"{ByteSize(needed.memory_bytes)}",
         f"{ByteSize(needed.peak_bytes)}", "?" if room is None else "yes" if made.fits(ratio) else "no")
        for ratio, needed in made.budgets.items()
    ]  # fmt: skip
    print_table(("ratio", "visual tokens", "rows", "memory", "peak", f"fits {room or 'the device'}"), rows)
    if made.ratio is None:
        return
    needed = made.budgets[made.ratio]
    print(f"ratio {made.ratio} in {made.dtype}, intervals of {made.interval_frames} frames:")
    terms = {
        "weights": needed.weights_bytes,
        "rows in use": needed.working_bytes,
        "frames that wait": needed.waiting_bytes,
        "an interval's step": needed.step_bytes,
        "or frames' vision": needed.vision_bytes,
        "peak": needed.peak_bytes,
    }
    print_pairs([(name, str(ByteSize(num_bytes))) for name, num_bytes in terms.items()], indent=2)
    if needed.num_positions > made.max_positions:
        note(
            f"ratio {made.ratio} takes {needed.num_positions:,} positions and the model was trained on "
            f"{made.max_positions:,}; answers may suffer. A higher --ratio or a lower --fps takes fewer."
        )


def _too_small(made: "Plan") -> CapacityError:
    from videoxl.compression.size import ByteSize

    ratio = made.ratio or max(made.budgets)
    peak, room = ByteSize(made.budgets[ratio].peak_bytes), ByteSize(made.device_bytes or 0)
    return CapacityError(
        f"{made.num_frames} frames need {peak} at ratio {ratio} and the device has {room}. "
        "Take fewer frames, a higher ratio if one is offered, or a larger device."
    )


def _as_json(source: str, made: "Plan") -> dict[str, Any]:
    document = {"source": source, **asdict(made)}
    document["budgets"] = [
        {
            "ratio": ratio,
            "fits": made.fits(ratio),
            **asdict(needed),
            "activation_bytes": needed.activation_bytes,
            "peak_bytes": needed.peak_bytes,
        }
        for ratio, needed in made.budgets.items()
    ]
    return document
