"""`videoxl ask`: answers on a memory, or on a video that is watched first and remembered for the next time."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from videoxl.cli import options as opt
from videoxl.cli.answering import AnswerPrinter
from videoxl.cli.console import complain, note, print_json
from videoxl.cli.failure import INTERRUPTED, naming
from videoxl.cli.home import memory_path
from videoxl.cli.loading import load_vxl, say_limits
from videoxl.cli.sources import inspect_memory, is_memory
from videoxl.errors import MemoryFormatError, UsageError

if TYPE_CHECKING:
    from videoxl.cli.watching import WatchOptions
    from videoxl.engine import VideoXL
    from videoxl.memory import CompressedMemory


def ask(
    source: Annotated[
        Path, typer.Argument(metavar="VIDEO_OR_VXL", help="A video, a picture, a folder of pictures, or a memory.")
    ],
    questions: Annotated[list[str], typer.Argument(metavar="QUESTION...", help="One question or several.")],
    fps: opt.Fps = None,
    num_frames: opt.NumFrames = None,
    start: opt.Start = None,
    end: opt.End = None,
    max_frames: opt.MaxFrames = None,
    ratio: opt.Ratio = None,
    planner: opt.PlannerChoice = "fixed",
    interval_frames: opt.IntervalFrames = None,
    no_keep: Annotated[bool, typer.Option("--no-keep", help="Do not keep the memory of a video.")] = False,
    partial: opt.Partial = False,
    max_new_tokens: opt.MaxNewTokens = opt.DEFAULT_NEW_TOKENS,
    temperature: opt.Temperature = 0.0,
    seed: opt.Seed = 0,
    model: opt.Model = opt.DEFAULT_MODEL,
    device: opt.Device = None,
    json: opt.Json = False,
) -> None:
    """Answer questions, with the moments they rest on.

    A video is watched once: its memory is kept under $VIDEOXL_HOME, and the next question about the same video with
    the same settings and model is answered at once.
    """
    from videoxl.cli.watching import WatchOptions

    watch = WatchOptions(
        fps=fps, num_frames=num_frames, start=start, end=end, max_frames=max_frames, ratio=ratio, planner=planner,
        interval_frames=interval_frames,
    )  # fmt: skip
    with naming(source):
        path: Path | None = source
        if is_memory(source):
            vxl, memory = open_memory(source, watch, model=model, device=device, partial=partial)
        else:
            vxl, memory, path = watched_memory(source, watch, model=model, device=device, is_kept=not no_keep)
        say_limits(vxl, [video.sha256 for video in memory.about.sources])
        printer = AnswerPrinter(vxl, memory, is_json=json, has_several=len(questions) > 1)
        answers = [
            printer.ask(vxl.chat(memory), question, max_new_tokens=max_new_tokens, temperature=temperature, seed=seed)
            for question in questions
        ]
    if json:
        kept = None if path is None else str(path)
        print_json({"memory": kept, "model": vxl.name, "answers": [answer.to_json() for answer in answers]})


def open_memory(
    path: Path, watch: "WatchOptions", *, model: str, device: str | None, partial: bool
) -> "tuple[VideoXL, CompressedMemory]":
    """A memory from its folder; what was decided when it was made cannot be decided again."""
    if watch != type(watch)():
        raise UsageError(
            f"{path} is a memory already, and options of watching (--fps, --ratio, --start, ...) have no effect on it. "
            "Leave them out, or give the video."
        )
    inspect_memory(path, partial=partial)
    vxl = load_vxl(model, device)
    return vxl, vxl.open(path)


def watched_memory(
    source: Path, watch: "WatchOptions", *, model: str, device: str | None, is_kept: bool
) -> "tuple[VideoXL, CompressedMemory, Path | None]":
    """The memory of a video: kept from another time, gone on with, or made now; and where it is kept."""
    from videoxl.cli.watching import watch_with_progress
    from videoxl.memory import inspect
    from videoxl.video import open_video, source_fingerprint

    info = open_video(source).info
    vxl = load_vxl(model, device)
    if not is_kept:
        return vxl, watch_with_progress(vxl, source, watch).memory, None
    config = vxl.watch_config(watch.sample(), **watch.density())
    path = memory_path(
        info.name,
        source_sha256=source_fingerprint(source),
        settings=config.to_json(),
        model_fingerprint=vxl.fingerprint,
    )
    overwrite = False
    try:
        if is_memory(path) and path.exists() and inspect(path).manifest.is_complete:
            memory = vxl.open(path)
            note(f"{source.name} was watched before; its memory is {path}")
            return vxl, memory, path
    except MemoryFormatError as error:
        note(f"the kept memory is made anew: {error}")
        overwrite = True
    try:
        watched = watch_with_progress(vxl, source, watch, out=path, overwrite=overwrite)
    except KeyboardInterrupt:
        complain(f"stopped while watching {source.name}; what was watched is kept, the same command goes on with it.")
        raise typer.Exit(INTERRUPTED) from None
    note(f"{source.name}: watched in {watched.seconds:.1f} s; its memory is kept in {path}")
    return vxl, watched.memory, path
