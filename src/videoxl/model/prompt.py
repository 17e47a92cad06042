"""A prompt as it is watched: stretches of text, and placeholders that stand for videos."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from videoxl.errors import UsageError


@dataclass(frozen=True, slots=True)
class Stretch:
    """Positions `start` up to `stop` of `input_ids`: text, or the one placeholder of video number `video`."""

    start: int
    stop: int
    video: int | None = None


def stretches(input_ids: torch.Tensor, video_token_id: int | None) -> list[Stretch]:
    """Cut a prompt (B, T) at its placeholders; every row of a batch must have them at the same positions."""
    is_video = torch.zeros_like(input_ids[0], dtype=torch.bool)
    if video_token_id is not None:
        rows = input_ids == video_token_id
        is_video = rows[0]
        if not (rows == is_video).all():
            raise UsageError(
                "the prompts of this batch have videos at different positions; expected the same number of tokens "
                "before each video. Put prompts of one shape into a batch, or run them one by one."
            )
    found: list[Stretch] = []
    start = 0
    for number, position in enumerate(is_video.nonzero().flatten().tolist()):
        if position > start:
            found.append(Stretch(start, position))
        found.append(Stretch(position, position + 1, video=number))
        start = position + 1
    if start < input_ids.shape[1]:
        found.append(Stretch(start, input_ids.shape[1]))
    return found


def check_videos(parts: Sequence[Stretch], num_videos: int) -> None:
    """Refuse a prompt with another number of placeholders than videos."""
    num_places = sum(part.video is not None for part in parts)
    if num_places != num_videos:
        raise UsageError(
            f"the prompt has {num_places} video placeholders, but {num_videos} videos were given; "
            "put one placeholder into the prompt for each video."
        )
