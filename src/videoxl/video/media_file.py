"""A file with media in it: what people call it, how it is read, and what may be in it.

A file is read by its name or by a descriptor that is open already. The second kind needs no name, so whoever decodes
it can live where no file can be opened, and nobody can put another file in its place.
"""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from videoxl.video.allow_list import AUDIO_DEMUXERS, MAX_PIXELS, VIDEO_DEMUXERS

BUFFER_BYTES = 64 * 1024
MAX_NUM_THREADS = 4  # each thread of a decoder holds its own frames, and 1080p frames are 3 MB


@dataclass(frozen=True, slots=True)
class MediaFile:
    """One file, and the formats, decoders and sizes that are let through.

    `descriptor` is an open file of `descriptor_bytes`, read instead of what `path` names; it stays open, and its place
    where it is. `decoders` are FFmpeg's names,
    None lets all of them through. `max_num_streams` None is FFmpeg's own bound, a thousand.
    """

    path: Path
    descriptor: int | None = None
    descriptor_bytes: int = 0
    demuxers: tuple[str, ...] = VIDEO_DEMUXERS + AUDIO_DEMUXERS
    decoders: tuple[str, ...] | None = None
    max_pixels: int = MAX_PIXELS
    max_num_streams: int | None = None
    max_num_threads: int = MAX_NUM_THREADS

    def __str__(self) -> str:
        return str(self.path)

    def open(self) -> BinaryIO:
        """The bytes, from the first on; every opening has a place of its own."""
        if self.descriptor is None:
            return self.path.open("rb")
        return cast(BinaryIO, io.BufferedReader(DescriptorFile(self.descriptor, self.descriptor_bytes), BUFFER_BYTES))

    def num_bytes(self) -> int:
        """The size of the file."""
        if self.descriptor is None:
            return self.path.stat().st_size
        return self.descriptor_bytes


class DescriptorFile(io.RawIOBase):
    """Reads an open file from a place of its own, by `pread`; closing it leaves the descriptor open."""

    def __init__(self, descriptor: int, num_bytes: int) -> None:
        self._descriptor, self._num_bytes = descriptor, num_bytes
        self._position = 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: object) -> int:
        """See `io.RawIOBase.readinto`."""
        num_read = os.preadv(self._descriptor, [cast(bytearray, buffer)], self._position)
        self._position += num_read
        return num_read

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """See `io.IOBase.seek`."""
        if whence == os.SEEK_CUR:
            offset += self._position
        elif whence == os.SEEK_END:
            offset += self._num_bytes
        if offset < 0:
            raise ValueError(f"got the place {offset}: expected 0 or more bytes from the beginning.")
        self._position = offset
        return offset

    def tell(self) -> int:
        """See `io.IOBase.tell`."""
        return self._position
