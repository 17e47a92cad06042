"""Thumbnails as files: how large they may be, and pictures of strangers made harmless."""

import io
import os
from pathlib import Path

from videoxl.memory.folder import TEMPORARY_SUFFIX, writable

SIDE_PIXELS = 320
MOST_PIXELS = 1024  # of a side, in a picture that came from elsewhere
MOST_BYTES = 1 << 18
QUALITY = 80


def keep_thumbnail(folder: Path, index: int, picture: bytes) -> None:
    """Write one thumbnail of an entry; whoever looks finds all of it or none.

    It is not waited for until the disk has it, as a memory's rows are: a power cut may cost a picture.
    """
    path = folder / f"{index}.jpg"
    temporary = path.with_suffix(TEMPORARY_SUFFIX)
    with writable(path, num_bytes=len(picture)):
        folder.mkdir(mode=0o700, exist_ok=True)
        temporary.write_bytes(picture)
        os.replace(temporary, path)


def drawn_anew(picture: bytes) -> bytes:
    """A JPEG with the same look and nothing else that came with it; ValueError where it is none, or too large."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(picture), formats=("JPEG",)) as image:
            if max(image.size) > MOST_PIXELS:
                raise ValueError(f"a thumbnail has {image.width}x{image.height} pixels, more than {MOST_PIXELS} a side")
            buffer = io.BytesIO()
            image.convert("RGB").save(buffer, "JPEG", quality=QUALITY)
            return buffer.getvalue()
    except (UnidentifiedImageError, OSError, SyntaxError) as fault:
        raise ValueError(f"a thumbnail is no whole JPEG ({fault})") from fault
