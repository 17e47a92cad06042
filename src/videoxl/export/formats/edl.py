"""CMX 3600 edit decision list: the moments one after another, as a reel that an editor conforms to the video.

Source times are the video's own, from 00:00:00:00 at its first frame; the reel begins at 01:00:00:00, as reels do.
Frames are counted at the video's rate, or at the one that was asked for; a rate that timecode cannot number is refused.
"""

import textwrap

from videoxl.errors import UsageError
from videoxl.export.document import Document
from videoxl.export.formats.format import Format, remarks_left_out
from videoxl.export.formats.timecode import RATES, Timecode
from videoxl.export.marker import Marker
from videoxl.export.plain_text import one_line
from videoxl.export.video import Video

MOST_EVENTS = 999  # event numbers have three digits
REEL = "AX"  # a file and no tape
REEL_STARTS_AT_HOUR = 1
TITLE_CHARACTERS = 70
COMMENT_CHARACTERS = 66  # with "* COMMENT: " before it still a line of 80


def _write(document: Document) -> str:
    video, markers = document.videos[0], document.markers
    timecode = _timecode(video)
    if len(markers) > MOST_EVENTS:
        raise UsageError(
            f"an edl numbers {MOST_EVENTS} events and there are {len(markers)}; write otio or csv instead."
        )
    spans = [_frames(marker, video, timecode) for marker in markers]
    record = _record_start(sum(stop - start for start, stop in spans), timecode)
    lines = [
        f"TITLE: {document.title[:TITLE_CHARACTERS]}",
        f"FCM: {'DROP FRAME' if timecode.drops else 'NON-DROP FRAME'}",
        "",
    ]
    for number, (marker, (start, stop)) in enumerate(zip(markers, spans, strict=True), start=1):
        frames = (start, stop, record, record + stop - start)
        times = " ".join(timecode.text(frame) for frame in frames)
        lines += [f"{number:03d}  {REEL:<8} V     C        {times}", f"* FROM CLIP NAME: {video.name}"]
        lines += [f"* COMMENT: {line}" for line in _comment(marker)]
        record = frames[-1]
    return "\n".join(lines) + "\n"


def _timecode(video: Video) -> Timecode:
    if video.fps is None:
        raise UsageError(
            f"the frame rate of {video.name} is not known, and an edl counts frames; "
            "give the rate of your project as fps (`--fps 25`)."
        )
    timecode = Timecode.of(video.fps)
    if timecode is None:
        rates = ", ".join(f"{float(rate):.6g}" for rate in RATES)
        raise UsageError(
            f"{video.name} has {video.fps:.6g} frames a second and timecode has only {rates}; "
            "give the rate of your project as fps (`--fps 25`)."
        )
    return timecode


def _frames(marker: Marker, video: Video, timecode: Timecode) -> tuple[int, int]:
    """First frame, and the one after the last; a point is one frame."""
    start, stop = timecode.frame_at(marker.start_seconds), timecode.frame_at(marker.stop_seconds)
    if video.duration_seconds:  # a point at the very end is the last frame
        start = max(0, min(start, timecode.frame_at(video.duration_seconds) - 1))
    return start, max(start + 1, stop)


def _record_start(num_frames: int, timecode: Timecode) -> int:
    """An hour in, or at 0 where the reel would else run past the end of the day."""
    usual = timecode.number_of(REEL_STARTS_AT_HOUR)
    return usual if usual + num_frames < timecode.frames_of_a_day else 0


def _comment(marker: Marker) -> list[str]:
    text = one_line(f"{marker.label} {marker.text}")
    return textwrap.wrap(text, COMMENT_CHARACTERS, break_on_hyphens=False)


EDL = Format(
    name="edl",
    suffixes=(".edl",),
    media_type="text/plain",
    about="CMX 3600 for video editors: the moments as a reel, frames counted at the video's rate.",
    write=_write,
    left_out=remarks_left_out,
    holds_several_videos=False,
)
