"""What runs in the decoding process: `python -m videoxl.video.isolated_child DESCRIPTOR`.

It loads its libraries, locks itself in, and only then looks at the first byte of the file. It is killed by its parent
in the end, or ends by itself when nobody reads from it any more.
"""

from __future__ import annotations

import dataclasses
import importlib
import os
import pkgutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
from PIL import Image

from videoxl.errors import VideoError, VideoFormatError
from videoxl.video.allow_list import VIDEO_DECODERS
from videoxl.video.batch import TimedFrame
from videoxl.video.decode import frames_at
from videoxl.video.info import VideoInfo
from videoxl.video.isolated_confinement import NO_THREADS, confine
from videoxl.video.isolated_limits import DecodeLimits
from videoxl.video.isolated_wire import END, FAILED, LOOKED, READY, read_job, send_frame, send_text
from videoxl.video.media_file import MAX_NUM_THREADS, MediaFile
from videoxl.video.orientation import Orientation
from videoxl.video.pictures import PictureSource
from videoxl.video.probe import StreamFacts, examine

JOBS, FRAMES = 0, 1  # standard input and output
MAX_SENTENCE = 2000
NEVER_LOADED = ("av.__main__", "av.datasets")  # a program, and a downloader
NEVER = threading.Event()


def main() -> None:
    """One job: look at a file, or read frames of it."""
    descriptor = int(sys.argv[1])
    _load_libraries()
    job = read_job(JOBS)
    held = confine(DecodeLimits(**job["limits"]))
    try:
        send_text(FRAMES, READY, {"held": held})
        _work(descriptor, job, held)
    except BrokenPipeError:  # the parent has heard enough
        os._exit(0)
    except MemoryError:
        _tell("memory", "")
    except VideoError as error:
        _tell("format" if isinstance(error, VideoFormatError) else "decode", str(error))
    except BaseException as error:  # whatever a file makes of our libraries is one sentence in the parent
        _tell("unexpected", type(error).__name__)
    os._exit(0)  # no tidying up that a damaged process could stumble over


def _load_libraries() -> None:
    """Import what PyAV and Pillow import when they first need it: no file can be opened later."""
    Image.init()
    for module in pkgutil.walk_packages(av.__path__, "av."):
        if module.name not in NEVER_LOADED:
            importlib.import_module(module.name)


def _work(descriptor: int, job: dict[str, Any], held: tuple[str, ...]) -> None:
    media = MediaFile(
        Path(job["name"]),
        descriptor=descriptor,
        descriptor_bytes=job["num_bytes"],
        demuxers=tuple(job["demuxers"]),
        decoders=VIDEO_DECODERS,
        max_pixels=job["limits"]["max_pixels"],
        max_num_streams=job["limits"]["max_num_streams"],
        max_num_threads=1 if NO_THREADS in held else MAX_NUM_THREADS,
    )
    asked = job["asked"]
    if asked is None:
        info, facts = _look(media, is_picture=job["is_picture"])
        send_text(FRAMES, LOOKED, {"info": _plain(info), "facts": facts})
        return
    for timed in _read(media, job):
        send_frame(FRAMES, timed.picture_HWC, seconds=timed.seconds, is_damaged=timed.is_damaged)
    send_text(FRAMES, END, {})


def _look(media: MediaFile, *, is_picture: bool) -> tuple[VideoInfo, dict[str, Any] | None]:
    if is_picture:
        return PictureSource(media).info, None
    info, facts = examine(media)
    return info, dataclasses.asdict(facts)


def _read(media: MediaFile, job: dict[str, Any]) -> Iterator[TimedFrame]:
    if job["is_picture"]:
        return PictureSource(media).frames_at(job["asked"], max_side=job["max_side"], stopped=NEVER)
    facts = StreamFacts(**job["facts"] | {"orientation": Orientation(**job["facts"]["orientation"])})
    return frames_at(media, facts, job["asked"], max_side=job["max_side"], stopped=NEVER)


def _plain(info: VideoInfo) -> dict[str, Any]:
    return dataclasses.asdict(info) | {"path": info.path.name}


def _tell(kind: str, sentence: str) -> None:
    send_text(FRAMES, FAILED, {"kind": kind, "sentence": sentence[:MAX_SENTENCE]})


if __name__ == "__main__":
    main()
