"""Frames of a video file at asked times: the picture that a player would show then.

That is the last frame whose presentation time is not after the asked one; frame numbers, frame counts and frame rates
play no part. Going on is by reading straight ahead, or by jumping to a keyframe where that saves decoding.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

from videoxl.video.batch import TimedFrame
from videoxl.video.media_file import MediaFile
from videoxl.video.probe import StreamFacts
from videoxl.video.rgb import RgbConverter
from videoxl.video.walk import Shown, Walk


def frames_at(
    media: MediaFile, facts: StreamFacts, seconds: Sequence[float], *, max_side: int | None, stopped: threading.Event
) -> Iterator[TimedFrame]:
    """One `TimedFrame` for each of the (rising) asked times; a frame that is missing comes without a picture."""
    with Walk(media, facts, stopped=stopped) as walk:
        converter = RgbConverter(facts, max_side=max_side)
        previous: Shown | None = None
        current: Shown | None = None
        answer: TimedFrame | None = None
        for asked in seconds:
            reach = asked + facts.tolerance_seconds
            if walk.is_worth_seeking(asked):
                walk.seek(reach)
                previous = current = answer = None
            while walk.peek().seconds <= reach:
                previous, current, answer = current, walk.take(), None
            following = walk.peek()
            if following.lost_from <= reach:
                yield TimedFrame(asked, asked, None)
                continue
            shown = current or following  # asked before the first frame: that one
            if answer is None or current is None:
                answer = _answer(converter, previous, shown, following)
            yield TimedFrame(asked, answer.seconds, answer.picture_HWC, answer.is_damaged)


def _answer(converter: RgbConverter, previous: Shown | None, shown: Shown, following: Shown) -> TimedFrame:
    assert shown.frame is not None
    picture_HWC = converter.convert(
        shown.frame, previous=previous.frame if previous else None, following=following.frame
    )
    return TimedFrame(shown.seconds, shown.seconds, picture_HWC, shown.is_damaged)
