"""What one example becomes: token ids, labels, which question a token belongs to, and pixel values.

T tokens, F frames.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from videoxl.compression.interval import Interval
from videoxl.errors import ExampleError, UsageError
from videoxl.model import VideoXLProcessor
from videoxl.training.data.encoding import EncodedText, encode
from videoxl.training.data.example import Example
from videoxl.training.data.faults import Fault
from videoxl.training.data.media import MediaReader


@dataclass(frozen=True, slots=True)
class TrainingItem:
    """One example, ready for the model."""

    input_ids: torch.Tensor
    """(T,), one placeholder a media part."""
    labels: torch.Tensor
    """(T,), what is learned where it stands (not shifted): answers and their ends; -100 elsewhere."""
    question_index: torch.Tensor
    """(T,), behind the last media which of the questions apart a token belongs to; 0 elsewhere."""
    pixel_values_videos: list[torch.Tensor]
    """(F, 3, height, width) a media part."""
    frame_seconds: list[tuple[float, ...]]
    """When each frame is shown; tiles of an image count from 0."""
    example_id: str
    num_labels: int
    index: int = 0
    """Which item of the run it is; with the run's seed, all that is drawn at random for it."""
    source: str = ""
    notes: tuple[str, ...] = ()
    """What a cap left out, and what was lost or taken out."""
    faults: tuple[Fault, ...] = ()
    """Bad examples that this one stands in for."""
    intervals: tuple[tuple[Interval, ...], ...] | None = None
    """A plan a media part, where it is fixed beforehand; the trainer draws it otherwise."""


def make_item(
    example: Example,
    reader: MediaReader,
    processor: VideoXLProcessor,
    locate: Callable[[str], Path],
    *,
    max_text_tokens: int,
    max_frames: int | None = None,
) -> TrainingItem:
    """An example, read and written down; text first, because it is cheap and may be at fault.

    Raises:
        ExampleError: A file is missing or cannot be read, or the text is too long.
    """
    text = encode(example, processor)
    check_length(text, max_text_tokens)
    media = reader.read(example, locate, max_frames=max_frames)
    cleaned = f"control tokens were taken out of {text.num_cleaned} of its texts"
    return TrainingItem(
        input_ids=torch.tensor(text.input_ids),
        labels=torch.tensor(text.labels),
        question_index=torch.tensor(text.question_index),
        pixel_values_videos=[frames.pixels for frames in media],
        frame_seconds=[frames.seconds for frames in media],
        example_id=example.id,
        num_labels=text.num_labels,
        source=example.source,
        notes=(*(note for frames in media for note in frames.notes), *([cleaned] if text.num_cleaned else [])),
    )


def check_length(text: EncodedText, max_text_tokens: int) -> None:
    """Refuse an example whose text is longer than a model may be given: it is never cut."""
    if len(text.input_ids) > max_text_tokens:
        raise ExampleError(
            f"it has {len(text.input_ids):,} tokens of text, {text.num_labels:,} of them in answers: expected at most "
            f"max_text_tokens {max_text_tokens:,}. Shorten or split it, or raise the bound."
        )


def empty_item(index: int, faults: Sequence[Fault]) -> TrainingItem:
    """What stands for an item when every example tried for it was bad; the `FaultLedger` stops the run at it."""
    nothing = torch.empty(0, dtype=torch.long)
    return TrainingItem(
        input_ids=nothing,
        labels=nothing,
        question_index=nothing,
        pixel_values_videos=[],
        frame_seconds=[],
        example_id="",
        num_labels=0,
        index=index,
        faults=tuple(faults),
    )


def collate(items: Sequence[TrainingItem]) -> dict[str, Any]:
    """The batch of one item that a device takes a step on.

    `example_ids`, `indices`, `frame_seconds`, `notes` and `faults` are for the trainer: it takes them out before the
    model sees the batch, and gives `faults` to its `FaultLedger` before anything else.
    """
    if len(items) != 1:
        raise UsageError(
            f"a batch has {len(items)} items: expected 1, because videos differ in length. Set "
            "per_device_train_batch_size to 1 and raise gradient_accumulation_steps instead."
        )
    item = items[0]
    return {
        "input_ids": item.input_ids[None],
        "labels": item.labels[None],
        "question_index": item.question_index[None],
        "pixel_values_videos": item.pixel_values_videos,
        "intervals": item.intervals,
        "example_ids": [item.example_id],
        "indices": [item.index],
        "frame_seconds": item.frame_seconds,
        "notes": list(item.notes),
        "faults": list(item.faults),
    }
