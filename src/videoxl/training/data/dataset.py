"""Item i of a run, whoever asks and in whatever process: deterministic in the seed and i."""

import errno
from collections.abc import Callable
from dataclasses import replace

from torch.utils.data import Dataset

from videoxl.errors import ExampleError
from videoxl.model import VideoXLProcessor
from videoxl.training.data.faults import NUM_ATTEMPTS, Fault
from videoxl.training.data.item import TrainingItem, empty_item, make_item
from videoxl.training.data.media import MediaLimits, MediaReader
from videoxl.training.data.mixture import Mixture
from videoxl.training.data.source import ExampleSource, open_examples

__all__ = ["TrainingDataset", "open_examples"]

# Of the errors of a file system, those that are the file's fault and not the machine's.
FILE_ERRORS = (
    errno.ENOENT, errno.EACCES, errno.EPERM, errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP, errno.EIO,
)  # fmt: skip


class TrainingDataset(Dataset[TrainingItem]):
    """A mixture as items for the model. Already in the order of the run: read it in order, do not shuffle it again.

    A bad example is replaced by another of its source, and rides along as a `Fault` of the item that replaces it. When
    `NUM_ATTEMPTS` in a row are bad, the item is empty and has nothing but their faults: only a `FaultLedger` knows what
    a run puts up with, and it is where batches are taken, not in the workers that make them.
    """

    def __init__(
        self,
        mixture: Mixture,
        processor: VideoXLProcessor,
        *,
        image_size: int,
        limits: MediaLimits | None = None,
        max_text_tokens: int = 32768,
        max_frames_at: Callable[[int], int] | None = None,
    ) -> None:
        """Make items for a model.

        Args:
            image_size: The side of a tile: `config.vision_config.image_size`.
            max_text_tokens: An example with more tokens of text is a bad one.
            max_frames_at: From the number of an item to the frames its videos may have, never more than the limits
                allow; how a curriculum grows length. It must be picklable where workers are spawned.
        """
        self.mixture, self._processor = mixture, processor
        self._reader = MediaReader(processor, image_size=image_size, limits=limits)
        self._max_text_tokens, self._max_frames_at = max_text_tokens, max_frames_at

    def __len__(self) -> int:
        return len(self.mixture)

    def __getitem__(self, index: int) -> TrainingItem:
        """Item `index` of the run."""
        faults: list[Fault] = []
        for attempt in range(NUM_ATTEMPTS):
            chosen = self.mixture.replacement(index, attempt) if attempt else self.mixture[index]
            made = self._make(*chosen, index=index, attempt=attempt)
            if isinstance(made, TrainingItem):
                return replace(made, index=index, faults=tuple(faults))
            faults.append(made)
        return empty_item(index, faults)

    def _make(self, source: ExampleSource, number: int, *, index: int, attempt: int) -> TrainingItem | Fault:
        example_id = ""
        try:
            example = source[number]
            example_id = example.id
            with source.media(number) as locate:
                return make_item(
                    example,
                    self._reader,
                    self._processor,
                    locate,
                    max_text_tokens=self._max_text_tokens,
                    max_frames=self._max_frames_at(index) if self._max_frames_at else None,
                )
        except ExampleError as error:
            reason = str(error)
        except OSError as error:
            if error.errno not in FILE_ERRORS:
                raise
            reason = str(error)
        return Fault(index, attempt, source.name, source.where(number), example_id, reason)
