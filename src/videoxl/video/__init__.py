"""Files, folders, lists of pictures, and what needs no file, to timed frames. No transformers, no weights.

source = open_video("film.mp4")
chosen = sample_times(source.info.duration_seconds, SampleConfig(fps=1))
for batch in source.read(chosen.seconds_F, max_side=448):
    batch.frames_FCHW, batch.seconds_F, batch.num_lost
"""

from videoxl.video.batch import FrameBatch
from videoxl.video.fingerprint import source_fingerprint
from videoxl.video.info import VideoInfo
from videoxl.video.isolated_limits import DecodeLimits
from videoxl.video.opening import open_video
from videoxl.video.sample import SampleConfig, SampledTimes, sample_times
from videoxl.video.source import VideoSource, Watchable

__all__ = [
    "DecodeLimits",
    "FrameBatch",
    "SampleConfig",
    "SampledTimes",
    "VideoInfo",
    "VideoSource",
    "Watchable",
    "open_video",
    "sample_times",
    "source_fingerprint",
]
