"""Opening a media file that may be hostile or broken: allowed formats only, and nothing but that one file.

FFmpeg gets an open file object, a list of the demuxers it may use, and a refusal for every further file it asks for.
Playlist and script formats (HLS, DASH, concat and the like) are not on the list: they make FFmpeg open other files.
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

VIDEO_DEMUXERS = (
    *("mov", "mp4", "matroska", "webm", "avi", "mpegts", "mpeg", "flv", "asf", "ogg"),
    *("gif", "ivf", "mxf", "nut", "dv", "wtv", "rm"),
)
# Without a picture, but opened so that the answer can be "this is sound only".
AUDIO_DEMUXERS = ("mp3", "wav", "flac", "aac", "aiff", "ac3", "amr")
# Program streams stamp few packets; after a seek FFmpeg guesses the rest, up to three frames wrong.
NEVER_SOUGHT = ("mpeg",)
BUFFER_BYTES = 256 * 1024
MAX_NUM_DEMUX_ERRORS = 100  # a demuxer that fails this often in one file has lost its way
MAX_NUM_DRAIN_ERRORS = 64  # frames that a decoder can hold back, generously
MAX_NUM_DECODE_THREADS = 4  # each thread holds its own frames, and 1080p frames are 3 MB
MAX_PIXELS = 100_000_000  # a larger frame is a decompression bomb
PLAYLIST_SIGNS = {b"#EXTM3U": "HLS", b"<MPD": "DASH", b"ffconcat": "concat"}


@contextmanager
def open_container(path: Path) -> Iterator[InputContainer]:
    """An open container of an allowed format; the file is closed with it."""
    check_file(path)
    with path.open("rb") as file:
        try:
            container = av.open(
                file,
                mode="r",
                options={"format_whitelist": ",".join(VIDEO_DEMUXERS + AUDIO_DEMUXERS), "protocol_whitelist": "file"},
                metadata_errors="replace",
                buffer_size=BUFFER_BYTES,
                io_open=_refuse_other_files,
            )
        except (FFmpegError, PermissionError) as error:
            raise VideoFormatError(f"{path} {_why_not_a_video(path)}") from error
        with container:
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


def video_stream(container: InputContainer, path: Path) -> VideoStream:
    """The moving picture of a container: not its cover art, the default one first, then the largest."""
    streams = [stream for stream in container.streams.video if not _is_cover(stream)]
    if not streams:
        found = "only sound" if container.streams.audio else "no pictures"
        cover = " and a cover picture" if container.streams.video else ""
        raise VideoFormatError(f"{path} has no video stream, {found}{cover}: give a file with moving pictures.")
    stream = min(streams, key=_preference)
    if stream.codec_context is None:
        raise VideoFormatError(
            f"{path} holds video of a codec that is not known here: re-encode it, for example to H.264."
        )
    stream.thread_type = "AUTO"
    stream.codec_context.thread_count = MAX_NUM_DECODE_THREADS
    stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
    return stream


def demux(container: InputContainer, stream: VideoStream) -> Iterator[Packet[VideoStream]]:
    """Packets of one stream to the end; damage between packets is stepped over.

    Ends with the empty packet that tells a decoder to give what it holds.
    """
    num_errors = 0
    while True:
        try:
            yield from container.demux(stream)
            return
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
        except FFmpegError:
            num_errors += 1
    return frames, num_errors


def fail_to_decode(path: Path, detail: str) -> NoReturn:
    """Raise the error for a file whose frames cannot be had."""
    raise VideoDecodeError(f"{path}: {detail} The file is damaged or encrypted; copy or download it again.")


def _is_cover(stream: VideoStream) -> bool:
    return bool(stream.disposition & (Disposition.attached_pic | Disposition.timed_thumbnails))


def _preference(stream: VideoStream) -> tuple[bool, int, int]:
    context = stream.codec_context
    area = context.width * context.height if context is not None else 0
    return (not stream.disposition & Disposition.default, -area, stream.index)


def _refuse_other_files(url: str, flags: int, options: object) -> NoReturn:
    raise PermissionError(f"a media file asked for another file: {url}")


def _why_not_a_video(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(4096)
    for sign, kind in PLAYLIST_SIGNS.items():
        if sign in head:
            return f"is a playlist ({kind}) that points at other files: give the video file itself."
    if head[4:8] == b"ftyp":
        return "is an mp4 without its index (moov): it was cut off while being written or copied. Copy it again."
    return "is not a video that can be read here: expected mp4, mkv, webm, avi, mov, ts or a like format."
