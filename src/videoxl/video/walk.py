"""Walking through the frames of one stream in the order they are shown, from any place on.

A walk knows which packets it has put into the decoder, so it also knows which frames should have come out and did not:
that is how lost frames are counted, and why a damaged file is not silently filled with older pictures.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType

from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from videoxl.video.container import NEVER_SOUGHT, decode, demux, open_container, video_stream
from videoxl.video.media_file import MediaFile
from videoxl.video.probe import StreamFacts, stamp, time_base

# Where every packet shows exactly one frame, a packet without a frame is a loss. Elsewhere (VP8 and its hidden frames,
# field pairs, packed MPEG-4) it is one only after the decoder has complained.
ONE_FRAME_A_PACKET = ("h264", "hevc", "vp9", "av1")
ASSUMED_KEYFRAME_GAP_SECONDS = 10.0  # x264's default at 25 fps; used until the file has shown its own
SHORT_HOP_SECONDS = 0.5  # skipping less than this costs more than reading it
CLEAN_AFTER_NUM_KEYFRAMES = 2  # an error may be reported a keyframe away from the frames it costs
SEEK_MARGINS_SECONDS = (0.0, 1.0, 10.0)  # how much earlier to try when a seek lands too late


class ReadingStopped(Exception):
    """The walk was told to stop."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A frame on screen from `seconds` on; from `lost_from` on, frames before it are missing. No frame: the end."""

    seconds: float
    lost_from: float
    frame: VideoFrame | None
    is_damaged: bool = False


class Walk:
    """A decoder at some place of the stream. `peek` shows what comes next, `take` moves past it."""

    def __init__(self, media: MediaFile, facts: StreamFacts, *, stopped: threading.Event) -> None:
        self._media, self._facts, self._stopped = media, facts, stopped
        self._resources = ExitStack()
        self._longest_gap_seconds: float | None = None  # between keyframes, as far as seen
        self._can_seek = True
        self._container, self._stream = self._open()
        self._rewind_state()

    def __enter__(self) -> Walk:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._resources.close()

    def peek(self) -> Shown:
        """The next frame in presentation order, decoded and kept; at the end, a `Shown` without a frame."""
        while not self._ready:
            self._feed()
        return self._ready[0]

    def take(self) -> Shown:
        """The next frame, and move past it."""
        shown = self.peek()
        if shown.frame is not None:
            self._ready.popleft()
            self._position_seconds = shown.seconds
        return shown

    def is_worth_seeking(self, seconds: float) -> bool:
        """Whether a keyframe lies between here and there, far enough ahead that jumping to it saves decoding."""
        if not self._can_seek or seconds - self._position_seconds < SHORT_HOP_SECONDS:
            return False
        keyframe = self._indexed_keyframe(seconds)
        if keyframe is None:
            return seconds - self._position_seconds > (self._longest_gap_seconds or ASSUMED_KEYFRAME_GAP_SECONDS)
        return keyframe - self._position_seconds > SHORT_HOP_SECONDS

    def seek(self, seconds: float) -> None:
        """Go to a keyframe whose frame is shown at `seconds` or before; to the start if there is none other."""
        for margin in SEEK_MARGINS_SECONDS:
            if seconds - margin <= 0 or not self._try_seek(seconds - margin):
                break
            landed = self.peek()
            if landed.frame is not None and landed.seconds <= seconds:
                self._learn_gap(seconds - landed.seconds)
                return
        else:
            self._can_seek = False  # this file's seeks miss: do not try again
        self.rewind()

    def rewind(self) -> None:
        """Back to the first frame, by opening the file again: the one seek that cannot miss."""
        self._resources.close()
        self._container, self._stream = self._open()
        self._rewind_state()

    def _open(self) -> tuple[InputContainer, VideoStream]:
        container = self._resources.enter_context(open_container(self._media))
        stream = video_stream(container, self._media)
        if "matroska" in container.format.name:
            container.seek(0)  # Matroska reads its table of keyframes at the first seek
        is_listing = "matroska" in container.format.name or stream.frames > 0  # fragmented mp4: lists what it has read
        self._has_index = is_listing and len(stream.index_entries) > 1
        self._can_seek = self._can_seek and container.format.name not in NEVER_SOUGHT
        self._packets = demux(container, stream)
        return container, stream

    def _rewind_state(self) -> None:
        self._reset(position_seconds=0.0, first_ticks=self._facts.origin_ticks)

    def _reset(self, *, position_seconds: float, first_ticks: int | None) -> None:
        self._ready: deque[Shown] = deque()
        self._due: set[int] = set()  # stamps that went into the decoder and have not come out
        self._first_ticks = first_ticks  # the first packet that counts; None: not met yet
        self._last_ticks: int | None = None
        # After a seek the decoder may lack what frames refer to: packets lie about keyframes, decoded frames do not.
        self._is_landing = self._is_blind = first_ticks is None
        self._end_ticks: int | None = None
        self._num_keyframes_since_error = CLEAN_AFTER_NUM_KEYFRAMES
        self._position_seconds = position_seconds
        self._last_keyframe_seconds: float | None = None

    def _try_seek(self, seconds: float) -> bool:
        ticks = self._facts.origin_ticks + math.floor(seconds / time_base(self._stream))
        try:
            self._container.seek(ticks, stream=self._stream)
        except FFmpegError:
            self._can_seek = False
            return False
        self._packets = demux(self._container, self._stream)
        self._reset(position_seconds=seconds, first_ticks=None)
        return True

    def _feed(self) -> None:
        """Put one packet into the decoder and keep what comes out."""
        if self._stopped.is_set():
            raise ReadingStopped
        packet = next(self._packets, None)
        if packet is None:
            self._ready.append(self._end())
            return
        if self._first_ticks is None and packet.size:
            if not packet.is_keyframe:
                return  # a seek between keyframes: nothing can be decoded yet
            self._first_ticks = stamp(packet, self._facts.uses_dts)
        self._expect(packet)
        frames, num_errors = decode(self._stream, packet)
        if num_errors or packet.is_corrupt:
            self._num_keyframes_since_error = 0
        self._ready.extend(shown for frame in frames if (shown := self._show(frame)) is not None)

    def _expect(self, packet: Packet[VideoStream]) -> None:
        due = stamp(packet, self._facts.uses_dts)
        if due is None or (self._first_ticks is not None and due < self._first_ticks):
            return
        self._due.add(due)
        self._end_ticks = max(self._end_ticks or due, due + (packet.duration or 0))
        if packet.is_keyframe:
            seconds = self._seconds(due)
            if self._last_keyframe_seconds is not None:
                self._learn_gap(seconds - self._last_keyframe_seconds)
            self._last_keyframe_seconds = seconds

    def _learn_gap(self, seconds: float) -> None:
        self._longest_gap_seconds = max(seconds, self._longest_gap_seconds or 0.0)

    def _show(self, frame: VideoFrame) -> Shown | None:
        ticks = self._ticks(frame)
        self._is_blind = self._is_blind and not frame.key_frame
        if self._is_blind or (self._last_ticks is not None and ticks <= self._last_ticks):
            return None
        lost = None if self._last_ticks is None and self._is_landing else self._lost_before(ticks)
        self._due = {due for due in self._due if due > ticks}
        self._last_ticks = ticks
        lost_from = math.inf if lost is None else self._seconds(lost)
        self._num_keyframes_since_error += frame.key_frame
        return Shown(max(0.0, self._seconds(ticks)), lost_from, frame, frame.is_corrupt)

    def _ticks(self, frame: VideoFrame) -> int:
        ticks = frame.dts if self._facts.uses_dts else frame.pts
        if ticks is None:  # the last frames of an AVI come out after the last packet
            late = (self._first_ticks or 0) + self._facts.delay_ticks
            ticks = late if self._last_ticks is None else self._last_ticks + (frame.duration or 1)
        assert ticks is not None
        return ticks

    def _lost_before(self, ticks: int) -> int | None:
        name = self._stream.codec_context.name
        is_strict = name in ONE_FRAME_A_PACKET and not self._facts.uses_dts and not self._facts.is_interlaced
        if not is_strict and self._num_keyframes_since_error >= CLEAN_AFTER_NUM_KEYFRAMES:
            return None
        return min((due for due in self._due if due < ticks), default=None)

    def _end(self) -> Shown:
        """After the last frame: what lies past the last packet is lost, and so is what never came out."""
        if self._last_ticks is None:
            return Shown(math.inf, -math.inf, None)
        usual = self._usual_ticks()
        end = max(self._end_ticks or 0, self._last_ticks) + usual  # the last picture may stay a frame longer
        lost = self._lost_before(end)
        return Shown(math.inf, self._seconds(end if lost is None else lost), None)

    def _usual_ticks(self) -> int:
        rate = self._stream.average_rate
        return math.ceil(1 / (rate * time_base(self._stream))) if rate else 1

    def _seconds(self, ticks: int) -> float:
        return float((ticks - self._facts.origin_ticks) * time_base(self._stream))

    def _indexed_keyframe(self, seconds: float) -> float | None:
        """When the last keyframe at or before `seconds` is, where the container's index reaches that far."""
        if not self._has_index:
            return None
        index = self._stream.index_entries
        found = index.search_timestamp(self._facts.origin_ticks + math.floor(seconds / time_base(self._stream)))
        return self._seconds(index[found].timestamp) if found >= 0 else None
