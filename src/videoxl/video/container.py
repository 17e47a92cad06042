"""Opening a media file that may be hostile or broken: allowed formats only, and nothing but that one file.

FFmpeg gets an open file object, a list of the demuxers it may use, and a refusal for every further file it asks for.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from videoxl.errors import VideoDecodeError, VideoFormatError, VideoNotFoundError
from videoxl.video.content_type import HEAD_BYTES, PLAYLIST_SIGNS, why_refused
from videoxl.video.media_file import MediaFile

# Program streams stamp few packets; after a seek FFmpeg guesses the rest, up to three frames wrong.
NEVER_SOUGHT = ("mpeg",)
BUFFER_BYTES = 256 * 1024
MAX_NUM_DEMUX_ERRORS = 100  # a demuxer that fails this often in one file has lost its way
MAX_NUM_DRAIN_ERRORS = 64  # frames that a decoder can hold back, generously


@contextmanager
def open_container(media: MediaFile) -> Iterator[InputContainer]:
    """An open container of an allowed format; the file is closed with it."""
    if media.descriptor is None:
        check_file(media.path)
    with media.open() as file:
        try:
            container = av.open(
                file,
                mode="r",
                options=_options(media),
                metadata_errors="replace",
                buffer_size=BUFFER_BYTES,
                io_open=_refuse_other_files,
            )
        except MemoryError:  # too little room says nothing of the file
            raise
        except (FFmpegError, PermissionError) as error:
            raise VideoFormatError(f"{media} {_why_not_a_video(media)}") from error
        with container:
            _check_streams(container, media)
            yield container


def check_file(path: Path) -> None:
    """Refuse what cannot be a video file, before FFmpeg sees it."""
    try:
        status = path.stat()
    except OSError as error:
        raise VideoNotFoundError(f"{path} does not exist or may not be read: check the path.") from error
    if stat.S_ISDIR(status.st_mode):
        raise VideoFormatError(f"{path} is a folder: expected a video file, or a folder with pictures in it.")
    if not stat.S_ISREG(status.st_mode):
        raise VideoFormatError(f"{path} is not a regular file: copy the video to a file first.")
    if status.st_size == 0:
        raise VideoFormatError(f"{path} is empty (0 bytes): expected a video. Copy or download it again.")


def video_stream(container: InputContainer, media: MediaFile) -> VideoStream:
    """The moving picture of a container: not its cover art, the default one first, then the largest."""
    streams = [stream for stream in container.streams.video if not _is_cover(stream)]
    if not streams:
        found = "only sound" if container.streams.audio else "no pictures"
        cover = " and a cover picture" if container.streams.video else ""
        raise VideoFormatError(f"{media} has no video stream, {found}{cover}: give a file with moving pictures.")
    stream = min(streams, key=_preference)
    context = stream.codec_context
    if context is None or (media.decoders is not None and context.codec.name not in media.decoders):
        name = "a codec that is not known" if context is None else f"the codec {context.codec.name}, which is not read"
        raise VideoFormatError(f"{media} holds video of {name} here: re-encode it, for example to H.264.")
    check_pixels(context.width, context.height, media)
    stream.thread_type = "AUTO"
    context.thread_count = media.max_num_threads
    context.options = {"max_pixels": str(media.max_pixels)}
    return stream


def check_pixels(width: int, height: int, media: MediaFile) -> None:
    """Refuse frames that are too large to be unpacked."""
    if width * height > media.max_pixels:
        raise VideoFormatError(
            f"{media} has frames of {width}x{height}, over {media.max_pixels:,} pixels: scale it down."
        )


def demux(container: InputContainer, stream: VideoStream) -> Iterator[Packet[VideoStream]]:
    """Packets of one stream to the end; damage between packets is stepped over.

    Ends with the empty packet that tells a decoder to give what it holds.
    """
    num_errors = 0
    while True:
        try:
            yield from container.demux(stream)
            return
        except MemoryError:
            raise
        except FFmpegError:
            num_errors += 1
            if num_errors > MAX_NUM_DEMUX_ERRORS:
                return


def decode(stream: VideoStream, packet: Packet[VideoStream]) -> tuple[list[VideoFrame], int]:
    """Frames that a packet brings out, and how many errors it met; the empty packet brings out all the rest."""
    is_last = not packet.size
    frames: list[VideoFrame] = []
    num_errors = 0
    for _ in range(MAX_NUM_DRAIN_ERRORS if is_last else 1):
        try:
            frames += stream.decode(None if is_last else packet)
            return frames, num_errors
        except EOFError:
            return frames, num_errors
        except MemoryError:
            raise
        except FFmpegError:
            num_errors += 1
    return frames, num_errors


def fail_to_decode(media: MediaFile, detail: str) -> NoReturn:
    """Raise the error for a file whose frames cannot be had."""
    raise VideoDecodeError(f"{media}: {detail} The file is damaged or encrypted; copy or download it again.")


def _options(media: MediaFile) -> dict[str, str]:
    options = {"format_whitelist": ",".join(media.demuxers), "protocol_whitelist": "file"}
    options["max_pixels"] = str(media.max_pixels)
    if media.decoders is not None:
        options["codec_whitelist"] = ",".join(media.decoders)
    return options


def _check_streams(container: InputContainer, media: MediaFile) -> None:
    num_streams = len(container.streams)
    if media.max_num_streams is not None and num_streams > media.max_num_streams:
        raise VideoFormatError(
            f"{media} holds {num_streams:,} streams, over {media.max_num_streams:,}: keep one video stream of it."
        )


def _is_cover(stream: VideoStream) -> bool:
    return bool(stream.disposition & (Disposition.attached_pic | Disposition.timed_thumbnails))


def _preference(stream: VideoStream) -> tuple[bool, int, int]:
    context = stream.codec_context
    area = context.width * context.height if context is not None else 0
    return (not stream.disposition & Disposition.default, -area, stream.index)


def _refuse_other_files(url: str, flags: int, options: object) -> NoReturn:
    raise PermissionError(f"a media file asked for another file: {url}")


def _why_not_a_video(media: MediaFile) -> str:
    with media.open() as file:
        head = file.read(HEAD_BYTES)
    if any(sign in head for sign in PLAYLIST_SIGNS):
        return why_refused(head)
    if head[4:8] == b"ftyp":
        return "is an mp4 without its index (moov): it was cut off while being written or copied. Copy it again."
    return "is not a video that can be read here: expected mp4, mkv, webm, avi, mov, ts or a like format."
