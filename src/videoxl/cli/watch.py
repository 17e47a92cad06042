"""`videoxl watch`: a memory from a video, in a folder of its own."""

import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from videoxl.cli import options as opt
from videoxl.cli.console import complain, note, print_json, print_pairs
from videoxl.cli.failure import INTERRUPTED, naming
from videoxl.cli.loading import load_vxl
from videoxl.cli.sources import inspect_memory, open_source
from videoxl.errors import UsageError

if TYPE_CHECKING:
    from videoxl.cli.watching import Watched, WatchOptions
    from videoxl.engine import VideoXL


def watch(
    source: Annotated[Path, typer.Argument(metavar="VIDEO", help="A video, a picture, or a folder of pictures.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILM.vxl", help="The memory; default: kept in the library.")
    ] = None,
    fps: opt.Fps = None,
    num_frames: opt.NumFrames = None,
    start: opt.Start = None,
    end: opt.End = None,
    max_frames: opt.MaxFrames = None,
    ratio: opt.Ratio = None,
    planner: opt.PlannerChoice = "fixed",
    interval_frames: opt.IntervalFrames = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a memory that holds something else.")] = False,
    append: Annotated[bool, typer.Option("--append", help="Add the video to the memory that is there.")] = False,
    model: opt.Model = opt.DEFAULT_MODEL,
    device: opt.Device = None,
    json: opt.Json = False,
) -> None:
    """Watch a video into a memory.

    Rows are saved while they are made: after Ctrl-C or a crash the same command goes on where it stopped, and ends
    with the same bytes as if nothing had happened. With --append the memory that is there stays whole until all of
    the video was watched. Without --out the memory goes to the library.
    """
    from videoxl.cli.watching import WatchOptions

    options = WatchOptions(
        fps=fps, num_frames=num_frames, start=start, end=end, max_frames=max_frames, ratio=ratio, planner=planner,
        interval_frames=interval_frames,
    )  # fmt: skip
    if append and overwrite:
        raise UsageError("got --append and --overwrite together: choose one.")
    if out is None and (append or overwrite):
        raise UsageError(f"--{'append' if append else 'overwrite'} changes a memory: say which one with --out.")
    with naming(source):
        open_source(source)  # what is no video is refused before a model is loaded
        if append and out is not None:
            inspect_memory(out, partial=False)
        vxl = load_vxl(model, device)
        if out is None:
            path, watched = _keep(vxl, source, options)
        elif append:
            path, watched = out, _append(vxl, source, out, options)
        else:
            path, watched = out, _watch(vxl, source, out, options, overwrite)
    if not watched.num_frames_watched:
        note(f"{path} was complete already.")
    _print(path, watched, is_json=json)


def _watch(vxl: "VideoXL", source: Path, path: Path, options: "WatchOptions", overwrite: bool) -> "Watched":
    from videoxl.cli.watching import watch_with_progress, where_stopped

    try:
        return watch_with_progress(vxl, source, options, out=path, overwrite=overwrite)
    except KeyboardInterrupt:
        complain(f"stopped {where_stopped(path)}. Go on with: {_same_command(path)}")
        raise typer.Exit(INTERRUPTED) from None


def _keep(vxl: "VideoXL", source: Path, options: "WatchOptions") -> "tuple[Path, Watched]":
    """Watch into the library; where the memory lies there."""
    from videoxl.cli.library_watching import keep_watched
    from videoxl.cli.watching import Watched

    began = time.perf_counter()
    try:
        kept = keep_watched(vxl, source, options)
    except KeyboardInterrupt:
        complain(f"stopped while watching {source.name}; what was watched is kept, the same command goes on with it.")
        raise typer.Exit(INTERRUPTED) from None
    note(f"{source.name} is {kept.entry.id[:8]} of the library: `videoxl ask {kept.entry.id[:8]} QUESTION` asks it.")
    return kept.path, Watched(kept.memory, time.perf_counter() - began, kept.num_frames_watched)


def _append(vxl: "VideoXL", source: Path, path: Path, options: "WatchOptions") -> "Watched":
    from videoxl.cli.adding import add_with_progress

    try:
        return add_with_progress(vxl, source, options, to=path)
    except KeyboardInterrupt:
        again = shlex.join(["videoxl", *sys.argv[1:]])
        complain(f"stopped while adding {source.name}; {path} is as it was before. Go on with: {again}")
        raise typer.Exit(INTERRUPTED) from None


def _same_command(path: Path) -> str:
    """What was typed; without --overwrite where it would throw away what it has just saved."""
    from videoxl.cli.watching import where_stopped

    words = (
        sys.argv[1:] if "before" in where_stopped(path) else [word for word in sys.argv[1:] if word != "--overwrite"]
    )
    return shlex.join(["videoxl", *words])


def _print(path: Path, watched: "Watched", *, is_json: bool) -> None:
    from videoxl.cli.watching import is_condensed, kept_json, kept_pairs
    from videoxl.memory import inspect

    memory, summary = watched.memory, watched.memory.summary()
    disk_bytes = inspect(path).disk_bytes
    if is_json:
        document: dict[str, Any] = {
            "memory": str(path),
            "model": memory.about.model_name,
            **kept_json(summary),
            "disk_bytes": disk_bytes,
            "seconds": watched.seconds,
            "frames_watched": watched.num_frames_watched,
            "frames_lost": memory.about.sources[-1].details.get("frames_lost", 0),
        }
        return print_json(document)
    print(path)
    pairs = kept_pairs(summary, is_condensed=is_condensed([segment.ratio for segment in memory.intervals]))
    print_pairs([*pairs, ("seconds", f"{watched.seconds:.1f}")], indent=2)
