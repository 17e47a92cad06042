"""A whole video on its way into memory: which frames, read ahead, watched, and what was lost on the way."""

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import replace

from videoxl.engine.keeper import Keeper
from videoxl.engine.preflight import check_fits
from videoxl.engine.progress import Progress, ProgressListener, Stopwatch
from videoxl.engine.seen_video import SeenVideo
from videoxl.engine.watch_config import WatchConfig
from videoxl.engine.watcher import IntervalListener, Watcher
from videoxl.errors import VideoDecodeError
from videoxl.memory import CompressedMemory, MemoryWriter
from videoxl.memory.cache import MemoryCache
from videoxl.model import VideoXLForConditionalGeneration, VideoXLProcessor
from videoxl.model.modeling_videoxl import FRAMES_AT_ONCE
from videoxl.video import VideoInfo, VideoSource, sample_times

SECONDS_BETWEEN_SAVES = 10.0  # what a kill may cost, where rows fill a shard more slowly


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
    on_interval: IntervalListener | None = None,
) -> None:
    """Condense what the config asks for of a video, behind the intervals that the memory holds of it already."""
    times_F = sample_times(video.info.duration_seconds, config.sample).seconds_F
    cache.reserve(check_fits(model, len(times_F), config, prefix_tokens=cache.num_rows).num_rows)
    bounds = [*times_F.tolist(), _end_seconds(video.info, config, float(times_F[-1]))]
    watcher = Watcher(
        model, processor, cache, config.new_planner(), times=bounds, source=source, writer=writer, keeper=keeper,
        on_interval=on_interval,
    )  # fmt: skip
    stopwatch, num_resumed, num_read = Stopwatch(), watcher.num_kept, watcher.first_needed
    since_saved = Stopwatch()
    if num_resumed < len(times_F):
        portions = _fed(
            watcher, video, times_F.tolist(), max_side=processor.max_side, time_limit_seconds=time_limit_seconds
        )
        with closing(portions):
            for num_frames in portions:
                num_read += num_frames
                if writer is not None and since_saved.seconds >= SECONDS_BETWEEN_SAVES:
                    writer.checkpoint()
                    since_saved = Stopwatch()
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


def _fed(
    watcher: Watcher,
    video: VideoSource,
    times_F: Sequence[float],
    *,
    max_side: int | None,
    time_limit_seconds: float | None,
) -> Generator[int, None, None]:
    """Give the watcher the frames that it needs, portion by portion; yields how many each had."""
    first = watcher.first_needed
    if isinstance(video, SeenVideo):
        for seen in video.seen(times_F, first=first):
            watcher.take(seen)
            yield len(seen.seconds_F)
        return
    frames = video.read(
        times_F[first:], chunk_frames=FRAMES_AT_ONCE, time_limit_seconds=time_limit_seconds, max_side=max_side
    )
    with closing(frames):
        for batch in frames:
            watcher.feed(batch.frames_FCHW, batch.seconds_F.tolist())
            yield batch.num_frames


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
