"""A whole video on its way into memory: which frames, read ahead, watched, and what was lost on the way."""

from contextlib import closing
from dataclasses import replace

from videoxl.engine.keeper import Keeper
from videoxl.engine.preflight import check_fits
from videoxl.engine.progress import Progress, ProgressListener, Stopwatch
from videoxl.engine.watch_config import WatchConfig
from videoxl.engine.watcher import Watcher
from videoxl.errors import VideoDecodeError
from videoxl.memory import CompressedMemory, MemoryWriter
from videoxl.memory.cache import MemoryCache
from videoxl.model import VideoXLForConditionalGeneration, VideoXLProcessor
from videoxl.model.modeling_videoxl import FRAMES_AT_ONCE
from videoxl.video import VideoInfo, VideoSource, sample_times


def watch_video(
    model: VideoXLForConditionalGeneration,
    processor: VideoXLProcessor,
    cache: MemoryCache,
    video: VideoSource,
    config: WatchConfig,
    *,
    source: int = 0,
    writer: MemoryWriter | None = None,
    keeper: Keeper | None = None,
    time_limit_seconds: float | None = None,
    progress: ProgressListener | None = None,
) -> None:
    """Condense what the config asks for of a video, behind the intervals that the memory holds of it already."""
    times_F = sample_times(video.info.duration_seconds, config.sample).seconds_F
    cache.reserve(check_fits(model, len(times_F), config, prefix_tokens=cache.num_rows).num_rows)
    bounds = [*times_F.tolist(), _end_seconds(video.info, config, float(times_F[-1]))]
    watcher = Watcher(
        model, processor, cache, config.new_planner(), times=bounds, source=source, writer=writer, keeper=keeper
    )
    stopwatch, num_resumed, num_read = Stopwatch(), watcher.num_kept, watcher.first_needed
    if num_resumed < len(times_F):
        frames = video.read(
            times_F[num_read:],
            chunk_frames=FRAMES_AT_ONCE,
            time_limit_seconds=time_limit_seconds,
            max_side=processor.max_side,
        )
        with closing(frames):
            for batch in frames:
                watcher.feed(batch.frames_FCHW, batch.seconds_F.tolist())
                num_read += batch.num_frames
                if progress is not None:
                    num_shown = max(num_read, num_resumed)
                    progress(Progress(num_shown, len(times_F), cache.num_rows, stopwatch.seconds, num_resumed))
    watcher.finish()
    if watcher.num_kept == 0:
        raise VideoDecodeError(
            f"none of the {len(times_F)} frames asked of {video.info.name} could be decoded; "
            "expected at least one. Check the file with a video player, or choose another part of it."
        )
    if watcher.num_kept < len(times_F):
        _note_losses(cache.memory, writer, source, len(times_F) - watcher.num_kept)


def check_watch(model: VideoXLForConditionalGeneration, video: VideoSource, config: WatchConfig) -> None:
    """Refuse moments that the video does not have, and work that the device has no room for."""
    chosen = sample_times(video.info.duration_seconds, config.sample)
    check_fits(model, len(chosen.seconds_F), config, prefix_tokens=0)


def _end_seconds(info: VideoInfo, config: WatchConfig, last_seconds: float) -> float:
    """When the last frame ends: with the part that was asked for, or with the video."""
    asked = config.sample.end_seconds
    return max(last_seconds, info.duration_seconds if asked is None else min(asked, info.duration_seconds))


def _note_losses(memory: CompressedMemory, writer: MemoryWriter | None, source: int, num_lost: int) -> None:
    """Frames that could not be decoded are part of what a memory says of its source."""
    sources = list(memory.about.sources)
    sources[source] = replace(sources[source], details={**sources[source].details, "frames_lost": num_lost})
    memory.about = replace(memory.about, sources=tuple(sources))
    if writer is not None:
        writer.about = memory.about
