"""Small frames of what evidence points at, and of where it was: of so many items and no more, in the page itself."""

import base64
import io
import math
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from videoxl.errors import VideoXLError
from videoxl.evaluation.report.reported_run import ReportedAnswer, ReportedRun

SIDE = 192  # pixels, the longer side
QUALITY = 70
TIME_LIMIT_SECONDS = 20.0  # for the frames of one item


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """One frame, as an address that holds the picture."""

    caption: str
    seconds: float
    data_url: str


@dataclass(slots=True)
class Thumbnails:
    """Of (run number, item id); and why some videos gave none."""

    of: dict[tuple[int, str], tuple[Thumbnail, ...]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    """Video to reason."""


def thumbnails(runs: Sequence[ReportedRun], *, num_items: int) -> Thumbnails:
    """Frames for so many items of all runs together, wrong ones first; a video that cannot be opened is skipped."""
    found = Thumbnails()
    left = num_items
    for place, run in enumerate(runs):
        share = -(-left // (len(runs) - place))
        for answer in _worth_seeing(run.answers):
            if share == 0:
                break
            if answer.item.video in found.failures:
                continue
            try:
                found.of[run.number, answer.item.id] = _frames(run, answer)
            except (VideoXLError, OSError, ValueError, TypeError, LookupError, ArithmeticError) as error:
                found.failures[answer.item.video] = str(error)
                continue
            share, left = share - 1, left - 1
    return found


def moments(answer: ReportedAnswer) -> list[tuple[str, float]]:
    """What is shown of an item: the middle of its first evidence, and the first moment of the truth."""
    shown = []
    if answer.record is not None and answer.record.evidence:
        start, stop, _ = answer.record.evidence[0]
        shown.append(("first evidence", (start + stop) / 2))
    if answer.item.spans:
        start, stop = answer.item.spans[0]
        first = float(math.ceil(start))  # what is looked at once a second
        shown.append(("it was here", first if first < stop else (start + stop) / 2))
    return shown


def _worth_seeing(answers: Iterable[ReportedAnswer]) -> list[ReportedAnswer]:
    with_evidence = [each for each in answers if each.record is not None and each.record.evidence]
    return sorted(with_evidence, key=lambda each: each.is_right)


def _frames(run: ReportedRun, answer: ReportedAnswer) -> tuple[Thumbnail, ...]:
    from videoxl.video.opening import open_video

    video = open_video(run.task.open(answer.item))
    asked = sorted(moments(answer), key=lambda moment: moment[1])
    last = video.info.duration_seconds - 1e-3
    times = [min(max(seconds, 0.0), last) for _, seconds in asked]
    pictures = []
    with closing(video.read(times, max_side=SIDE, time_limit_seconds=TIME_LIMIT_SECONDS)) as batches:
        for batch in batches:
            pictures += list(zip(batch.asked_F.tolist(), batch.frames_FCHW, strict=True))
    by_time = dict(pictures)
    return tuple(
        Thumbnail(caption, second, _data_url(by_time[second]))
        for (caption, _), second in zip(asked, times, strict=True)
        if second in by_time
    )


def _data_url(frame_CHW: "object") -> str:
    import numpy as np
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(np.asarray(frame_CHW).transpose(1, 2, 0)).save(file, "JPEG", quality=QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"
