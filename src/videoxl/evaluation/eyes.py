"""What was seen of the video at hand, for all runs that ask about it: a tower is most of the cost of a run.

Held is one video, in the CPU's memory, and none that would take more than `MAX_BYTES`: such a one is watched by each
run anew. Memories are the same either way, to the bit.
"""

from typing import TYPE_CHECKING

from videoxl.engine import VideoXL
from videoxl.engine.seen_video import SeenVideo
from videoxl.video import SampleConfig, VideoSource, sample_times

if TYPE_CHECKING:
    from videoxl.engine.progress import ProgressListener

MAX_BYTES = 2**31
BYTES_OF_FLOAT = 4


class Eyes:
    """Shared by the askers of one model."""

    def __init__(self, vxl: VideoXL, *, max_bytes: int = MAX_BYTES) -> None:
        self._vxl, self._max_bytes = vxl, max_bytes
        self._of: tuple[str, str, SampleConfig] | None = None
        self._seen: SeenVideo | None = None

    def see(
        self, video: VideoSource, sample: SampleConfig, *, progress: "ProgressListener | None" = None
    ) -> VideoSource:
        """The video as it was seen, by these eyes once for all who ask; itself, where it is too much to hold."""
        of = video.info.name, video.fingerprint(), sample
        if self._of != of:
            self._of = self._seen = None  # or two would be held while one is looked at
            if self._num_bytes(video, sample) > self._max_bytes:
                return video
            self._seen = self._vxl.see(
                video, fps=sample.fps, num_frames=sample.num_frames, timestamps=sample.timestamps,
                max_frames=sample.max_frames, progress=progress,
            )  # fmt: skip
            self._of = of
        return video if self._seen is None else self._seen

    def _num_bytes(self, video: VideoSource, sample: SampleConfig) -> int:
        config = self._vxl.model.config
        num_frames = len(sample_times(video.info.duration_seconds, sample).seconds_F)
        visual = config.tokens_per_frame * config.text_config.hidden_size * self._vxl.model.dtype.itemsize
        embedding = config.vision_config.hidden_size * BYTES_OF_FLOAT
        return num_frames * (visual + embedding)
