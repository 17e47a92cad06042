"""A video together with what a model saw of it: watched again, at any ratio, it is neither read nor encoded again.

    film = vxl.see("film.mp4", fps=1)
    memories = [vxl.watch(film, fps=1, ratio=ratio) for ratio in (2, 8, 32)]      just those of "film.mp4" itself

F frames, M visual tokens per frame, D width.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing

import numpy as np
import torch

from videoxl.engine.progress import Progress, ProgressListener, Stopwatch
from videoxl.engine.seeing import SeenFrames, Seer
from videoxl.errors import UsageError
from videoxl.model import VideoXLForConditionalGeneration, VideoXLProcessor
from videoxl.model.modeling_videoxl import FRAMES_AT_ONCE
from videoxl.video import VideoSource
from videoxl.video.batch import TimedFrame


class SeenVideo(VideoSource):
    """A source as any other, with frames at hand as the model sees them; visual tokens are held in the CPU's memory.

    Args:
        times_F: the moments that were asked for.
        model_fingerprint: whose eyes they are.
    """

    def __init__(
        self, video: VideoSource, frames: SeenFrames, *, times_F: Sequence[float], model_fingerprint: str
    ) -> None:
        self.info, self.decoder = video.info, video.decoder
        self.model_fingerprint = model_fingerprint
        self._video, self._frames, self._times_F = video, frames, tuple(times_F)

    @property
    def nbytes(self) -> int:
        """What is held."""
        return self._frames.visual_FMD.nbytes + self._frames.embeddings_FD.nbytes

    def fingerprint(self) -> str:
        """See `VideoSource.fingerprint`: that of the video itself."""
        return self._video.fingerprint()

    def frames_at(
        self, asked: Sequence[float], *, max_side: int | None, stopped: threading.Event
    ) -> Iterator[TimedFrame]:
        """See `VideoSource.frames_at`: those of the video itself."""
        return self._video.frames_at(asked, max_side=max_side, stopped=stopped)

    def seen(self, times_F: Sequence[float], *, first: int = 0) -> Iterator[SeenFrames]:
        """Chunk by chunk what was seen at these moments, from a frame on that begins a chunk.

        Raises:
            UsageError: It was seen at other moments.
        """
        if tuple(times_F) != self._times_F:
            raise UsageError(
                f"{self.info.name} was seen at {len(self._times_F)} moments that are not the {len(times_F)} to be "
                "watched now: see and watch it with the same fps, num_frames, timestamps and max_frames."
            )
        embeddings_FD, visual_FMD, seconds_F = self._frames
        for start in range(first, len(seconds_F), FRAMES_AT_ONCE):
            part = slice(start, start + FRAMES_AT_ONCE)
            yield SeenFrames(embeddings_FD[part], visual_FMD[part], seconds_F[part])


def see_video(
    model: VideoXLForConditionalGeneration,
    processor: VideoXLProcessor,
    video: VideoSource,
    times_F: Sequence[float],
    *,
    model_fingerprint: str,
    progress: ProgressListener | None = None,
) -> SeenVideo:
    """Read a video and send it through the tower, once."""
    seer, stopwatch, chunks, num_read = Seer(model, processor), Stopwatch(), [], 0
    with closing(video.read(times_F, chunk_frames=FRAMES_AT_ONCE, max_side=processor.max_side)) as batches:
        for batch in batches:
            chunks += _held(seer.feed(batch.frames_FCHW, batch.seconds_F.tolist()))
            num_read += batch.num_frames
            if progress is not None:
                progress(Progress(num_read, len(times_F), 0, stopwatch.seconds))
    chunks += _held(seer.finish())
    frames = SeenFrames(
        np.concatenate([chunk.embeddings_FD for chunk in chunks]),
        torch.cat([chunk.visual_FMD for chunk in chunks]),
        [second for chunk in chunks for second in chunk.seconds_F],
    )
    return SeenVideo(video, frames, times_F=times_F, model_fingerprint=model_fingerprint)


def _held(chunks: list[SeenFrames]) -> list[SeenFrames]:
    return [chunk._replace(visual_FMD=chunk.visual_FMD.cpu()) for chunk in chunks]
