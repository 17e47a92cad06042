"""Watching that makes room: it holds the turn only while it computes, and stops to look around between layers.

Waiting for the decoder takes no turn. The numbers are those of an undisturbed run: nothing is computed differently,
only later.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from videoxl.server.turns import ModelTurns
from videoxl.video import FrameBatch, VideoSource

if TYPE_CHECKING:
    from torch import nn

    from videoxl.video.batch import TimedFrame


class PacedSource(VideoSource):
    """A source whose reader holds the watching turn from one batch of frames to asking for the next."""

    def __init__(self, source: VideoSource, turns: ModelTurns, check: Callable[[], None]) -> None:
        """Args: check: Raises when the watching shall stop; called before each batch."""
        self.info, self.decoder = source.info, source.decoder
        self._source, self._turns, self._check = source, turns, check

    def fingerprint(self) -> str:
        """See `VideoSource.fingerprint`."""
        return self._source.fingerprint()

    def frames_at(
        self, asked: Sequence[float], *, max_side: int | None, stopped: threading.Event
    ) -> "Iterator[TimedFrame]":
        """See `VideoSource.frames_at`."""
        return self._source.frames_at(asked, max_side=max_side, stopped=stopped)

    def read(self, seconds: Sequence[float] | npt.NDArray[np.float64], **options: Any) -> Iterator[FrameBatch]:  # type: ignore[override]
        """See `VideoSource.read`."""
        stream = self._source.read(seconds, **options)

        def paced() -> Iterator[FrameBatch]:
            try:
                for batch in stream:
                    self._check()
                    with self._turns.watching():
                        yield batch
            finally:
                stream.close()

        return paced()


@contextmanager
def pausing_between_layers(model: "nn.Module", turns: ModelTurns) -> Iterator[None]:
    """Have each block of tower and decoder call `turns.pause` first; other threads' forwards are not touched."""
    from torch import nn

    blocks = [
        block for layers in model.modules() if isinstance(layers, (nn.ModuleList, nn.Sequential)) for block in layers
    ]
    hooks = [block.register_forward_pre_hook(lambda *_: turns.pause()) for block in blocks]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
