"""What watching looks like from any verb: options to settings, progress, and what was kept and lost."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from videoxl.cli.console import note
from videoxl.cli.duration import parse_seconds
from videoxl.cli.progress import WatchProgress
from videoxl.compression.size import ByteSize
from videoxl.errors import MemoryFormatError, UsageError

if TYPE_CHECKING:
    from videoxl.engine import VideoXL
    from videoxl.memory import CompressedMemory, MemorySource, MemorySummary
    from videoxl.video import SampleConfig, SampledTimes, VideoSource

PLANNERS = ("fixed", "dynamic")


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchOptions:
    """What a person said about watching, checked as far as it can be without a model or a video."""

    fps: float | None = None
    num_frames: int | None = None
    start: str | None = None
    end: str | None = None
    max_frames: int | None = None
    ratio: int | None = None
    planner: str = "fixed"
    interval_frames: int | None = None

    def __post_init__(self) -> None:
        if self.planner not in PLANNERS:
            raise UsageError(f"--planner is {self.planner!r}, expected one of {', '.join(PLANNERS)}.")
        self.sample()

    def sampling(self) -> dict[str, Any]:
        """Which frames, as arguments of `VideoXL.watch`."""
        return {
            "fps": self.fps,
            "num_frames": self.num_frames,
            "start_seconds": parse_seconds(self.start, option="--start") or 0.0,
            "end_seconds": parse_seconds(self.end, option="--end"),
            "max_frames": self.max_frames,
        }

    def density(self) -> dict[str, Any]:
        """How much is kept of them, as arguments of `VideoXL.watch`."""
        return {"ratio": self.ratio, "planner": self.planner, "interval_frames": self.interval_frames}

    def sample(self) -> "SampleConfig":
        """Which frames, as the video room says it."""
        from videoxl.video import SampleConfig

        return SampleConfig(**self.sampling())


@dataclass(frozen=True, slots=True)
class Watched:
    """A memory, and how this run came by it."""

    memory: "CompressedMemory"
    seconds: float
    num_frames_watched: int
    """In this run; 0 where the memory was complete already."""


def watch_with_progress(
    vxl: "VideoXL",
    source: "Path | VideoSource",
    options: WatchOptions,
    *,
    out: Path | None = None,
    overwrite: bool = False,
) -> Watched:
    """Watch on the terminal; what a cap or damage leaves out is said."""
    began = time.perf_counter()
    with WatchProgress(source.name if isinstance(source, Path) else source.info.name) as progress:
        memory = vxl.watch(
            source, out=out, overwrite=overwrite, progress=progress, **options.sampling(), **options.density()
        )
    last = progress.last
    watched = Watched(memory, time.perf_counter() - began, last.num_frames - last.num_resumed if last else 0)
    say_losses(vxl, memory, options)
    return watched


def where_stopped(path: Path) -> str:
    """How much of an interrupted run is in the folder."""
    from videoxl.memory import inspect
    from videoxl.video.clock import clock

    try:
        manifest = inspect(path).manifest
    except MemoryFormatError:
        return "before anything was kept"
    intervals = [segment for segment in manifest.segments if segment.kind == "interval"]
    if manifest.is_complete or not intervals:
        return "before anything was kept"
    total = clock(manifest.about.sources[-1].duration_seconds)
    kept = f"{manifest.summary().num_frames} frames are kept in {path}"
    return f"at {clock(intervals[-1].stop_seconds)} of {total}; {kept}"


def say_losses(vxl: "VideoXL", memory: "CompressedMemory", options: WatchOptions) -> None:
    """Name every cap that bit, with numbers."""
    source = memory.about.sources[-1]
    chosen = chosen_times(source, options)
    if chosen.is_capped:
        num_taken = len(chosen.seconds_F)
        num_left = chosen.num_requested - num_taken
        note(f"{source.name}: --max-frames {num_taken} leaves out {num_left} of {chosen.num_requested} frames.")
    if num_lost := source.details.get("frames_lost"):
        note(f"{source.name}: {num_lost} of {len(chosen.seconds_F)} frames could not be decoded and are lost.")
    trained = vxl.model.config.text_config.max_position_embeddings
    if memory.num_rows > trained:
        note(
            f"{source.name}: the memory has {memory.num_rows} rows and the model was trained on {trained} positions; "
            "answers may suffer. A higher --ratio or a lower --fps keeps fewer."
        )


def chosen_times(source: "MemorySource", options: WatchOptions) -> "SampledTimes":
    """The moments that the options choose in a source."""
    from videoxl.video import sample_times

    return sample_times(source.duration_seconds, options.sample())


def kept_pairs(summary: "MemorySummary", *, is_condensed: bool) -> list[tuple[str, str]]:
    """What was kept of what, for people."""
    rows = "VSTs" if is_condensed else "rows"
    return [
        ("frames", f"{summary.num_frames:,} in {summary.num_intervals:,} intervals"),
        ("visual tokens", f"{summary.num_visual_tokens:,}"),
        ("kept", f"{summary.num_visual_rows:,} {rows}, {summary.num_text_rows} rows of text"),
        ("ratio", f"{summary.compression_ratio:.1f} visual tokens for one row"),
        ("bytes", f"{ByteSize(summary.num_bytes)}"),
    ]


def kept_json(summary: "MemorySummary") -> dict[str, Any]:
    """The same for programs."""
    return {
        "frames": summary.num_frames,
        "intervals": summary.num_intervals,
        "visual_tokens": summary.num_visual_tokens,
        "visual_rows": summary.num_visual_rows,
        "text_rows": summary.num_text_rows,
        "bytes": summary.num_bytes,
        "ratio": summary.compression_ratio,
        "duration_seconds": summary.duration_seconds,
    }


def is_condensed(ratios: Sequence[int]) -> bool:
    """Whether every interval was summarised by VSTs, rather than kept raw."""
    return min(ratios, default=1) > 1
