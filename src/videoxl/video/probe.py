"""Looking at a video file: its first frame, its real end, and the facts a reader needs.

The end is found by seeking to the tail and reading packet times there; where a file cannot be sought, by reading the
times of all its packets. Headers may lie about it or say nothing.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.reformatter import ColorTrc
from av.video.stream import VideoStream

from videoxl.errors import VideoFormatError
from videoxl.video.container import (
    NEVER_SOUGHT,
    check_pixels,
    decode,
    demux,
    fail_to_decode,
    open_container,
    video_stream,
)
from videoxl.video.info import VideoInfo
from videoxl.video.media_file import MediaFile
from videoxl.video.orientation import UPRIGHT, Orientation, orientation_of

MAX_PIXEL_ASPECT = 8  # pixels wider or narrower than this are a broken header
MAX_NUM_PACKETS = 2_000  # a stream that shows nothing in this many packets shows nothing
FAR_SECONDS = 1_000_000  # past the end of any video
MAX_ROUNDING_SECONDS = 0.0005  # Matroska and FLV count milliseconds
FLOAT_SLACK_SECONDS = 1e-6
HDR_TRANSFERS = (ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67)
MICROSECONDS = 1_000_000  # the unit of container.duration


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """What a reader must know of the stream it decodes.

    `origin_ticks` is the stamp of the first frame. AVI has no presentation times, only an order: it `uses_dts`, and its
    frames bear the stamp of a packet that comes `delay_ticks` later.
    `stored_width` is already widened to square pixels. `tolerance_seconds` is how much later than asked a frame may
    begin, because containers round times to their tick.
    """

    origin_ticks: int
    uses_dts: bool
    delay_ticks: int
    stored_width: int
    stored_height: int
    orientation: Orientation
    is_interlaced: bool
    is_hdr: bool
    stream_index: int
    tolerance_seconds: float

    @property
    def is_plain(self) -> bool:
        """Whether a frame can be shown as it is stored, but for its size."""
        return self.orientation == UPRIGHT and not self.is_interlaced and not self.is_hdr


def probe(path: str | Path) -> VideoInfo:
    """Open a video file, decode its first frame, find its end, and close it again."""
    return examine(MediaFile(Path(path)))[0]


def examine(media: MediaFile) -> tuple[VideoInfo, StreamFacts]:
    """`probe`, and the facts that a reader of the same file needs."""
    with open_container(media) as container:
        stream = video_stream(container, media)
        uses_dts = container.format.name == "avi"
        frame, origin, start = _first_frame(container, stream, media, uses_dts)
        claimed = _claimed_seconds(container, stream)
        end = _end_ticks(container, stream, media, uses_dts)
        duration = float((end - start) * time_base(stream)) if end is not None else claimed or 0.0
        if duration <= 0:
            raise VideoFormatError(
                f"{media} lasts zero seconds: expected moving pictures. Give a still as a picture file."
            )
        facts = _facts(frame, stream, origin, origin - start if uses_dts else None)
        info = _info(media, container, stream, facts, duration, claimed)
    return info, facts


def time_base(stream: VideoStream) -> Fraction:
    """Seconds in one tick of the stream's clock."""
    assert stream.time_base is not None
    return stream.time_base


def stamp(packet: Packet[VideoStream], uses_dts: bool) -> int | None:
    """When a packet's frame is due, or None for a packet that shows nothing."""
    if not packet.size or packet.is_discard:
        return None
    return packet.dts if uses_dts else packet.pts


def _first_frame(
    container: InputContainer, stream: VideoStream, media: MediaFile, uses_dts: bool
) -> tuple[VideoFrame, int, int]:
    """The first frame that decodes, the stamp that counts as zero, and the stamp where the packets begin.

    Zero is that frame, unless packets before it were broken: then it is the earliest of those, so that damage at the
    start of a file does not shift the rest of it.
    """
    stamps: list[int] = []
    num_errors = num_packets = 0
    for packet in demux(container, stream):
        due = stamp(packet, uses_dts)
        stamps += [] if due is None else [due]
        frames, errors = decode(stream, packet)
        num_errors += errors
        num_packets += 1
        if frames:
            check_pixels(frames[0].width, frames[0].height, media)
            shown = frames[0].dts if uses_dts else frames[0].pts
            shown = stamps[0] if shown is None else shown
            origin = min([shown, *stamps]) if num_errors and not uses_dts else shown
            return frames[0], origin, min(stamps) if uses_dts else origin
        if num_packets >= MAX_NUM_PACKETS:
            break
    if not stamps:
        raise VideoFormatError(f"{media} lasts zero seconds, its video stream holds no frame: export it again.")
    if not stream.codec_context.width:
        raise VideoFormatError(
            f"{media} has no frame of a known size of up to {media.max_pixels:,} pixels: scale it down, or, where it "
            "is not larger, copy it again, for it is damaged."
        )
    fail_to_decode(media, f"none of its first {num_packets} packets could be decoded as {stream.codec_context.name}.")


def _end_ticks(container: InputContainer, stream: VideoStream, media: MediaFile, uses_dts: bool) -> int | None:
    """Where the last packet ends, and no earlier than what an mp4 lists: listed and absent is lost, not shorter."""
    end = None
    if container.format.name not in NEVER_SOUGHT:
        with suppress(FFmpegError):
            container.seek(int(FAR_SECONDS / time_base(stream)), stream=stream)
            end = _last_end(container, stream, uses_dts)
    if end is None:
        with open_container(media) as again:
            end = _last_end(again, video_stream(again, media), uses_dts)
    is_listed = container.format.name.startswith("mov") and stream.frames and stream.duration
    listed = (stream.start_time or 0) + (stream.duration or 0) if is_listed else None
    return max((ticks for ticks in (end, listed) if ticks is not None), default=None)


def _last_end(container: InputContainer, stream: VideoStream, uses_dts: bool) -> int | None:
    last = end = None
    for packet in demux(container, stream):
        due = stamp(packet, uses_dts)
        if due is None or packet.is_corrupt or (last is not None and due <= last):
            continue
        end = due + (packet.duration or (due - last if last is not None else 0))
        last = due
    return end


def _claimed_seconds(container: InputContainer, stream: VideoStream) -> float | None:
    if stream.duration:
        return float(stream.duration * time_base(stream))
    return container.duration / MICROSECONDS if container.duration else None


def _facts(frame: VideoFrame, stream: VideoStream, origin: int, dts_delay: int | None) -> StreamFacts:
    aspect = stream.sample_aspect_ratio or Fraction(1)
    if not Fraction(1, MAX_PIXEL_ASPECT) <= aspect <= MAX_PIXEL_ASPECT:
        aspect = Fraction(1)
    return StreamFacts(
        origin_ticks=origin,
        uses_dts=dts_delay is not None,
        delay_ticks=dts_delay or 0,
        stored_width=max(1, round(frame.width * aspect)),
        stored_height=frame.height,
        orientation=_orientation(frame),
        is_interlaced=frame.interlaced_frame,
        is_hdr=frame.color_trc in HDR_TRANSFERS,
        stream_index=stream.index,
        tolerance_seconds=min(float(time_base(stream)) / 2, MAX_ROUNDING_SECONDS) + FLOAT_SLACK_SECONDS,
    )


def _orientation(frame: VideoFrame) -> Orientation:
    matrix = frame.side_data.get("DISPLAYMATRIX")
    return orientation_of(bytes(matrix)) if matrix is not None else UPRIGHT  # type: ignore[call-overload]


def _info(
    media: MediaFile,
    container: InputContainer,
    stream: VideoStream,
    facts: StreamFacts,
    duration: float,
    claimed: float | None,
) -> VideoInfo:
    width, height = facts.orientation.size(facts.stored_width, facts.stored_height)
    return VideoInfo(
        path=media.path,
        duration_seconds=duration,
        width=width,
        height=height,
        rotation=facts.orientation.clockwise_degrees,
        codec=stream.codec_context.name,
        fps=float(stream.average_rate) if stream.average_rate else None,
        claimed_num_frames=stream.frames or None,
        claimed_duration_seconds=claimed,
        size_bytes=media.num_bytes(),
        has_audio=bool(container.streams.audio),
    )
